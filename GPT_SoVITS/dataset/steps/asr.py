"""``asr``: recordings to a list of what is said in them."""

from __future__ import annotations

import logging
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from GPT_SoVITS.dataset.files import make_folder, recordings, signature, write_bytes
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.labels.lists import ALIASES, Line, list_text, read_list
from GPT_SoVITS.dataset.problems import Problem, ProblemError, StepError
from GPT_SoVITS.dataset.recognition.models import FALL_BACK, MODELS, find_model
from GPT_SoVITS.dataset.recognition.recogniser import RATE as HEARD_RATE
from GPT_SoVITS.dataset.recognition.recogniser import Heard, Model, Recogniser, RecogniserError, Wanted
from GPT_SoVITS.dataset.recordings import RATE, read_recording
from GPT_SoVITS.dataset.work import Artefact, Item, Outcome, Stage, Work

logger = logging.getLogger(__name__)
_LIST = ""
"""Name of the list itself in the journal."""
_DIVIDING = re.compile(r"[|\s]+")
"""What would divide the list, and runs of blanks."""


@dataclass(frozen=True)
class _Recognising:
    """Hears one recording after the other."""

    recogniser: Recogniser
    chosen: list[str]
    journal: Journal

    def __call__(self, item: Item) -> Outcome:
        path, known = Path(item.path), item.content
        if any(character in item.path for character in "|\r\n"):
            raise ProblemError("name_divides")
        key = [signature(path), self.chosen]
        if isinstance(known, Entry) and known.key == key:
            return "skipped"
        heard = self._heard(read_recording(path))
        text, language = _DIVIDING.sub(" ", heard.text).strip(), ALIASES.get(heard.language.lower())
        if not text:
            raise ProblemError("nothing_heard")
        if language is None:
            raise ProblemError("language_heard", language=heard.language)
        self.journal.add(str(path), key, [], True, [language, text])
        return "done"

    def _heard(self, samples: np.ndarray[Any, np.dtype[np.float32]]) -> Heard:
        wave = soxr.resample(samples, RATE, HEARD_RATE, quality="HQ")
        try:
            return self.recogniser(np.asarray(wave, np.float32))
        except RecogniserError as error:
            raise ProblemError("unexpected", reason=str(error)) from error


def _open(model: Model, wanted: Wanted, chosen: list[str], journal: Journal, number: int) -> _Recognising:
    return _Recognising(_recogniser(model, wanted), chosen, journal)


def _recogniser(model: Model, wanted: Wanted) -> Recogniser:
    try:
        return model.open(wanted)
    except RecogniserError as error:
        raise StepError("model_missing", reason=str(error)) from error


@dataclass(frozen=True)
class _List:
    """The list of a folder.

    Attributes:
        path: Where it goes.
        recordings: In order.
        journal: Has what was heard, and what of it the list was given.
        chosen: With what it was heard.
    """

    path: Path
    recordings: Sequence[Path]
    journal: Journal
    chosen: list[str]

    def write(self) -> None:
        """Write what was heard. What somebody has corrected or deleted since stays so, unless it was heard anew."""
        known = self.journal.read()
        heard = {str(path): entry.result for path in self.recordings if (entry := self._valid(known, path)) is not None}
        given = known[_LIST].result if _LIST in known and self.path.is_file() else {}
        corrected = {line.path: line for line in read_list(self.path).lines} if given else {}
        lines = []
        for number, (path, result) in enumerate(heard.items(), 1):
            if given.get(path) != result:
                lines.append(Line(number, path, self.path.stem, *result))
            elif path in corrected:
                lines.append(corrected[path])
        write_bytes(self.path, list_text(lines).encode())
        self.journal.add(_LIST, None, [self.path.name], True, heard)

    def _valid(self, known: dict[str, Entry], path: Path) -> Entry | None:
        entry = known.get(str(path))
        return entry if entry is not None and entry.key == [signature(path), self.chosen] else None


class _AsrStep:
    name = "asr"
    summary = "write a list of what is said in recordings"

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the options of the official page."""
        names = ", ".join(f"{model.key} ({model.name})" for model in MODELS)
        parser.add_argument("--inp", type=Path, required=True, help="a recording, or a folder of recordings")
        parser.add_argument("--out", type=Path, required=True, help="folder for the list, <name of the folder>.list")
        parser.add_argument("--model", default=MODELS[0].key, help=names)
        parser.add_argument("--size", help="default: the model's first")
        parser.add_argument("--language", help="default: the model's first")
        parser.add_argument("--precision", help="default: float32")
        parser.add_argument("--model-dir", type=Path, help="folder of the model; default: where it is installed")

    def prepare(self, given: Namespace) -> Work:
        """Find the model and the recordings."""
        model = find_model(given.model)
        if model is None:
            known = ", ".join(each.key for each in MODELS)
            raise StepError("bad_option", option="--model", reason=f"is {given.model[:40]!r}, expected one of {known}")
        wanted = _wanted(model, given)
        found = recordings(given.inp)
        make_folder(given.out)
        model, warnings = _installed(model, wanted, str(given.inp))
        chosen = [model.key, wanted.size, wanted.language, wanted.precision]
        journal = Journal(given.out, self.name)
        folder = given.inp.resolve() if given.inp.is_dir() else given.inp.resolve().parent
        target = _List(given.out / f"{folder.name}.list", found, journal, chosen)
        known_entries = journal.read()
        items = [Item(str(path), known_entries.get(str(path))) for path in found]
        stage = Stage(items, partial(_open, model, wanted, chosen, journal), target.write)
        return Work(len(items), [stage], [Artefact("list", target.path)], [given.out], warnings=warnings)


def _wanted(model: Model, given: Namespace) -> Wanted:
    chosen = {}
    for option, choices in (("size", model.sizes), ("language", model.languages), ("precision", model.precisions)):
        value = getattr(given, option) or choices[0]
        if value not in choices:
            reason = f"is {value[:40]!r}; {model.name} has {', '.join(choices)}"
            raise StepError("bad_option", option=f"--{option}", reason=reason)
        chosen[option] = value
    return Wanted(**chosen, folder=given.model_dir)


def _installed(model: Model, wanted: Wanted, path: str) -> tuple[Model, list[Problem]]:
    """Return the model, or what serves in its place, and what has to be said about it."""
    rough = [Problem(path, "asr_rough", {"model": FALL_BACK.name})]
    try:
        model.require(wanted)
        return model, rough if model.is_rough else []
    except RecogniserError as error:
        if model.is_rough or wanted.language not in FALL_BACK.languages:
            raise StepError("model_missing", reason=str(error)) from error
        reason = str(error)
    try:
        FALL_BACK.require(wanted)
    except RecogniserError:
        raise StepError("model_missing", reason=reason) from None
    logger.warning("%s serves in place of %s: %s", FALL_BACK.name, model.name, reason)
    return FALL_BACK, rough


STEPS = [_AsrStep()]

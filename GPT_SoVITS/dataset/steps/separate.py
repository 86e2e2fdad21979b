"""``separate``: songs to voices and what accompanies them, as the official ``uvr5`` page does."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert import CheckpointError
from GPT_SoVITS.dataset.files import make_folder, recordings, signature
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.problems import StepError
from GPT_SoVITS.dataset.stereo import FORMATS, read_stereo, write_stereo
from GPT_SoVITS.dataset.work import Artefact, Item, Outcome, Stage, Work
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.separation.errors import SeparationError
from GPT_SoVITS.separation.models import AGGRESSIVENESS, FOLDERS, Model, Separator, find, open_model
from GPT_SoVITS.separation.parts import Parts

REFORMATTED = ".reformatted.wav"
"""What the official tool adds to the name of a recording that is not stereo at 44.1 kHz."""


@dataclass(frozen=True)
class Places:
    """Where the parts of a recording go, and under which names.

    Attributes:
        model: The model.
        aggressiveness: Part of the names.
        form: The suffix.
        voices: Folder.
        others: Folder.
    """

    model: Model
    aggressiveness: int
    form: str
    voices: Path
    others: Path

    def files(self, name: str) -> tuple[Path, Path]:
        """Return the files for the voice and for everything else."""
        if self.model.kind == "mdx":
            return self.voices / f"{name}_main_vocal.{self.form}", self.others / f"{name}_others.{self.form}"
        end = f"{name}_{self.aggressiveness}.{self.form}"
        return self.voices / f"vocal_{end}", self.others / f"instrument_{end}"


@dataclass(frozen=True)
class _Separating:
    """Separates one recording after the other."""

    separator: Separator
    places: Places
    journal: Journal

    def __call__(self, item: Item) -> Outcome:
        path, known = Path(item.path), item.content
        key = [signature(path), self.places.model.name, self.places.aggressiveness, self.places.form]
        if isinstance(known, Entry) and known.done and known.key == key and _are_there(known):
            return "skipped"
        wave, as_it_is = read_stereo(path)
        targets = self.places.files(path.name if as_it_is else path.name + REFORMATTED)
        for target, part in zip(targets, self._parts(wave), strict=True):
            write_stereo(target, part, self.places.form)
        self.journal.add(path.name, key, [str(target) for target in targets], done=True)
        return "done"

    def _parts(self, wave: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        parts: Parts = self.separator(wave)
        return (parts.kept, parts.rest) if self.places.model.keeps_the_voice else (parts.rest, parts.kept)


def _are_there(entry: Entry) -> bool:
    return all(Path(output).is_file() for output in entry.outputs)


def _open(places: Places, journal: Journal, number: int) -> _Separating:
    return _Separating(_opened(places.model, places.aggressiveness), places, journal)


def _opened(model: Model, aggressiveness: int) -> Separator:
    try:
        return open_model(model, aggressiveness)
    except (SeparationError, CheckpointError, WeightsError) as error:
        raise StepError("model_unusable", reason=f"{model.name} cannot be used: {error}") from error


class _SeparateStep:
    name = "separate"
    summary = "divide songs into voice and accompaniment, or take echo and reverberation away (uvr5)"

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the options of the official page."""
        parser.add_argument("--inp", type=Path, required=True, help="a recording, or a folder of recordings")
        parser.add_argument("--model", required=True, help="name of an installed model, for example HP2_all_vocals")
        parser.add_argument("--vocals", type=Path, required=True, help="folder for the voices")
        parser.add_argument("--others", type=Path, required=True, help="folder for everything else")
        parser.add_argument("--agg", type=int, default=10, help="0 to 20: how much of the rest is suppressed")
        parser.add_argument("--format", choices=FORMATS, default="flac")
        parser.add_argument("--models", type=Path, action="append", help="folder of models; may be given again")

    def prepare(self, given: Namespace) -> Work:
        """Find the model and the recordings."""
        low, high = AGGRESSIVENESS
        if not low <= given.agg <= high:
            raise StepError("bad_option", option="--agg", reason=f"is {given.agg}, expected {low} to {high}")
        try:
            model = find(given.model, given.models or FOLDERS)
        except SeparationError as error:
            raise StepError("model_missing", reason=str(error)) from error
        found = recordings(given.inp)
        for option, folder in (("--vocals", given.vocals), ("--others", given.others)):
            if folder.resolve() == given.inp.resolve():
                raise StepError("bad_option", option=option, reason="is the folder of the recordings; choose another")
            make_folder(folder)
        places = Places(model, given.agg, given.format, given.vocals, given.others)
        journal = Journal(given.vocals, self.name)
        known = journal.read()
        items = [Item(str(path), known.get(path.name)) for path in found]
        folders = (given.vocals, given.others)
        artefacts = [Artefact("folder", folder) for folder in folders]
        return Work(len(items), [Stage(items, partial(_open, places, journal))], artefacts, folders)


STEPS = [_SeparateStep()]

"""``slice``: recordings to clips, divided at silences."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from GPT_SoVITS.dataset.files import make_folder, recordings, refuse_same_folder, signature, write_wav
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.problems import ProblemError, StepError
from GPT_SoVITS.dataset.recordings import read_recording
from GPT_SoVITS.dataset.slicing import RATE, SliceOptions, Slicer, mixed
from GPT_SoVITS.dataset.work import Artefact, Item, Outcome, Stage, Work

MOST_PROCESSES = 64
_OPTIONS = SliceOptions()


@dataclass(frozen=True)
class _Slicing:
    """Slices one recording after the other."""

    slicer: Slicer
    journal: Journal
    options: dict[str, Any]

    def __call__(self, item: Item) -> Outcome:
        path, known = Path(item.path), item.content
        key = [signature(path), self.options]
        if isinstance(known, Entry) and known.done and known.key == key and self._are_there(known):
            return "skipped"
        clips = self.slicer(read_recording(path))
        if not clips:
            raise ProblemError("silent", threshold=self.options["threshold"])
        names = [f"{path.name}_{clip.start:010d}_{clip.end:010d}.wav" for clip in clips]
        self.journal.add(path.name, key, names, done=False)
        for name, clip in zip(names, clips, strict=True):
            write_wav(self.journal.folder / name, mixed(clip.samples, self.options["max"], self.options["alpha"]), RATE)
        self._remove_others(known, names)
        self.journal.add(path.name, key, names, done=True)
        return "done"

    def _are_there(self, entry: Entry) -> bool:
        return all((self.journal.folder / name).is_file() for name in entry.outputs)

    def _remove_others(self, known: Entry | None, names: list[str]) -> None:
        """Remove the clips that other options had made of the same recording: nothing is there twice."""
        for name in set(known.outputs if known else ()) - set(names):
            if Path(name).name == name:
                (self.journal.folder / name).unlink(missing_ok=True)


def _open(options: SliceOptions, journal: Journal, values: dict[str, Any], number: int) -> _Slicing:
    return _Slicing(Slicer(options), journal, values)


class _SliceStep:
    name = "slice"
    summary = "divide recordings into clips at silences"

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the official parameters."""
        parser.add_argument("--inp", type=Path, required=True, help="a recording, or a folder of recordings")
        parser.add_argument("--out", type=Path, required=True, help="folder for the clips, 32 kHz 16-bit mono")
        parser.add_argument("--threshold", type=int, default=_OPTIONS.threshold, help="dB; quieter is silence")
        parser.add_argument("--min-length", type=int, default=_OPTIONS.min_length, help="ms of a clip at least")
        parser.add_argument("--min-interval", type=int, default=_OPTIONS.min_interval, help="ms of a dividing silence")
        parser.add_argument("--hop-size", type=int, default=_OPTIONS.hop_size, help="ms, step of the loudness curve")
        parser.add_argument("--max-sil-kept", type=int, default=_OPTIONS.max_sil_kept, help="ms of silence kept")
        parser.add_argument("--max", type=float, default=0.9, help="peak that the normalised part is brought to")
        parser.add_argument("--alpha", type=float, default=0.25, help="how much of the result is normalised")
        parser.add_argument("--n-parts", type=int, default=4, help="processes")

    def prepare(self, given: Namespace) -> Work:
        """Look at the recordings and at what an earlier run made of them."""
        options = _checked(given)
        found = recordings(given.inp)
        refuse_same_folder(given.inp, given.out)
        make_folder(given.out)
        journal = Journal(given.out, self.name)
        known = journal.read()
        items = [Item(str(path), known.get(path.name)) for path in found]
        values = {**asdict(options), "max": given.max, "alpha": given.alpha}
        stage = Stage(items, partial(_open, options, journal, values), processes=given.n_parts)
        return Work(len(items), [stage], [Artefact("folder", given.out)], [given.out])


def _checked(given: Namespace) -> SliceOptions:
    if not 1 <= given.n_parts <= MOST_PROCESSES:
        raise StepError("bad_option", option="--n-parts", reason=f"is {given.n_parts}, expected 1 to {MOST_PROCESSES}")
    for name in ("max", "alpha"):
        if not 0 <= getattr(given, name) <= 1:
            raise StepError("bad_option", option=f"--{name}", reason=f"is {getattr(given, name)}, expected 0 to 1")
    try:
        names = ("threshold", "min_length", "min_interval", "hop_size", "max_sil_kept")
        return SliceOptions(**{name: getattr(given, name) for name in names})
    except ValueError as error:
        raise StepError("bad_option", option="--min-length", reason=str(error)) from error


STEPS = [_SliceStep()]

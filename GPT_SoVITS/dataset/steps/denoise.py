"""``denoise``: noise out of a folder of recordings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from GPT_SoVITS.dataset.denoising.denoiser import DEFAULT, DENOISERS, Denoiser, DenoiserError, open_denoiser
from GPT_SoVITS.dataset.files import make_folder, recordings, refuse_same_folder, signature, write_wav
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.problems import ProblemError, StepError
from GPT_SoVITS.dataset.recordings import RATE, read_recording
from GPT_SoVITS.dataset.work import Artefact, Item, Outcome, Stage, Work

MOST_PROCESSES = 64


@dataclass(frozen=True)
class _Denoising:
    """Denoises one recording after the other."""

    denoiser: Denoiser
    model: str
    journal: Journal

    def __call__(self, item: Item) -> Outcome:
        path, known = Path(item.path), item.content
        target, key = self.journal.folder / path.name, [signature(path), self.model]
        if target.is_file() and (known is None or (isinstance(known, Entry) and known.key == key)):
            return "skipped"
        write_wav(target, self._clean(read_recording(path)), RATE)
        self.journal.add(path.name, key, [path.name], done=True)
        return "done"

    def _clean(self, samples: NDArray[np.float32]) -> NDArray[np.int16]:
        try:
            there: Any = soxr.resample(samples, RATE, self.denoiser.rate, quality="HQ")
            back: Any = soxr.resample(self.denoiser(there), self.denoiser.rate, RATE, quality="HQ")
        except DenoiserError as error:
            raise ProblemError("unexpected", reason=str(error)) from error
        # Resampling may give a sample more or less; the recording keeps its length.
        clean = np.pad(back, (0, max(0, len(samples) - len(back))))[: len(samples)]
        return np.asarray((np.clip(clean, -1, 1) * 32767).astype(np.int16))


def _open(model: str, journal: Journal, number: int) -> _Denoising:
    try:
        return _Denoising(open_denoiser(model), model, journal)
    except DenoiserError as error:
        raise StepError("model_missing", reason=str(error)) from error


class _DenoiseStep:
    name = "denoise"
    summary = "take noise out of recordings"

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--inp", type=Path, required=True, help="a recording, or a folder of recordings")
        parser.add_argument("--out", type=Path, required=True, help="folder for files of the same names, 32 kHz WAV")
        parser.add_argument("--model", choices=list(DENOISERS), default=DEFAULT, help="frcrn is the official one")
        parser.add_argument("--n-parts", type=int, default=1, help="processes; each holds the model")

    def prepare(self, given: Namespace) -> Work:
        """Look at the recordings and at what an earlier run made of them."""
        if not 1 <= given.n_parts <= MOST_PROCESSES:
            reason = f"is {given.n_parts}, expected 1 to {MOST_PROCESSES}"
            raise StepError("bad_option", option="--n-parts", reason=reason)
        found = recordings(given.inp)
        refuse_same_folder(given.inp, given.out)
        make_folder(given.out)
        journal = Journal(given.out, self.name)
        known = journal.read()
        items = [Item(str(path), known.get(path.name)) for path in found]
        stage = Stage(items, partial(_open, given.model, journal), processes=given.n_parts)
        return Work(len(items), [stage], [Artefact("folder", given.out)], [given.out])


STEPS = [_DenoiseStep()]

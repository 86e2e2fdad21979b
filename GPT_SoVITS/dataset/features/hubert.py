"""Step 1b: recordings to content features and to the 32 kHz recordings of the training.

Agrees with the official ``2-get-hubert-wav32k.py``. Where a peak lies between 1.05 and 2.2 of full scale, samples are
limited; the official program lets them wrap around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.base import OFFICIAL_ENCODER
from GPT_SoVITS.dataset.features.networks import content_encoder, loaded, networks
from GPT_SoVITS.dataset.features.options import FeatureOptions, Labelled
from GPT_SoVITS.dataset.features.training_folder import Array, write_tensor
from GPT_SoVITS.dataset.files import signature, write_wav
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.labels.checking import doubts, seconds_of
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.dataset.recordings import RATE, read_recording
from GPT_SoVITS.dataset.work import Doubtful, Item, Outcome
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.resample import prompt_wave

NAME = "hubert"
LOUDEST = 2.2
"""Of full scale; a louder recording is broken."""
_PEAK, _ALPHA = 0.95, 0.5
_FULL_SCALE, _HEARD_SCALE = 32768, 1145.14
"""Of the recording that is written, and of the one that HuBERT hears."""
Samples = NDArray[np.float32]


def levelled(samples: Samples, scale: float) -> Samples:
    """Return half of a recording as it is and half with its peak at 0.95, times a scale."""
    return np.asarray(samples / np.abs(samples).max() * (_PEAK * _ALPHA * scale) + ((1 - _ALPHA) * scale) * samples)


def heard(samples: Samples) -> Samples:
    """Return what HuBERT hears of a recording of 32 kHz: 16 kHz, and louder than anything."""
    return prompt_wave(levelled(samples, _HEARD_SCALE), RATE)


def kept(samples: Samples) -> NDArray[np.int16]:
    """Return what the training hears of a recording, 16-bit at 32 kHz."""
    limits = np.iinfo(np.int16)
    return np.clip(levelled(samples, _FULL_SCALE), limits.min, limits.max).astype(np.int16)


class HubertFeatures:
    """Makes content features of one recording after the other.

    Args:
        options: Of the step.
        number: Of this process.
    """

    def __init__(self, options: FeatureOptions, number: int) -> None:
        self._options, self._folder = options, options.folder
        self._features, self._encoder = networks(options, number), content_encoder(options)
        self._journal = Journal(options.folder.root, NAME)

    def __call__(self, item: Item) -> Outcome | Doubtful:
        """Do one line; the item's content is a ``Labelled`` and its ``Entry``."""
        labelled, known = item.content
        name, key = labelled.line.name, self._key(labelled)
        if self._is_there(name) and self._is_of(known, key):
            return self._outcome("skipped", labelled, seconds_of(self._folder.wave(name)))
        samples = read_recording(labelled.recording)
        self._check(samples)
        features = self._content(samples)
        write_wav(self._folder.wave(name), kept(samples), RATE)
        write_tensor(self._folder.hubert(name), features)
        self._journal.add(name, key, [], True)
        return self._outcome("done", labelled, len(samples) / RATE)

    def _key(self, labelled: Labelled) -> list[Any]:
        """Return what features are made of; the official encoder has no name in journals of earlier versions."""
        named = [] if self._encoder == OFFICIAL_ENCODER else [self._encoder]
        return [signature(labelled.recording), self._options.is_half, *named]

    def _is_of(self, known: object, key: list[Any]) -> bool:
        """Whether features are what they should be; those of other tools, which keep no journal, are official ones."""
        if known is None:
            return self._encoder == OFFICIAL_ENCODER
        return isinstance(known, Entry) and known.key == key

    def _is_there(self, name: str) -> bool:
        return self._folder.hubert(name).is_file() and self._folder.wave(name).is_file()

    def _check(self, samples: Samples) -> None:
        peak = float(np.abs(samples).max(initial=0))
        if peak > LOUDEST:
            raise ProblemError("recording_loud", peak=round(peak, 2), most=LOUDEST)
        if peak == 0:
            raise ProblemError("recording_silent")

    def _content(self, samples: Samples) -> Array:
        """Return (1, hidden, frames)."""
        hubert = loaded(lambda: self._features.hubert(self._encoder))
        try:
            features = hubert(heard(samples)).transpose(0, 2, 1)
        except FeatureError as error:
            raise ProblemError("recording_short", reason=str(error)) from error
        if not np.isfinite(features).all():
            raise ProblemError("features_not_finite")
        return features.astype(np.float16 if self._options.is_half else np.float32)

    def _outcome(self, outcome: Outcome, labelled: Labelled, seconds: float) -> Outcome | Doubtful:
        found = doubts(labelled.line, seconds)
        return Doubtful(outcome, tuple(found)) if found else outcome

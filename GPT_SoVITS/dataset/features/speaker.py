"""The step between 1b and 1c of the Pro versions: recordings to speaker embeddings.

Agrees with the official ``2-get-sv.py``: it hears the 32 kHz recordings of the training.
"""

from __future__ import annotations

import numpy as np
import soundfile

from GPT_SoVITS.dataset.features.networks import loaded, networks
from GPT_SoVITS.dataset.features.options import FeatureOptions
from GPT_SoVITS.dataset.features.training_folder import write_tensor
from GPT_SoVITS.dataset.files import signature
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.dataset.recordings import RATE
from GPT_SoVITS.dataset.work import Item, Outcome
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.fbank import SAMPLE_RATE
from GPT_SoVITS.features.resample import resample

NAME = "speaker"


class SpeakerFeatures:
    """Makes embeddings of one recording after the other.

    Args:
        options: Of the step.
        number: Of this process.
    """

    def __init__(self, options: FeatureOptions, number: int) -> None:
        self._options, self._folder = options, options.folder
        self._features = networks(options, number)
        self._journal = Journal(options.folder.root, NAME)

    def __call__(self, item: Item) -> Outcome:
        """Do one line; the item's content is a ``Labelled`` and its ``Entry``."""
        labelled, known = item.content
        name = labelled.line.name
        wave, path = self._folder.wave(name), self._folder.speaker(name)
        if not wave.is_file():
            raise ProblemError("features_missing", what="32 kHz recording")
        key = [signature(wave), self._options.is_half]
        if path.is_file() and (known is None or (isinstance(known, Entry) and known.key == key)):
            return "skipped"
        try:
            samples, _ = soundfile.read(wave, dtype="float32")
            embedding = loaded(self._features.speaker_verifier)(resample(samples, RATE, SAMPLE_RATE))
        except soundfile.LibsndfileError as error:
            raise ProblemError("audio_unreadable", reason=error.error_string) from error
        except FeatureError as error:
            raise ProblemError("recording_short", reason=str(error)) from error
        if not np.isfinite(embedding).all():
            raise ProblemError("features_not_finite")
        write_tensor(path, embedding.astype(np.float16 if self._options.is_half else np.float32))
        self._journal.add(name, key, [], True)
        return "done"

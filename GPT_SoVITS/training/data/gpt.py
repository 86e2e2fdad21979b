"""Recordings of the text-to-semantic training (``Text2SemanticDataset`` of the official ``AR/data/dataset.py``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.training.data.folder import Array, DatasetError, Folder
from GPT_SoVITS.training.data.sampling import repeated
from GPT_SoVITS.training.gpt.batch import Example

TOKENS_PER_SECOND = 25
FEWEST_PHONEMES, MOST_PHONEMES = 3, 25
"""Phonemes per second; outside, text and recording do not belong together."""
TOKENS_PER_PHONEME = 2.5
"""The longest text is the longest recording's tokens over this."""


_WITHOUT_BERT = "trained on without their BERT features"


def _within(ids: Array, count: int) -> bool:
    """Whether all ids are of 0 to count - 1: another one has no row in a table."""
    return bool(((ids >= 0) & (ids < count)).all())


@dataclass(frozen=True)
class _Recording:
    name: str
    phonemes: Array
    tokens: Array


class GptRecordings:
    """What can be trained on, in the order of the file, repeated where there is little.

    Args:
        folder: Training folder.
        config: Of the decoder: the longest recording, and which tokens and features it takes.

    Raises:
        DatasetError: nothing can be trained on.
    """

    def __init__(self, folder: Folder, config: T2SConfig) -> None:
        self._folder, self._config = folder, config
        found = [r for r in self._paired(folder) if self._fits(r)]
        if not found:
            raise DatasetError(f"{folder.root} has no recording to train on: {folder.skipped.summary()}")
        self.recordings = found * repeated(len(found))

    @staticmethod
    def _paired(folder: Folder) -> list[_Recording]:
        found = []
        for name, tokens in folder.tokens():
            if name in folder.phonemes:
                found.append(_Recording(name, folder.phonemes[name], tokens))
            else:
                folder.skipped.add("semantic tokens without phonemes", name)
        return found

    def _fits(self, recording: _Recording) -> bool:
        tokens, phonemes = len(recording.tokens), len(recording.phonemes)
        most = self._config.max_sec * TOKENS_PER_SECOND
        pace = phonemes / (tokens / TOKENS_PER_SECOND)
        reasons = {
            "longer than the limit": tokens > most,
            "text longer than the limit": phonemes > most / TOKENS_PER_PHONEME,
            "semantic tokens that the weights do not know": not _within(recording.tokens, self._config.eos),
            "phonemes that the weights do not know": not _within(recording.phonemes, self._config.phoneme_vocab_size),
            "text and recording do not belong together": not FEWEST_PHONEMES <= pace <= MOST_PHONEMES,
        }
        for reason, applies in reasons.items():
            if applies:
                self._folder.skipped.add(reason, recording.name)
                return False
        return True

    @property
    def seconds(self) -> list[float]:
        """Length of each recording."""
        return [len(r.tokens) / TOKENS_PER_SECOND for r in self.recordings]

    def __len__(self) -> int:
        """Recordings of an epoch."""
        return len(self.recordings)

    def __getitem__(self, index: int) -> Example:
        """Read one recording; features that cannot be used are noted and left out, as where a language has none."""
        recording = self.recordings[index]
        bert: Array | None = None
        try:
            bert = self._folder.bert(recording.name)
            expected = (len(recording.phonemes), self._config.bert_dim)
            if bert is not None and bert.shape != expected:
                self._folder.skipped.add(f"{_WITHOUT_BERT}: of another size than the text", recording.name)
                bert = None
        except DatasetError as error:
            self._folder.skipped.add(f"{_WITHOUT_BERT}: they cannot be read", f"{recording.name}: {error}")
        return Example(recording.phonemes, np.asarray(recording.tokens), bert)

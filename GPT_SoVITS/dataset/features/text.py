"""Step 1a: texts to phonemes, and to phoneme features where they are Chinese.

Agrees with the official ``1-get-text.py``. A text that has changed since an earlier run is done again, where the
official program keeps the features of the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from GPT_SoVITS.dataset.features.networks import loaded, networks
from GPT_SoVITS.dataset.features.options import FeatureOptions, Labelled
from GPT_SoVITS.dataset.features.training_folder import in_parts, read_tensor, write_lines, write_tensor
from GPT_SoVITS.dataset.journal import Entry, Journal
from GPT_SoVITS.dataset.labels.lists import Line
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.dataset.work import Item, Outcome
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.userdict import installation_dictionary
from GPT_SoVITS.versions import version_of

NAME = "text"
WITH_FEATURES = "zh"
"""The language whose phonemes have features."""
_REPLACED = str.maketrans({"%": "-", "￥": ",", "\t": " "})
"""As officially; and tabs divide the fields of the file."""


def key_of(line: Line, options: FeatureOptions) -> list[Any]:
    """Return what a line's phonemes and features are made from."""
    return [line.text, line.language, options.version, options.is_half]


class TextFeatures:
    """Makes phonemes and features of one line after the other.

    Args:
        options: Of the step.
        number: Of this process.
    """

    def __init__(self, options: FeatureOptions, number: int) -> None:
        self._options, self._folder = options, options.folder
        self._features = networks(options, number)
        self._journal = Journal(options.folder.root, NAME)
        self._cleaner = Cleaner([installation_dictionary()])

    def __call__(self, item: Item) -> Outcome:
        """Do one line; the item's content is a ``Labelled`` and its ``Entry``."""
        labelled, known = item.content
        line: Line = labelled.line
        key = key_of(line, self._options)
        path = self._folder.bert(line.name)
        if isinstance(known, Entry) and known.key == key and (line.language != WITH_FEATURES or path.is_file()):
            return "skipped"
        spoken = self._spoken(line)
        if line.language == WITH_FEATURES and not (known is None and self._fits(line.name, len(spoken.phones))):
            self._write_features(line.name, spoken)
        self._journal.add(line.name, key, [], True, [spoken.phones, spoken.word2ph, spoken.norm_text])
        return "done"

    def _spoken(self, line: Line) -> Pronunciation:
        if line.language not in version_of(self._options.version).languages:
            values = {"number": line.number, "version": self._options.version, "language": line.language}
            raise ProblemError("language_version", **values)
        try:
            spoken = self._cleaner.clean(line.text.translate(_REPLACED), line.language, self._options.version)
        except TextError as error:
            raise ProblemError("text_unreadable", number=line.number, reason=str(error)) from error
        if not spoken.phones:
            raise ProblemError("text_unreadable", number=line.number, reason="nothing in it is spoken")
        return spoken

    def _fits(self, name: str, phonemes: int) -> bool:
        """Whether the official program has left features of this text."""
        path = self._folder.bert(name)
        try:
            return path.is_file() and read_tensor(path).shape[-1] == phonemes
        except ProblemError:
            return False

    def _write_features(self, name: str, spoken: Pronunciation) -> None:
        vectors = loaded(self._features.phone_features)(spoken.norm_text, spoken.word2ph or [])
        if not np.isfinite(vectors).all():
            raise ProblemError("features_not_finite")
        write_tensor(self._folder.bert(name), vectors.astype(np.float16 if self._options.is_half else np.float32))


def write_texts(labelled: Sequence[Labelled], options: FeatureOptions) -> None:
    """Write ``2-name2text.txt`` from what is known of every line, in the official order.

    Raises:
        OSError: it cannot be written.
    """
    known = Journal(options.folder.root, NAME).read()
    rows = []
    for line in (each.line for each in in_parts(labelled, options.parts)):
        entry = known.get(line.name)
        if entry is not None and entry.key == key_of(line, options):
            phones, word2ph, norm_text = entry.result
            rows.append(f"{line.name}\t{' '.join(phones)}\t{word2ph}\t{norm_text}")
    write_lines(options.folder.texts, rows)

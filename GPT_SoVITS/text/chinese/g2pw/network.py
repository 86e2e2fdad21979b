"""The network behind its front: text of a piece to pinyin per character."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from pypinyin import Style, pinyin

from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError
from GPT_SoVITS.text.chinese.g2pw.inputs import Vocabulary, make_inputs, windows
from GPT_SoVITS.text.chinese.g2pw.tables import Tables
from GPT_SoVITS.text.chinese.normalise.characters import simplify

_ONE_BY_ONE: Any = list  # for pypinyin: signs without a reading are listed one by one


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> Sequence[Any]:
        """Return the outputs; the first has a row of probabilities per asked character."""
        ...


class PolyphoneReader:
    """Reads characters in context, as the official ``G2PWOnnxConverter`` does. Threads may share it.

    Args:
        session: The network.
        tables: The lists beside it.
        vocabulary: Of the BERT model that the network was made from.
        traditional: Converts text to Taiwan's characters, on which the network was trained.
    """

    def __init__(
        self, session: Session, tables: Tables, vocabulary: Vocabulary, traditional: Callable[[str], str]
    ) -> None:
        self._session = session
        self._tables = tables
        self._vocabulary = vocabulary
        self._traditional = traditional

    def __call__(self, text: str) -> list[str]:
        """Return pinyin with tone number for each character of ``text``; marks stand for themselves.

        Raises:
            G2pwFolderError: the network does not take or give what it should.
        """
        converted = self._traditional(text)
        if len(converted) != len(text):  # no such word is known; the network reads simplified characters too
            converted = text
        readings = self._listed(converted)
        asked = [place for place, character in enumerate(converted) if character in self._tables.asked]
        for window in windows(asked, len(converted)):
            inputs = make_inputs(converted, window, self._vocabulary, self._tables)
            for place, label in zip(window.asked, self._ask(inputs), strict=True):
                readings[place] = self._tables.labels[label] or readings[place]
        return readings

    def _listed(self, text: str) -> list[str]:
        """Readings without the network: the single-reading list, else pypinyin on the simplified text."""
        found = pinyin(simplify(text), style=Style.TONE3, neutral_tone_with_five=True, errors=_ONE_BY_ONE)
        if len(found) != len(text):
            raise G2pwFolderError(f"pypinyin read {len(found)} characters of {len(text)} in {text[:40]!r}")
        return [self._tables.single.get(character, listed[0]) for character, listed in zip(text, found, strict=True)]

    def _ask(self, inputs: Mapping[str, Any]) -> list[int]:
        """The most probable label of each asked character."""
        try:
            rows = np.asarray(self._session.run(None, inputs)[0])
        except Exception as error:  # onnxruntime's errors have no common base
            raise G2pwFolderError(f"the g2pW network failed: {error}; fetch its folder again") from error
        expected = inputs["phoneme_mask"].shape
        if rows.shape != expected:
            raise G2pwFolderError(f"the g2pW network gave an array of {rows.shape}, expected {expected}")
        return [int(label) for label in rows.argmax(axis=1)]

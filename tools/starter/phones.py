"""Semantic codes: which class of sound is heard, and which piece of it; and the languages that have such classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

THIRDS = 3
CODES = 120
"""Codes of English and of what begins like it: three of each class, of which there are not more than 40."""
CODE_SECONDS = 0.04
LANGUAGES = {"en": "english", "ja": "japanese", "zh": "chinese"}


class Language(Protocol):
    """What the module of a language has."""

    CLASSES: list[str]
    CODES: int
    """Codes of its networks."""
    PIECES: int
    """Codes of a class."""
    LIKE: Mapping[str, str]
    """Phonemes -> the English ones that are most like them; nothing for English."""
    SOUNDS_LIKE: Mapping[str, str]
    """Names of classes -> the English phonemes that are most like them."""

    def owners(self, phones: Sequence[str]) -> list[int]:
        """Return the index of the phoneme of each segment, rising; in most languages a phoneme is a segment."""
        ...

    def classes(self, phones: Sequence[str]) -> list[int]:
        """Return the content class of each segment, 0 for silence."""
        ...

    def symbols(self, phones: Sequence[str], starts: frozenset[int]) -> list[str]:
        """Return the teacher's symbols of each segment; a space precedes those that begin a word."""
        ...

    def word_starts(self, spoken: str, phones: Sequence[str]) -> frozenset[int] | None:
        """Return which phonemes begin a word after the first; None where the text is read otherwise."""
        ...


def language(code: str) -> Language:
    """Return the module of a language; what only other languages need is not imported."""
    return cast(Language, import_module(f"tools.starter.{LANGUAGES[code]}"))


def similar_codes(own_language: Language) -> tuple[list[int], list[int], list[int]]:
    """Return codes of a language, and the two English ones of each whose mean is most like it; one where pieces fit."""
    names, pieces = list(own_language.SOUNDS_LIKE.items()), range(own_language.PIECES)
    alike = language("en").classes([like for _, like in names])
    classes = [(own_language.CLASSES.index(name), like) for (name, _), like in zip(names, alike, strict=True)]
    more = THIRDS - own_language.PIECES
    return (
        [own * own_language.PIECES + piece for own, _ in classes for piece in pieces],
        [like * THIRDS + piece for _, like in classes for piece in pieces],
        [like * THIRDS + piece + more for _, like in classes for piece in pieces],
    )


def codes_of(
    classes: npt.NDArray[np.int64], ends: npt.NDArray[Any], count: int, pieces: int = THIRDS
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the codes (count,) of timed segments, and the segment of each.

    Args:
        classes: Class of each segment, (S,).
        ends: When each ends, in seconds, (S,) rising.
        count: Codes to return; the last segment goes on to the end.
        pieces: Codes of a class.
    """
    centres = (np.arange(count) + 0.5) * CODE_SECONDS
    segment = np.minimum(np.searchsorted(ends, centres, side="right"), len(ends) - 1)
    starts = np.concatenate([[0.0], ends[:-1]])[segment]
    inside = (centres - starts) / np.maximum(ends[segment] - starts, 1e-3)
    piece = np.clip((inside * pieces).astype(int), 0, pieces - 1)
    return classes[segment] * pieces + piece, segment

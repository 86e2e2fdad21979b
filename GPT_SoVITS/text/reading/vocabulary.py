"""English words that the dictionaries take apart into letters (``vocabulary.txt``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def vocabulary() -> dict[str, tuple[str, ...]]:
    """Return the phonemes of each word, which is in small letters."""
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {word: tuple(phones.split()) for word, phones in pairs}

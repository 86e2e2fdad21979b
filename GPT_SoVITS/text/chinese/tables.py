"""Reading the word lists of ``data/``: UTF-8 lines, those that begin with ``#`` are remarks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def lines(name: str) -> list[str]:
    """Return the entries of ``data/<name>.txt`` in their order."""
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def words(name: str) -> frozenset[str]:
    """Return the entries of a word list as a set."""
    return frozenset(lines(name))

"""Floors beside Japanese: the letter of 5F and B1F belongs to its number, not to English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from GPT_SoVITS.text.reading.scripts import Run, companions

_ONE = r"B?\d{1,2}F(?![A-Za-z0-9])"
_FLOOR = re.compile(rf"(?<![A-Za-z0-9.°]){_ONE}(?:\s?[~～–/·、,-]\s?{_ONE}){{0,9}}")


def settle_floors(text: str, runs: Sequence[Run], fallback: str) -> None:
    """Give the floors of Japanese sentences to Japanese.

    Args:
        text: The text.
        runs: Its runs, settled; changed in place.
        fallback: The language of sentences without letters.
    """
    floors = [match.span() for match in _FLOOR.finditer(text)] if "F" in text else []
    if not floors or not (fallback == "ja" or any(run.language == "ja" for run in runs)):
        return
    around = companions(text, list(runs))
    for run, language in zip(runs, around, strict=True):
        if (language or fallback) == "ja" and any(start <= run.start < end for start, end in floors):
            run.language = "ja"

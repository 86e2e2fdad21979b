"""What a text is divided into by language, and the form of every divider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """Text to be read by the front end of one language."""

    language: str
    text: str


# (text, default language or "") -> stretches in order.
Segmenter = Callable[[str, str], list[Stretch]]

"""Punctuation that the models know: ``! ? … , . -``; everything else that is not a Chinese character is dropped."""

from __future__ import annotations

import re

MARKS = "!?…,.-"
_COMMON = {"：": ",", "；": ",", "，": ",", "。": ".", "！": "!", "？": "?", "·": ",", "、": ",", "$": "."}
# 嗯 and 呣 have readings without a vowel; their soundalikes stand for them.
MANDARIN = str.maketrans({**_COMMON, "~": "…", "～": "…", "嗯": "恩", "呣": "母"})
CANTONESE = str.maketrans({**_COMMON, "~": "-", "～": "-"})

_UNKNOWN = re.compile(rf"[^\u4e00-\u9fa5{MARKS}]+")
_RUN = re.compile(f"([{MARKS}])[{MARKS}]+")
_PIECE = re.compile(f"[^{MARKS}]*[{MARKS}]|[^{MARKS}]+")


def keep_known(text: str, table: dict[int, str]) -> str:
    """Translate the punctuation of spoken lines and drop what the models do not know, line breaks included."""
    return _UNKNOWN.sub("", text.replace("...", "…").translate(table))


def collapse(text: str) -> str:
    """Keep the first mark of a run of marks."""
    return _RUN.sub(r"\1", text)


def pieces(text: str) -> list[str]:
    """Split a normalised text after each mark."""
    return _PIECE.findall(text)

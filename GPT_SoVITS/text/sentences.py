"""Where sentences end, for subtitles: what is spoken in one go may be a part of a sentence, or several."""

from __future__ import annotations

import re

_CLOSING = "”’\"'」』）)]》】"
_ENDS = "。！？!?…"
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "no", "vol", "fig", "pp", "approx", "dept", "est"}
    | {"inc", "ltd", "co", "corp", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "e.g", "i.e", "a.m", "p.m", "u.s"}
    | {"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.k"}
)
_QUOTES = f"[{re.escape(_CLOSING)}]*"
_END = re.compile(rf"[{_ENDS}]+{_QUOTES}|\.+{_QUOTES}(?=\s|$)")
_LONGEST_WORD = 12
_SEAM = 6
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)$")


def _is_abbreviation(before: str) -> bool:
    """Whether a full stop after this text belongs to its last word: a title, a month, an initial."""
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found[1]
    return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word != "I")


def _ends(text: str) -> list[int]:
    """Return the places after each sentence."""
    places = []
    for match in _END.finditer(text):
        if match.group().startswith(".") and _is_abbreviation(
            text[max(0, match.start() - _LONGEST_WORD) : match.start()]
        ):
            continue
        places.append(match.end())
    return places


def by_sentence(text: str) -> str:
    """Return a text with a line break after every sentence; cutting methods always cut there."""
    parts, start = [], 0
    for place in _ends(text):
        parts.append(text[start:place].strip(" "))
        start = place
    parts.append(text[start:].strip(" "))
    return "\n".join(part for part in parts if part)


def ends_sentence(text: str) -> bool:
    """Whether a piece of text ends with a sentence."""
    text = text.rstrip()
    places = _ends(text)
    return bool(places) and places[-1] == len(text)


def joined(first: str, second: str, text: str = "") -> str:
    """Return two pieces of a sentence as one, with the space between words that cutting has taken.

    Args:
        first: A piece.
        second: The next one.
        text: What both come from; "a." and "m." stand together there.
    """
    first, second = first.rstrip(), second.lstrip()
    if first[-_SEAM:] + second[:_SEAM] in text:
        return first + second
    apart = first[-1:].isascii() and second[:1].isascii() and bool(first) and second[:1].isalnum()
    return f"{first} {second}" if apart else first + second

"""Words that the front end of their language has no sounds for: they are left out, and named to whoever asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from GPT_SoVITS.text.errors import EmptyTextError
from GPT_SoVITS.text.reading.scripts import GREEK, HAN, HANGUL, KANA
from GPT_SoVITS.text.userdict import Pin

_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"
_COMMON_HAN = "\u3005-\u3007\u4e00-\u9fff\uf900-\ufaff"
# Single Greek letters are said by their names; English gets them as words, and Greek words with their letters.
_OWN = {
    "en": _LATIN,
    "zh": f"{_LATIN}{GREEK}{_COMMON_HAN}",
    "yue": f"{_LATIN}{GREEK}{HAN}",
    "ja": f"{_LATIN}{GREEK}{HAN}{KANA}",
    "ko": f"{_LATIN}{GREEK}{HANGUL}",
}
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u109f\u1780-\u17ff\u200c\u200d"
_MOST = 5  # of the stretches that are named
_LONGEST = 40  # characters of one


@cache
def _foreign(language: str) -> re.Pattern[str]:
    letter = rf"[^\W\d_{_OWN[language]}]"
    return re.compile(rf"{letter}(?:{letter}|[{_MARKS}]|[ '-](?={letter}))*")


def unspoken(text: str, language: str, pins: Iterable[Pin] = ()) -> list[str]:
    """Return the stretches of a text that a language does not read.

    Args:
        text: What is given to the front end.
        language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue``.
        pins: Pronunciations of places in it, which are spoken whatever they are written in.
    """
    if text.isascii():
        return []
    spoken = {place for pin in pins for place in range(pin.start, pin.end)}
    return [match[0] for match in _foreign(language).finditer(text) if match.start() not in spoken]


def told(stretches: Iterable[str]) -> str:
    """Return a sentence that names what is left out."""
    named = list(dict.fromkeys(stretches))
    shown = ", ".join(word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…" for word in named[:_MOST])
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"not spoken, for this text language does not read it: {shown}{more}"


def nothing_spoken(language: str, left_out: Iterable[str] = ()) -> EmptyTextError:
    """Return the error of a text without a sound in a language, which names what it does not read."""
    words = list(left_out)
    reason = f" ({told(words)})" if words else ""
    return EmptyTextError(
        f"nothing in the text can be spoken as {language}{reason}; give at least one word that this language reads"
    )

"""What can be said about a text before it is spoken: whether it can be, how it is cut, in which language it is.

Everything here blocks for as long as reading the text takes: call it off the event loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from GPT_SoVITS.text.errors import EmptyTextError, MissingResourceError, TextError
from GPT_SoVITS.text.identification import identify
from GPT_SoVITS.text.languages import resolve_language
from GPT_SoVITS.text.pieces import pieces_and_left_out
from GPT_SoVITS.text.pieces import pieces_of as cut
from GPT_SoVITS.text.pipeline import default_reader
from GPT_SoVITS.text.reading import NATURAL, READINGS
from GPT_SoVITS.text.reading.unspoken import nothing_spoken
from service.errors import ParameterError, UnavailableError
from service.words import told_by

LATEST_VERSION = "v2"
"""Reads every language; stands for the weights where none are loaded."""
_CODES = {"zh": "all_zh", "ja": "all_ja", "ko": "all_ko", "yue": "all_yue", "en": "en"}
_LATIN = re.compile("[A-Za-z]")
_HAN = re.compile("[\u4e00-\u9fa5]")
_READ_HAN = frozenset({"zh", "all_zh", "auto", "yue", "all_yue", "auto_yue"})
# Characters spoken in a second at speed 1, of usual speech; the preview's estimate says that it is one.
_PACE = {"en": 14.0, "ja": 7.0, "ko": 6.0}
_PACE_OTHERWISE = 4.5


@contextmanager
def _refusing() -> Iterator[None]:
    """Say what is wrong with a text in the service's terms."""
    try:
        yield
    except MissingResourceError as error:
        raise UnavailableError(told_by(error)) from error
    except TextError as error:
        raise ParameterError(told_by(error)) from error


def pieces_of(
    text: str, language: str, how_to_cut: str, version: str = LATEST_VERSION, reading: str = NATURAL
) -> list[str]:
    """Return the pieces that a text is cut into; some may turn out to have no sound.

    Raises:
        ParameterError: the language, cutting method or reading is unknown, or the text is empty.
    """
    with _refusing():
        return cut(text, language, version, how_to_cut, reading)


def check_speakable(
    text: str, language: str, how_to_cut: str, version: str = LATEST_VERSION, reading: str = NATURAL
) -> int:
    """Check that a text has at least one sound; return the number of pieces that it is cut into.

    Reads only as far as the first sound, and only when no common character tells.

    Raises:
        ParameterError: nothing in it can be spoken; the language, cutting method or reading is unknown.
        UnavailableError: a package that the language needs is missing.
    """
    with _refusing():
        return _checked(text, language, how_to_cut, version, reading)


def _checked(text: str, language: str, how_to_cut: str, version: str, reading: str) -> int:
    pieces, left_out = pieces_and_left_out(text, language, version, how_to_cut, reading)
    if any(_surely_spoken(piece, resolve_language(language, version)) for piece in pieces):
        return len(pieces)
    for piece in pieces:
        if any(_is_spoken(part, language, version, reading) for part in _shorter(piece)):
            return len(pieces)
    raise nothing_spoken(resolve_language(language, version), left_out)


def _is_spoken(text: str, language: str, version: str, reading: str) -> bool:
    try:
        return bool(default_reader().prepare(text, language, version, "cut0", reading))
    except EmptyTextError:
        return False


def _surely_spoken(piece: str, code: str) -> bool:
    """Whether a piece has a common character that its language certainly reads, without reading it.

    Spares the service the front ends' dictionaries, which take seconds and 100 MB, for all but strange texts.
    """
    return _LATIN.search(piece) is not None or (code in _READ_HAN and _HAN.search(piece) is not None)


def _shorter(piece: str) -> list[str]:
    """The beginning of a long piece first: most texts sound at once."""
    return [piece] if len(piece) <= 30 else [piece[:20], piece]


@dataclass(frozen=True)
class Preview:
    """How a text will be spoken.

    Attributes:
        language: Code of the language in which it is read: the one asked for, or the one that it means.
        guessed_language: Code of the likeliest language.
        pieces: What is spoken in one go, each.
        seconds: Estimated length of each piece.
        left_out: What the language does not read.
    """

    language: str
    guessed_language: str
    pieces: tuple[str, ...]
    seconds: tuple[float, ...]
    left_out: tuple[str, ...]


def preview(
    text: str,
    language: str | None,
    how_to_cut: str,
    speed: float = 1.0,
    pause: float = 0.3,
    reading: str = NATURAL,
    meant: Callable[[str], str] = lambda code: code,
) -> Preview:
    """Return how a text will be cut and about how long it will be.

    Args:
        text: The text.
        language: Name or code; None takes the guess.
        how_to_cut: Name or code.
        speed: 2 is twice as fast.
        pause: Seconds of silence after each piece.
        reading: How it is read.
        meant: Code that is asked for -> code in which whoever speaks will read the text.

    Raises:
        ParameterError: language, cutting method or reading are unknown, or there is nothing to read.
    """
    with _refusing():
        guessed = guess_language(text)
        code = guessed if language is None else meant(resolve_language(language, LATEST_VERSION))
        pieces, left_out = pieces_and_left_out(text, code, LATEST_VERSION, how_to_cut, reading)
        seconds = tuple(_seconds(piece, speed) + pause for piece in pieces)
        return Preview(code, guessed, tuple(pieces), seconds, tuple(dict.fromkeys(left_out)))


def readings_of(text: str, language: str, how_to_cut: str) -> dict[str, str]:
    """Return what is said in every reading, by its name; one that cannot read the text is left out.

    Raises:
        ParameterError: the language or the cutting method is unknown, or no reading can read the text.
        UnavailableError: a package that the language needs is missing.
    """
    with _refusing():
        found = {reading: _said(text, language, how_to_cut, reading) for reading in READINGS}
        if not any(found.values()):
            raise EmptyTextError("nothing in the text can be spoken; give at least one word that this language reads")
        return {reading: said for reading, said in found.items() if said}


def _said(text: str, language: str, how_to_cut: str, reading: str) -> str:
    try:
        sentences = default_reader().prepare(text, language, LATEST_VERSION, how_to_cut, reading)
    except EmptyTextError:
        return ""
    return "\n".join(sentence.norm_text for sentence in sentences)


def _seconds(piece: str, speed: float) -> float:
    total = 0.0
    for char in piece:
        if char.isalnum():
            total += 1 / _PACE[_script(char)] if _script(char) in _PACE else 1 / _PACE_OTHERWISE
    return round(total / speed, 2)


def _script(char: str) -> str:
    if "\u3040" <= char <= "\u30ff":
        return "ja"
    if "\uac00" <= char <= "\ud7af":
        return "ko"
    return "en" if char < "\u0250" else "zh"


def guess_language(text: str) -> str:
    """Return the code of the likeliest text language: one language alone, or a mix by its scripts."""
    scripts = [_script(char) for char in text if char.isalpha()]
    if not scripts:
        return "all_zh"
    share = {script: scripts.count(script) / len(scripts) for script in set(scripts)}
    asian = [script for script in ("ja", "ko", "zh") if share.get(script, 0) > 0]
    if not asian:
        return "en"
    main = "ja" if "ja" in asian else "ko" if "ko" in asian and share["ko"] > share.get("zh", 0) else "zh"
    if main == "zh" and _is_cantonese(text):
        main = "yue"
    if "ko" in asian and main != "ko":
        return "auto"
    return main if share.get("en", 0) > 0.02 else _CODES[main]


def _is_cantonese(text: str) -> bool:
    marks: Sequence[str] = ("嘅", "咗", "唔", "喺", "冇", "佢", "嚟", "啲", "咁", "哋")
    if sum(text.count(mark) for mark in marks) >= 2:
        return True
    found = identify(text, 1)
    return bool(found) and found[0][0] == "yue"

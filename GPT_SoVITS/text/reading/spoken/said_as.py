"""What ``say-as`` of SSML asks for, and numbers beyond all names, in the words of each language.

A quantity, an ordinal, digits and a fraction are said by the language's own numerals. Dates, times, money and units are
brought into the form that the language's rules read without doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from GPT_SoVITS.text.reading.draft import Draft, Edit
from GPT_SoVITS.text.reading.meaning import Meaning
from GPT_SoVITS.text.reading.said import Said
from GPT_SoVITS.text.reading.spoken import rules_for
from GPT_SoVITS.text.reading.spoken.patterns import plain

_CARDINAL = re.compile(r"\s*([+\-\u2212]?)\s*(\d[\d,\s]*(?:\.\d+)?)\s*")
_FRACTION = re.compile(r"\s*(?:(\d+)\s*[+\s]\s*)?(\d+)\s*/\s*(\d+)\s*")
_STRETCH = 40
"""Digits of a long number that are one edit, so that a piece may be cut between two."""
LONG_NUMBER = re.compile(rf"(?:(?<=\d)\.)?(?<!\d)\d{{{_STRETCH + 1},}}")
_DATE_ORDER = re.compile("[^ymd]")
_LETTERS_OF_TIME = re.compile(r"\s*(\d{1,2})[.:h]?(\d{2})(?:[.:m]?(\d{2}))?\s*([AaPp]\.?[Mm]\.?)?\s*")


@dataclass(frozen=True)
class _Voice:
    """How a language says numbers: each takes digits.

    Attributes:
        cardinal: A quantity, with decimals.
        digits: One digit after another.
        telephone: The same, as on the telephone.
        ordinal: A place in a row.
        fraction: Whole part or nothing, what is above the line and what is below.
        date: Year, month and day, each or nothing, as its rules read it or as it is said.
        minus: Said before a negative quantity.
        point: Said before decimals.
    """

    cardinal: Callable[[str], str]
    digits: Callable[[str], str]
    telephone: Callable[[str], str]
    ordinal: Callable[[str], str]
    fraction: Callable[[str, str, str], str]
    date: Callable[[str, str, str], str]
    minus: str
    point: str


def _east_asian_date(year: str, month: str, day: str, marks: str, joint: str = "") -> str:
    parts = (
        f"{int(number) if mark != marks[0] else number}{mark}"
        for number, mark in zip((year, month, day), marks, strict=True)
        if number
    )
    return joint.join(parts)


def _english() -> _Voice:
    from GPT_SoVITS.text.reading.spoken import english_dates, english_numbers

    return _Voice(
        cardinal=english_numbers.quantity,
        digits=english_numbers.spelled,
        telephone=english_numbers.spelled,
        ordinal=english_numbers.nth,
        fraction=english_numbers.fraction,
        date=english_dates.date,
        minus="minus ",
        point=" point ",
    )


def _chinese(*, mandarin: bool = True) -> _Voice:
    from GPT_SoVITS.text.chinese.normalise.numerals import digits
    from GPT_SoVITS.text.reading.spoken.chinese.words import by_digit, exact, quantity

    def fraction(whole: str, above: str, below: str) -> str:
        return (f"{quantity(whole)}又" if whole else "") + f"{quantity(below)}分之{quantity(above)}"

    return _Voice(
        cardinal=quantity,
        digits=lambda text: digits(re.sub(r"\D", "", text)),
        telephone=by_digit if mandarin else lambda text: digits(re.sub(r"\D", "", text)),
        ordinal=lambda number: f"第{exact(number)}",
        fraction=fraction,
        date=lambda year, month, day: _east_asian_date(year, month, day, "年月日"),
        minus="负",
        point="点",
    )


def _japanese() -> _Voice:
    from GPT_SoVITS.text.reading.spoken.japanese.words import by_digit, fraction_of, quantity

    def fraction(whole: str, above: str, below: str) -> str:
        return (f"{quantity(whole)}と" if whole else "") + fraction_of(above, below)

    return _Voice(
        cardinal=quantity,
        digits=by_digit,
        telephone=by_digit,
        ordinal=lambda number: f"{quantity(number)}番目",
        fraction=fraction,
        date=lambda year, month, day: _east_asian_date(year, month, day, "年月日"),
        minus="マイナス",
        point="テン",
    )


def _korean() -> _Voice:
    from GPT_SoVITS.text.reading.spoken.korean.words import by_digit, fraction, native, quantity

    return _Voice(
        cardinal=quantity,
        digits=by_digit,
        telephone=by_digit,
        ordinal=lambda number: "첫 번째" if number.lstrip("0") == "1" else f"{native(number)} 번째",
        fraction=fraction,
        date=lambda year, month, day: _east_asian_date(year, month, day, "년월일", " "),
        minus="마이너스 ",
        point=" 점 ",
    )


_VOICES: dict[str, Callable[[], _Voice]] = {
    "en": _english,
    "zh": _chinese,
    "yue": lambda: _chinese(mandarin=False),
    "ja": _japanese,
    "ko": _korean,
}


@cache
def _voice(language: str) -> _Voice:
    return _VOICES[language]()


def said_as(text: str, meaning: Meaning, language: str) -> str:
    """Return what is said for a text in a language; text that is not of its kind is said as it stands.

    Args:
        text: In the forms of ``typography``.
        meaning: What it is meant as.
        language: ``zh``, ``yue``, ``en``, ``ja`` or ``ko``.
    """
    voice = _voice(language)
    kind = meaning.kind
    if kind in ("digits", "telephone") and re.search(r"\d", text):
        return voice.digits(text) if kind == "digits" else voice.telephone(text)
    if kind in ("cardinal", "number") and (number := _CARDINAL.fullmatch(text)):
        return (voice.minus if number[1] not in ("", "+") else "") + voice.cardinal(plain(number[2]))
    if kind == "ordinal" and (ordinal := re.match(r"\s*(\d[\d,]*)", text)):
        return voice.ordinal(plain(ordinal[1]))
    if kind == "fraction" and (parts := _FRACTION.fullmatch(text)) and parts[3].strip("0"):
        return voice.fraction(parts[1] or "", parts[2], parts[3])
    if kind == "date":
        return by_rules(_date(text, meaning.form, voice) or text, language)
    return by_rules(_time(text) if kind == "time" else text, language)


def digit_by_digit(number: re.Match[str], language: str) -> Iterator[Edit]:
    """Yield what is said for a find of :data:`LONG_NUMBER`, in stretches of digits."""
    voice, place, end = _voice(language), number.start(), number.end()
    head = voice.point if number[0].startswith(".") else ""
    while place < end:
        stop = min(place + len(head and ".") + _STRETCH, end)
        yield Edit(place, stop, head + voice.digits(number.string[place:stop]))
        place, head = stop, ""


def by_rules(text: str, language: str) -> str:
    """Return what the rules of a language say for a text that stands alone."""
    draft = Draft(text)
    draft.apply(rules_for(language))
    said, done = Said(apart=language == "en"), 0
    for edit in draft.edits():
        said.add(text[done : edit.start])
        said.add(edit.spoken)
        done = edit.end
    said.add(text[done:])
    return said.text


def _date(text: str, form: str, voice: _Voice) -> str | None:
    order = re.sub(r"(.)\1+", r"\1", _DATE_ORDER.sub("", form.lower()))
    parts = re.findall(r"\d+", text)
    if len(parts) == 1 and len(order) > 1 and len(parts[0]) in (4, 6, 8):
        parts = _cut(parts[0], order)
    if not parts or len(parts) != len(order) or len(set(order)) != len(order):
        return None
    named = dict(zip(order, parts, strict=True))
    month, day = named.get("m", ""), named.get("d", "")
    if (month and not 1 <= int(month) <= 12) or (day and not 1 <= int(day) <= 31):
        return None
    return voice.date(named.get("y", ""), month, day)


def _cut(digits: str, order: str) -> list[str]:
    """Return the parts of a date without separators: 20240915 is 2024, 09, 15."""
    spare = len(digits) - 2 * len(order)
    parts, place = [], 0
    for sign in order:
        size = 2 + (spare if sign == "y" else 0)
        parts.append(digits[place : place + size])
        place += size
    return parts if place == len(digits) else []


def _time(text: str) -> str:
    """Return a time of day with colons: 1430 and 14.30 are 14:30."""
    match = _LETTERS_OF_TIME.fullmatch(text)
    if match is None:
        return text
    half = f" {match[4]}" if match[4] else ""
    return ":".join(filter(None, (match[1], match[2], match[3]))) + half

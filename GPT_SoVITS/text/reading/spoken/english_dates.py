"""Dates, decades, years, times of day, scores and verses in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule
from GPT_SoVITS.text.reading.spoken.english_numbers import decade, nth, quantity, year
from GPT_SoVITS.text.reading.spoken.patterns import AFTER, BEFORE, WHOLE, either, plain

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
_SHORT_MONTHS = {name[:3]: name for name in _MONTHS if name != "May"} | {"Sept": "September"}
_MONTH = rf"(?:{'|'.join(_MONTHS)}|(?:{'|'.join(_SHORT_MONTHS)})\.?)"
YEAR = r"(?:1[1-9]|20|21)\d{2}"
_MONTH_NUMBER, _DAY_NUMBER = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY = (
    r"(?:Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:r(?:s(?:day)?)?)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\b"
)
# What is divided, or how much of it: then 1/3 is a fraction.
_DIVIDED = (
    r"\s?(?:of|off|cups?|inch(?:es)?|miles?|teaspoons?|tablespoons?|tsp|tbsp|pounds?|ounces?|oz|lbs?|mile|hours?|full|empty|"
    r"share|stake|majority|chance|probability|stars?|points?)\b"
)
_DATED = either(
    "[Oo]n [Uu]ntil [Ss]ince [Dd]ue [Dd]ated [Bb]efore [Aa]fter [Dd]ates? [Dd]eadline [Bb]orn [Ee]ffective [Ss]tarting"
)
_BOOKS = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|Chronicles|Ezra|Nehemiah|Esther|Job|"
    "Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Lamentations|Ezekiel|Daniel|Hosea|Joel|Amos|Jonah|Micah|Malachi|"
    "Matthew|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Colossians|Thessalonians|Timothy|"
    "Titus|Hebrews|James|Peter|Jude|Revelation|Surah|Quran"
)
_SCORE = either(
    "won wins? lost loses? beats? beaten scored? leads? led draws? drew tied? victory defeat(?:ed)? finished odds "
    "ratio ended"
)
_TIMED = either("in at is was for by times?(?:\\sof)? lasts? runs? ran clocked finished record")
"""Words before the minutes and seconds of a race or a film: finished in 52:30."""
_DIVIDING = re.compile(r"\b(?:ratio|split|odds|mix|proportions?|divided|share)\b[^.!?]*$", re.IGNORECASE)
_SEEN = 40  # characters before in which something is divided
_DECADE_BEFORE = either("the [Tt]he early mid late my his her their your our and or since")
_DECADE_AFTER = (
    r"\s(?:music|style|fashion|movies?|films?|era|pop|rock|songs?|hits?|disco|kids?|cars?|vibes?|TV|shows?)\b"
)
_COUNTED_AFTER = (
    r"(?=\s(?!(?:was|is|has|does|its|this|as|us|plus|times|minus|equals|and|or)\b)"
    r"[a-z]{2,}(?:s|people|men|women|children|feet|percent)\b)"
)
# The stop of p.m. ends the sentence before a capitalised word that is no day and no time zone.
_NO_SENTENCE = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[ECMP][SD]?T\b|Eastern|Pacific|Central|[A-Z]{3,4}\b"
_ENDING = rf"\s*$|\s+(?!{_NO_SENTENCE})[A-Z]"
_HALF = rf"(?:\s?(?P<half>[AaPp](?:\.\s?[Mm]\.(?!{_ENDING})|\.\s?[Mm]\b|[Mm]\b)))"


def date(year_digits: str, month: str, day: str) -> str:
    """Return a date in words; each part may be empty: September fifth, twenty twenty-four."""
    name = _MONTHS[int(month) - 1] if month else ""
    head = " ".join(filter(None, (name, nth(day.lstrip("0")) if day else "")))
    said_year = _any_year(year_digits) if year_digits else ""
    return (", " if day else " ").join(filter(None, (head, said_year)))


def _any_year(text: str) -> str:
    return year(text) if len(text) == 4 else quantity(text)


def _month_and_year(match: Match) -> str:
    """03/2026, as on packages."""
    return date(match["year"], match["month"], "")


def _full_date(match: Match) -> str | None:
    groups = match.groupdict()
    if not 1 <= int(groups["month"]) <= 12:
        return None
    return date(groups.get("year") or "", groups["month"], groups["day"])


def _unless_fraction(match: Match) -> str | None:
    """1/2 and 3/4 after by and to are fractions, 5/1 and 9/15 are dates."""
    month, day = int(match["month"]), int(match["day"])
    return None if month < day and day in (2, 3, 4, 5, 8, 10) else _full_date(match)


def rules() -> Iterable[Rule]:
    """Yield the rules of decades, dates, verses, scores and times of day."""
    yield from _decades()
    yield from _dates()
    yield from _month_and_day()
    yield from _named_dates()
    yield from _scores_and_times()


def _decades() -> Iterable[Rule]:
    # 30s alone is a time.
    yield rule(r"(?<![\w])'?(1[1-9]\d0|20\d0)'?s\b", lambda m: decade(m[1]))
    yield rule(rf"(?<!\w)'([2-9]0)s\b|(?<=\s)([2-9]0)'?s\b(?={_DECADE_AFTER})", lambda m: decade(m[1] or m[2]))
    yield rule(rf"\b{_DECADE_BEFORE}\s(?P<at>'?(?P<decade>[2-9]0)'?s)\b", lambda m: decade(m["decade"]), "at")
    yield rule(
        r"(?<!\w)'(\d{2})(?![\d'])(?!\w)", lambda m: quantity(m[1]) if m[1][0] != "0" else f"oh {quantity(m[1][1])}"
    )


def _dates() -> Iterable[Rule]:
    yield rule(rf"{BEFORE}(?P<first>20\d\d|19\d\d)/(?P<second>\d\d)(?![\d/])", _season)
    sep = r"(?P<s>[-/.])"
    yield rule(
        rf"{BEFORE}(?P<year>{YEAR}){sep}(?P<month>{_MONTH_NUMBER})(?P=s)(?P<day>{_DAY_NUMBER}){AFTER}", _full_date
    )
    yield rule(rf"{BEFORE}(?P<month>{_MONTH_NUMBER})/(?P<day>)(?P<year>(?:19|20)\d\d)(?![\d/])", _month_and_year)
    yield rule(
        rf"{BEFORE}(?P<month>{_MONTH_NUMBER})(?P<s>[-/])(?P<day>{_DAY_NUMBER})(?P=s)(?P<year>{YEAR}|\d{{2}}){AFTER}(?!\s?=)",
        _full_date,
    )
    yield rule(
        rf"{BEFORE}(?P<day>{_DAY_NUMBER})(?P<s>[-/.])(?P<month>{_MONTH_NUMBER})(?P=s)(?P<year>{YEAR}){AFTER}",
        _full_date,
    )


def _month_and_day() -> Iterable[Rule]:
    """9/15 (Mon), on 5/1, Friday 9/15, 9/15-9/20; but 1/3 of it."""
    at = rf"(?P<at>(?P<month>{_MONTH_NUMBER})/(?P<day>{_DAY_NUMBER}))(?![\d/]|[.,]\d)(?!{_DIVIDED})"
    bare = rf"{BEFORE}{at}"
    yield rule(rf"{bare}(?=\s?\(?,?\s?{_WEEKDAY})", _full_date, "at")
    yield rule(rf"\b(?P<weekday>{_WEEKDAY})\.?(?P<joint>,?\s\(?){at}", _day_of_week)
    yield rule(rf"{bare}(?=\s?[-–—~]\s?{_MONTH_NUMBER}/{_DAY_NUMBER}(?![\d/]))", _full_date, "at")
    yield rule(rf"(?:(?<=\ue000[-–—~])|(?<=\ue000\s[-–—~]\s)){at}", _full_date, "at")
    yield rule(rf"\b{_DATED}:?\s{at}", _full_date, "at")
    yield rule(rf"\b(?:by|from|through|thru|to|between|and|till|for)\s{at}", _unless_fraction, "at")
    # Alone: what is no usual fraction.
    yield rule(rf"(?<![=+×÷*<>-])(?<![=+×÷*<>-]\s){bare}(?!\s?[=+×÷*<>%]|\s?[-–]\s?\d|[A-Za-z])", _alone, "at")


def _day_of_week(match: Match) -> str:
    """Wed 11/6: the weekday in full."""
    weekday = next(name for name in _WEEKDAYS if name.startswith(match["weekday"][:3]))
    return f"{weekday}{match['joint']}{_full_date(match)}"


def _alone(match: Match) -> str | None:
    month, day = int(match["month"]), int(match["day"])
    usual = month >= day > 1 or day in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 20)
    return None if usual else _full_date(match)


def _named_dates() -> Iterable[Rule]:
    not_day = r"(?![\d:/%]|[,.]\d|(?:st|nd|rd|th)\b|\s?[AaPp]\.?[Mm]\b)"
    short = "|".join(_SHORT_MONTHS)
    yield rule(
        rf"(?<=[A-Za-z.])\s(?<=(?:.{{3}}|...)\s)(?P<day>{_DAY_NUMBER})(?=,?\s{YEAR}\b)", lambda m: " " + nth(m["day"])
    )
    yield rule(
        rf"(?<![A-Za-z])(?P<month>{_MONTH})\s(?P<day>{_DAY_NUMBER})\s?[-–—~]{{1,2}}\s?(?P<last>{_DAY_NUMBER}){not_day}",
        _days_of_month,
    )
    yield rule(
        rf"(?<![A-Za-z])(?P<month>{short})\.?\s(?P<day>{_DAY_NUMBER}){not_day}",
        lambda m: f"{_SHORT_MONTHS[m['month']]} {nth(m['day'])}",
    )
    yield rule(rf"{BEFORE}(?P<day>{_DAY_NUMBER})(?=\s{_MONTH}\b(?!\s\d{{1,2}}\b))", lambda m: nth(m["day"]))
    yield rule(rf"(?<![A-Za-z])({short})\.?(?=\s\d|\ue000)", lambda m: _SHORT_MONTHS[m[1]])
    yield rule(rf"(?<![A-Za-z]){_MONTH}\s(?P<day>{_DAY_NUMBER}){not_day}", lambda m: nth(m["day"]), "day")
    yield rule(rf"{BEFORE}({WHOLE})(?:st|nd|rd|th)\b", lambda m: nth(plain(m[1])))


def _days_of_month(match: Match) -> str:
    month = match["month"].rstrip(".")
    return f"{_SHORT_MONTHS.get(month, month)} {nth(match['day'])} to {nth(match['last'])}"


def _scores_and_times() -> Iterable[Rule]:
    yield rule(
        rf"\b(?:{_BOOKS})\s(?P<at>(?P<chapter>\d{{1,3}}):(?P<verse>\d{{1,3}})(?:[-–](?P<last>\d{{1,3}}))?)(?!\d)",
        _verse,
        "at",
    )
    yield rule(
        rf"\b{_SCORE}\b[^\d\n.!?]{{0,24}}?(?P<ratio>\d{{1,3}}\s?[:\-–]\s?\d{{1,3}})(?![\d:]|\s?[AaPp]\.?[Mm]\b|-\d)",
        ends,
        "ratio",
    )
    yield rule(
        rf"{BEFORE}(?P<ratio>\d{{1,3}}[:\-–]\d{{1,3}})(?=\s(?:win|victory|defeat|lead|loss|draw|score|ratio|odds)\b)",
        ends,
    )
    yield rule(rf"{BEFORE}(\d{{1,2}})\s?h\s?(\d{{1,2}})\s?m(?:in)?(?![A-Za-z])", _lasting)
    yield rule(r"\bodds\b[^\d\n.!?]{0,16}?(?P<ratio>\d{1,3}/\d{1,3})(?![\d/])", ends, "ratio")
    yield rule(rf"{BEFORE}(?P<ratio>\d{{1,3}}/\d{{1,3}})(?=\s(?:odds|favou?rites?|outsiders?)\b)", ends)
    yield rule(
        rf"\b{_TIMED}\s(?:(?:a|the|just|only|about|under|over|exactly)\s){{0,2}}(?P<at>(?P<minutes>[2-9]\d):(?P<seconds>[0-5]\d))(?![\d:])",
        _minutes_and_seconds,
        "at",
    )
    time = r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    yield rule(rf"{BEFORE}{time}(?![\d%]|:\d){_HALF}?", _clock)
    yield rule(
        rf"{BEFORE}(?P<hour>1[0-2]|0?[1-9]){_HALF}",
        lambda m: quantity(m["hour"].lstrip("0")) + (" A M" if m["half"][0] in "aA" else " P M"),
    )
    yield rule(rf"{BEFORE}(?P<ratio>\d+(?::\d+)+)(?!\d|:\d)", ends)


def years() -> Iterable[Rule]:
    """Yield the rules of years, and of four digits that are counted."""
    yield rule(rf"{BEFORE}{YEAR}(?=[-–]{YEAR}\b)", lambda m: year(m[0]))
    yield rule(rf"{BEFORE}\d{{4}}{_COUNTED_AFTER}", lambda m: quantity(m[0]))


def _minutes_and_seconds(match: Match) -> str | None:
    """52:30 of a race; 60:40 is how something is divided."""
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    if int(match["minutes"]) + int(match["seconds"]) == 100 or _DIVIDING.search(before):
        return None
    return f"{quantity(match['minutes'])} {_minutes(match['seconds']) if match['seconds'] != '00' else 'minutes'}"


def _season(match: Match) -> str | None:
    """2023/24: a year and the next."""
    first, second = int(match["first"]), int(match["second"])
    return f"{year(match['first'])} to {quantity(match['second'])}" if (first + 1) % 100 == second else None


def ends(match: Match) -> str:
    """Return the two ends of a range, a score or a ratio."""
    return " to ".join(quantity(part) for part in re.split(r"\s?[:\-–—/]\s?", match["ratio"]))


def _verse(match: Match) -> str:
    last = match["last"]
    return f"{quantity(match['chapter'])} {quantity(match['verse'])}" + (f" to {quantity(last)}" if last else "")


def _clock(match: Match) -> str:
    hour, minute = match["hour"], match["minute"]
    half = {"a": " A M", "p": " P M", "": ""}[(match["half"] or "")[:1].lower()]
    head = quantity(hour.lstrip("0") or "0")
    if match["second"]:
        return f"{head} {_minutes(minute)} {_second(match['second'])}{half}"
    if minute != "00":
        return f"{head} {_minutes(minute)}{half}"
    return f"{head} o'clock{half}" if 0 < int(hour) < 13 else f"{head} hundred{half}"


def _lasting(match: Match) -> str:
    hours, minutes = ("" if part == "1" else "s" for part in match.groups())
    return f"{quantity(match[1])} hour{hours} {quantity(match[2])} minute{minutes}"


def _second(text: str) -> str:
    return "and zero seconds" if text == "00" else _minutes(text)


def _minutes(text: str) -> str:
    return f"oh {quantity(text[1])}" if text.startswith("0") else quantity(text)

"""Results of matches in Chinese: sets, lists of scores, finals that are named by a fraction."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal
from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.chinese.words import MEASURE, quantity
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, rule

Match = re.Match[str]

_ONE = r"\d{1,3}\s?[-–:：]\s?\d{1,3}"
_TIE_BREAK = r"(?:[(（]\d{1,2}[)）])?"
_PAIR = re.compile(r"(\d+)\s?[-–:：]\s?(\d+)(?:[(（](\d+)[)）])?")
_NO_MORE = r"(?![-–:：./]?\d|[%‰℃°])"


def _scores(match: Match) -> str:
    """Return scores between commas; the smaller score of a tie-break follows its set."""
    return "，".join(
        f"{cardinal(first)}比{cardinal(second)}" + (f"，{cardinal(tie)}" if tie else "")
        for first, second, tie in _PAIR.findall(match[0])
    )


def _sets(match: Match) -> str | None:
    """A set of tennis has six games or more; 3-4/5-6月 are ranges."""
    ends = [max(int(first), int(second)) for first, second, _ in _PAIR.findall(match[0])]
    return _scores(match) if min(ends) > 5 else None


def _list_of_sets(match: Match) -> str | None:
    """6-4、7-5 are sets of tennis: six to at most four, or seven to five or six."""
    pairs = [sorted((int(first), int(second))) for first, second, _ in _PAIR.findall(match[0])]
    return _scores(match) if all(low <= 4 if high == 6 else high == 7 and low >= 5 for low, high in pairs) else None


def _ranges(match: Match) -> str:
    """3-4/5-6月 are two ranges."""
    return "、".join("到".join(map(quantity, re.findall(r"\d+", one))) for one in match[0].split("/"))


def rules() -> Iterable[Rule]:
    """Yield the rules of finals and scores, which come before those of days and of times."""
    yield rule(r"(?<![\d./])1/(?P<of>2|4|8|16|32|64)(?=\s?[决決][赛賽])", lambda m: f"{cardinal(m['of'])}分之一")
    # 3:0（11:5、11:7、12:10）: the sets stand behind the result.
    yield rule(
        rf"{BEFORE}{_ONE}\s?[(（]\s?{_ONE}{_TIE_BREAK}(?:\s?[、，,;；/ ]\s?{_ONE}{_TIE_BREAK}){{1,6}}\s?[)）]", _scores
    )
    # 6-3/7-6(5): two slashes of one set each are tennis.
    yield rule(rf"{BEFORE}\d-\d{_TIE_BREAK}(?:\s?/\s?\d-\d{_TIE_BREAK}){{1,4}}{_NO_MORE}(?!\s?{MEASURE})", _sets)
    yield rule(
        rf"{BEFORE}[0-467]-[0-467]{_TIE_BREAK}(?:\s?[、，,]\s?[0-7]-[0-7]{_TIE_BREAK}){{1,4}}{_NO_MORE}", _list_of_sets
    )
    one = r"\d{1,3}[-–~]\d{1,3}"
    yield rule(rf"{BEFORE}{one}(?:/{one}){{1,3}}(?=\s?{MEASURE})", _ranges)
    yield rule(rf"{BEFORE}\d-\d[(（]\d{{1,2}}[)）](?:\s?[、，,]\s?\d-\d{_TIE_BREAK}){{0,4}}{_NO_MORE}", _scores)

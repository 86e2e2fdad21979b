"""What a text is written in: runs of one script, its sentences, and digits and signs, which have no language."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from GPT_SoVITS.text.reading.spoken.patterns import SCIENTIFIC, TIMES

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af\ua960-\ua97f\ud7b0-\ud7ff"
GREEK = "\u0370-\u03ff\u1f00-\u1fff"
# Powers, circled numbers and single Greek letters: no digits, but of no language either.
NUMERIC = (
    "\u0391-\u03c9\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u218b\u2460-\u24ff\u3220-\u3247\u3280-\u32b0"
)
_OTHERS = rf"\W\d_{HAN}{KANA}{HANGUL}{NUMERIC}"
# Letters that follow a number and belong to it, whatever language reads it; the second is a rate's: km/h, kWh/100km.
_MEASURE = (
    r"(?:[kcmdnμ]?m[²³23]?|[kmμ]?g|[mMdμ]?[lL]|[kMG]?Hz|dB|[kMG]?Wh?|kV|mAh?|k?cal|kJ|[kMh]?Pa|mmHg|[mμ]?mol|"
    r"ms|min|px|s²|[hsV])"
)
_UNIT = rf"(?:{_MEASURE}(?:/(?:10{{0,3}})?{_MEASURE})?|[AaPp]\.?[Mm]\.?)"
# Signs and codes of money before a number.
_MONEY = (
    r"(?<![A-Za-z])(?:(?:US|HK|NT|AU?|CA?|NZ|SG?|R|MOP|JP|CN)[$¥￥]"
    r"|RMB|CNY|USD|HKD|TWD|NTD|JPY|EUR|GBP|AUD|CAD|KRW|SGD|CHF|THB)(?=\s?\d)"
)
_TIMES = rf"{TIMES}(?=\s?\d)"
_HALF = "(?<![A-Za-z])[AP]M(?=\\s?\\d{1,2}[:：点點时時시])"  # before a time of day
# What is no word of a language: units behind numbers, 元/kg, %p, money, the x of 3x4.
# E300L, 宝马320L, R11s, iPhone 5s: the letter of a model, not litres and seconds.
_NO_MODEL = r"(?!L(?:(?<=[A-Z]\dL)|(?<=[A-Z]\d{2}L)|(?<=[A-Z]\d{3}L)|(?<=(?:宝马|奔驰|奥迪|寶馬)\d{3}L)))"
_NO_MODEL += r"(?!s(?:(?<=[A-Z]\ds)|(?<=[A-Z]\d{2}s)|(?<=Phone \ds)|(?<=Phone\ds)))"
_SIGNS = (
    rf"(?:(?<=[\d⁰¹²³⁴-⁹])|(?<=\d\s)|(?<=\d[万亿千百萬億만억천])){_NO_MODEL}(?:{_UNIT}(?![A-Za-z])|{_TIMES})|(?<=[\u4e00-\u9fff\d]/){_MEASURE}(?![A-Za-z])"
    rf"|(?<=%)pt?(?![A-Za-z])|{_MONEY}|{_HALF}"
)
_RUN = re.compile(
    rf"(?P<unit>{_SIGNS})|(?P<greek>[{GREEK}]{{3,}})|(?P<han>[{HAN}]+)|(?P<ja>[{KANA}]+)|(?P<ko>[{HANGUL}]+)"
    rf"|(?P<en>[^{_OTHERS}](?:[^{_OTHERS}]|'(?=[A-Za-z]))*)|(?P<digits>{SCIENTIFIC}|[\d{NUMERIC}]+)|(?P<sign>.)",
    re.DOTALL,
)
_KINDS = {"unit": "sign", "greek": "en"}
"""Of groups that are no languages: a word in Greek letters, which are no single signs of a formula, goes to English."""
NEUTRAL = frozenset({"digits", "sign"})
EAST_ASIAN_SIGN = re.compile("[，。：；！？、（）【】《》「」]")
CLAUSE_SIGNS = frozenset(",.!?，。！？;；:：、\n")
_SENTENCE_END = re.compile(r"[。！？!?\n]|\.(?!\S)")


@dataclass(slots=True)
class Run:
    """``text[start:end]``, of one script; its language is "han", "digits" or "sign" until that is settled."""

    language: str
    start: int
    end: int


def runs_of(text: str) -> list[Run]:
    """Return the runs of a text; units, currencies and the x of 3x4 are signs."""
    found = ((str(match.lastgroup), match.start(), match.end()) for match in _RUN.finditer(text))
    return [Run(_KINDS.get(kind, kind), start, end) for kind, start, end in found]


def sentence_ends(text: str) -> list[int]:
    """Return where each sentence ends."""
    return [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text) + 1]


def sentence_of(ends: Sequence[int], place: int) -> int:
    """Return the number of the sentence in which a place is."""
    return bisect_right(ends, place)


def companions(text: str, runs: list[Run]) -> list[str]:
    """Return, for each run, the first language of its sentence that is not English."""
    ends = sentence_ends(text)
    first: dict[int, str] = {}
    numbers = [sentence_of(ends, run.start) for run in runs]
    for number, run in zip(numbers, runs, strict=True):
        if run.language not in NEUTRAL | {"en"}:
            first.setdefault(number, run.language)
    return [first.get(number, "") for number in numbers]

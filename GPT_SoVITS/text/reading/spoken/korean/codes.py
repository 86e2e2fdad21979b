"""Numbers that name something, in Korean: telephones, accounts, cards, lots, rooms, and those everybody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.korean.words import by_digit, code_parts, sino
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, is_long, rule

Match = re.Match[str]

_NO_MORE = r"(?![-–.,/:]?\d|\s?=)"
_COUNTED = r"(?!\s?[개명년월원살층회권점%]|[~–]\d)"
_EMERGENCY = "(?:112|119|114|110|911|1339)"
_CALLED = r"(?:신고|전화|구급|소방|경찰|구조|긴급|출동|상황실|호출|연락|문의|불러|부르)"


def _parts(match: Match) -> str:
    return by_digit(match["code"]) if is_long(match["code"].split("-")) else code_parts(match["code"])


def rules() -> Iterable[Rule]:
    """Yield the rules; dates come before them."""
    one = r"\d{1,3}[-–~]\d{1,3}"
    yield rule(
        rf"{BEFORE}{one}(?:/{one}){{1,3}}(?=월|일|명|개|년|세|층|회|장|권|호)",
        lambda m: ", ".join("에서 ".join(map(sino, re.findall(r"\d+", pair))) for pair in m[0].split("/")),
    )
    year = r"(?:1[0-47-9]|20)\d{2}"
    yield rule(
        rf"{BEFORE}(?P<first>{year})\s?[-–~]\s?(?P<second>{year}){_NO_MORE}"
        r"|(?<=\()(?P<born>1\d{3}|\d{3})\s?[-–~]\s?(?P<died>1\d{3}|\d{3})(?=\))",
        _years,
    )
    yield rule(rf"{BEFORE}\d{{4}}(?:[ -]\d{{4}}){{2,4}}(?![\d ])", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}01[016-9]\.\d{{3,4}}\.\d{{4}}(?![\d.]*\d)", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}1-\d{{3}}-\d{{3}}-\d{{4}}(?!\d)", lambda m: by_digit(m[0]))
    area = r"(?:\+82[- ]?\d{1,2}|\(0\d{1,2}\)|0\d{1,2}(?=[-)])|\d{1,3}(?=-\d{3,4}-))"
    yield rule(
        rf"{BEFORE}{area}[-) ]?\s?\d{{3,4}}-\d{{4}}(?!\d)"
        rf"|{BEFORE}(?:1[5-9]\d\d|\d{{3,4}})-\d{{4}}(?!\d|-\d|\s?[원명개년])|{BEFORE}01[016-9]\d{{7,8}}(?!\d)",
        _telephone,
    )
    yield rule(rf"{BEFORE}\+\d{{1,3}}(?:[- ]\d{{1,4}}){{2,4}}(?!\d)", lambda m: by_digit(m[0]))
    yield rule(
        r"(?:전화|번호|비밀번호|코드|계좌|우편번호|아이디|ID)(?:번호)?(?:는|은|:|：|가)?\s?(?P<digits>\d{3,}(?:-\d+)*)(?![\d,.]*\d|[명원개년])",
        lambda m: by_digit(m["digits"]),
        "digits",
    )
    yield rule(rf"{BEFORE}{_EMERGENCY}(?:\s?[,·/]\s?{_EMERGENCY})+(?!\d|\s?[원명개년])", _listed)
    yield rule(rf"{BEFORE}{_EMERGENCY}(?=(?:번|에|로|으로|를|을)?\s?{_CALLED})", lambda m: by_digit(m[0]))
    yield rule(
        rf"{_CALLED}[^\d.!?\n]{{0,6}}(?P<call>{_EMERGENCY})(?!\d|[.,:/]\d|\s?[원명개년건회])",
        lambda m: by_digit(m["call"]),
        "call",
    )
    yield rule(
        rf"(?:[가-힣](?:동|로|길|리|가|면|읍)|번지)\s?(?P<code>\d{{1,4}}-\d{{1,4}}){_NO_MORE}{_COUNTED}",
        lambda m: code_parts(m["code"]),
        "code",
    )
    # The door of a train: 5-2번 문.
    yield rule(
        rf"{BEFORE}(?P<code>\d{{1,2}}-\d{{1,2}})(?=번?\s?(?:문|출입문|승강장)(?!제))", lambda m: code_parts(m["code"])
    )
    yield rule(rf"{BEFORE}(?P<code>\d{{1,4}}(?:-\d{{1,4}}){{1,2}})(?=\s?(?:번지|호))", lambda m: code_parts(m["code"]))
    yield rule(rf"{BEFORE}(?P<code>\d{{1,7}}(?:-\d{{1,7}}){{2,7}}){_NO_MORE}", _parts)
    yield rule(rf"{BEFORE}(?P<code>7[0-8]7-\d{{1,3}})(?!\d){_COUNTED}", lambda m: by_digit(m["code"]))
    yield rule(rf"{BEFORE}(?P<code>\d{{1,4}}-\d{{1,4}}){_NO_MORE}{_COUNTED}", _lot)


def _telephone(match: Match) -> str:
    found = re.sub(r"^(01\d)(\d{3,4})(\d{4})$", r"\1 \2 \3", match[0])
    return by_digit(found)


def _listed(match: Match) -> str:
    return re.sub(r"\d+", lambda found: by_digit(found[0]), re.sub(r"\s?[·/]\s?", ", ", match[0]))


def _years(match: Match) -> str | None:
    """1939-1945: two years of which the second is later are no telephone number."""
    first, second = match["first"] or match["born"], match["second"] or match["died"]
    return f"{sino(first)}에서 {sino(second)}" if int(first) < int(second) else None


def _lot(match: Match) -> str | None:
    """What stands alone and does not go up is no range."""
    first, second = match["code"].split("-")
    return code_parts(match["code"]) if len(first) > 1 and int(first) > int(second) else None

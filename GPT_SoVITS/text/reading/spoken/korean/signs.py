"""Calculations, ranges, minus and other signs in Korean, what is counted natively, and all other numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import TAKEN, Rule
from GPT_SoVITS.text.reading.spoken.korean.words import by_digit, fraction, native, native_alone, quantity, sino, topic
from GPT_SoVITS.text.reading.spoken.patterns import (
    AFTER_POWER,
    BEFORE,
    CALCULATED,
    COUNTDOWN,
    NUMBER,
    SCIENTIFIC,
    TIMES,
    VERSION,
    counted_down,
    rule,
    said,
)

Match = re.Match[str]

_NATIVE = (
    r"(?:개(?!월|국|년)|명|살|마리|잔|병(?!원)|권|대(?!\s?[일이]|\s?\d)(?=의|를|가|로|는|와|\s|[.,!?]|$)|장(?!을\s?보)|벌|번(?!호|지|가|역|\s?(?:출구|버스|국도|트랙|승강장|플랫폼|홈|탑승구|게이트|창구|타자|문제|방|홈|선수|\s?학생|좌석|\s?참가자))|사람|가지|그루|송이|켤레|채|척|달(?!러)|"
    r"곳|군데|쌍|자루|통|판|포기|줄|배|시간|째|끼|조각|방울|그릇|접시|봉지|상자|박스|팀|골|차례|컵|바퀴|숟갈|숟가락|큰술|작은술|스푼|정거장|정류장|모금|걸음|마디|꼬집)"
)
_OPERATORS = {
    **{"+": " 더하기 ", "-": " 빼기 ", "×": " 곱하기 ", "*": " 곱하기 ", "÷": " 나누기 ", "<": " 작다 ", ">": " 크다 "},
    **{"≥": " 크거나 같다 ", "≤": " 작거나 같다 ", "≠": " 같지 않다 ", "≈": " 약 "},
}
_AT_LEAST = {"≥": " 이상", "≤": " 이하", "<": " 미만", ">": " 초과"}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NAMED_POWERS = {"2": "제곱", "3": "세제곱", "4": "네제곱"}
_TOGETHER = {"12": "한두", "23": "두세", "34": "서너", "45": "네다섯", "56": "대여섯", "67": "예닐곱", "78": "일고여덟"}
_TERM = r"[\d)\ue000A-Za-z]"
_LONG_HOURS = 20  # which are said with Sino-Korean numbers
_AGES = re.compile(r"대(?!의\s?(?:차|버스|비행기))")
_NUMBERED = re.compile(
    r"(?:버스|지하철|트랙|채널|국도|등번호|문제|객관식|(?:정답|답|보기)[은는이가]?|\d반|\ue000반|이반)\s?$"
)
_SEEN = 6  # characters before a number that is a name: 버스 5번
_YOUNG = re.compile(r"대\s?(?:청소년|소녀|소년|때|들|남|여|초반|중반|후반|학생|자녀)")


def _raised(match: Match) -> str:
    exponent = match["exponent"].translate(_POWERS)
    if exponent.isalpha():
        return "의 엔제곱"
    named = _NAMED_POWERS.get(exponent) or f"{sino(exponent.lstrip('-'))}제곱"
    return f"의 {'마이너스 ' if exponent[0] == '-' else ''}{named}"


def _counted(match: Match) -> str:
    """Return a count in native words, except long hours, the tens of an age, and numbers of buses and pupils."""
    value, after = int(match[1]), match.string[match.end() : match.end() + 8].lstrip()
    if after.startswith("번") and _NUMBERED.search(match.string, max(match.start() - _SEEN, 0), match.start()):
        return sino(match[1])
    long = value >= _LONG_HOURS and after.startswith("시간")
    if long or (value % 10 == 0 and _AGES.match(after) and (value > 10 or _YOUNG.match(after))):
        return sino(match[1])
    return native(match[1])


def _about(match: Match) -> str | None:
    """Return a count and the next one as they are said together: 서너 명, 한두 시간."""
    return _TOGETHER.get(match["first"] + match["second"])


def _first_of_two(match: Match) -> str:
    """Return the first of two counts, which stands without what is counted: 셋에서 네 명, but 십에서 이십대."""
    ages = _AGES.match(match.string[match.end() : match.end() + 8].lstrip("-~–0123456789 \ue000"))
    return sino(match[1]) if ages and int(match[1]) % 10 == 0 else native_alone(match[1])


def _equals(match: Match) -> str:
    """Return the particle of what stands before the sign; a power ends in 제곱."""
    term = match.string[max(match.start() - 3, 0) : match.start()]
    return "은 " if "^" in term or term.translate(_POWERS) != term else f"{topic(term[-1])} "


def _number(match: Match) -> str:
    text = match[0]
    return by_digit(text) if len(text) > 1 and text.startswith("0") and "." not in text else quantity(text)


def _scientific(match: Match) -> str:
    power = match["power"].lstrip("0") or "0"
    named = _NAMED_POWERS.get(power) or f"{sino(power)}제곱"
    return f"{quantity(match['number'])} 곱하기 십의 {'마이너스 ' if match['minus'] else ''}{named}"


def before_numbers() -> Iterable[Rule]:
    """Yield the rules of signs that decide what the numbers beside them are."""
    yield rule(rf"(?<=\d)\s?{TIMES}\s?(?=\d)", said(" 곱하기 "))
    yield rule(r"(?<=\d) (?=[$¥￥€£₩]\s?\d)", said(", "))
    yield rule(
        rf"{BEFORE}([12])\+1(?=\s?(?:행사|이벤트|상품|증정|할인|세일))",
        lambda m: {"1": "원", "2": "투"}[m[1]] + " 플러스 원",
    )


def rules() -> Iterable[Rule]:
    """Yield the rules of fractions, versions, counts, calculations, ranges and plain numbers."""
    n = NUMBER
    yield rule(SCIENTIFIC, _scientific)
    yield rule(COUNTDOWN, counted_down(", "), "dash")
    yield rule(rf"{BEFORE}(?:((?!0\d)\d+) )?(\d+)/(\d+)(?![\d/])", lambda m: fraction(m[1] or "", m[2], m[3]))
    yield rule(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\.?\d)", lambda m: " 점 ".join(map(sino, m[0].split("."))))
    yield rule(VERSION, lambda m: " 점 ".join(map(sino, m["version"].split("."))), "version")
    yield rule(rf"(?<!제){BEFORE}(?P<first>[1-9])\s?[-~–]\s?(?P<second>[2-9])(?=\s?{_NATIVE})", _about)
    yield rule(rf"(?<!제)(?<!제 ){BEFORE}(\d{{1,2}})(?=\s?{_NATIVE})", _counted)
    yield rule(rf"(?<!제){BEFORE}(\d{{1,2}})(?=\s?[-~–]{{1,2}}\s?[\d\ue000]{{1,2}}\s?{_NATIVE})", _first_of_two)
    yield rule(r"(?<=[=×÷+<>≥≤≈(])\s?-\s?(?=[\d.])", said(" 마이너스 "))
    yield rule(
        rf"(?<=[\d\ue000]) - {CALCULATED}|(?<=\d) - (?=\d)(?!\d+\s?[가-힣])"
        r"|(?<=[\dA-Za-z\ue000])\s?-\s?(?=[\dA-Za-z\ue000]{1,8}\s?=)",
        said(" 빼기 "),
    )
    yield rule(rf"(?<=[\d)\ue000A-Za-z⁰¹²³⁴⁵⁶⁷⁸⁹가-힣])\s?=\s?(?=[-(?]?{_TERM}|\?)", _equals)
    yield rule(AFTER_POWER, said(" 빼기 "))
    yield rule(r"(?<=[\w)\]])(?P<exponent>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", _raised)
    yield rule(r"(?<=[\w)\]\ue000])\^[({]?(?P<exponent>-?\d{1,4}|[nN](?![A-Za-z]))[)}]?", _raised)
    yield rule(rf"(?<={_TERM})\s?[+×÷<>≥≤≠≈*]\s?(?=[-(]?{_TERM})", lambda m: _OPERATORS[m[0].strip()])
    yield rule(r"(?<=[\w)\ue000])\s?[×÷]\s?(?=[가-힣\ue000\d])", lambda m: _OPERATORS[m[0].strip()])
    yield rule(rf"[≥≤<>]\s?({n})", lambda m: quantity(m[1]) + _AT_LEAST[m[0][0]])
    yield rule(r"±(?=\s?[\d\ue000])", said("플러스 마이너스 "))
    yield rule(r"√(?=\d)", said("루트 "))
    yield rule(r"(?<=약)\s?~\s?(?=[\d\ue000])", said(" "))
    yield rule(r"(?<![\w\ue000℃%)])(?<!\w )~\s?(?=[\d\ue000])", said("약 "))
    yield rule(
        r"(?<=[\d\ue000가-힣])\s?[~–]\s?(?=[\d\ue000가-힣])|(?<=[\d\ue000시일월년분명개원])--?(?=[\d\ue000])"
        r"|(?<=[시일월년분\ue000]) -(?=\ue000|\d{1,4}[월일시])|(?<=[시일월년분]) - (?=[\d\ue000])"
        r"|(?<=\d) - (?=\d)|(?<=\ue000) - (?=\ue000)",
        said("에서 "),
    )
    yield rule(rf"(?<![A-Za-z0-9\ue000)])-(?={n})", said("마이너스 "))
    yield rule(r"[(（]주[)）]\s?", said("주식회사 "))
    yield rule(r"(?<![A-Za-z0-9#])#(?=[\d\ue000])", said("샵 "))
    yield rule(r"(?<![A-Za-z0-9)])\+(?=[\d\ue000])", said("플러스 "))
    yield rule(r"(?<![\d.,])1(?=[만천백]+\s?[가-힣\d\ue000])", said(""))
    yield rule(r"(?<=[원엔])/(?=달러|유로|엔|위안)", said(" "))
    yield rule(rf"{n}|(?<![A-Za-z])\.\d+", _number)
    yield rule(
        "[\u2460-\u2473]",
        lambda m: (", " if m.string[m.start() - 1 : m.start()] == TAKEN else "") + sino(str(ord(m[0]) - 0x245F)) + ", ",
    )
    yield rule(r"(?<=\S)\s--?\s(?=\S)|\s?(?:[—–→]{1,2}|;|:|/)\s?", said(", "))
    yield rule(r"(?<=[\d\ue000])\s?[↑↓]", lambda m: {"↑": " 상승", "↓": " 하락"}[m[0].strip()])
    yield rule(r"[↑↓]\s?(?=[\d\ue000])", lambda m: {"↑": "상승 ", "↓": "하락 "}[m[0].strip()])
    yield rule(r"\s?&\s?", said(" 앤드 "))
    yield rule(r"@(?=\w)", said("골뱅이 "))
    yield rule(r"(?<=[\w\ue000])\+", said(" 플러스"))
    yield rule(r"[#*_|\\^<>=+@°%‰$€£¥￥]", said(""))

"""Money, temperatures, units, rates and percentages in Korean."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.korean.words import PARTICLE, quantity, with_particle
from GPT_SoVITS.text.reading.spoken.patterns import (
    BEFORE,
    DASH,
    GLUED,
    NUMBER,
    SCALE,
    is_inch,
    longest_first,
    names_a_model,
    rule,
    scaled,
)

Match = re.Match[str]

_UNITS = {
    **{"km²": "제곱킬로미터", "m²": "제곱미터", "m³": "세제곱미터", "cm²": "제곱센티미터", "km2": "제곱킬로미터"},
    **{"m2": "제곱미터", "m3": "세제곱미터", "cm2": "제곱센티미터", "cm3": "세제곱센티미터", "cm³": "세제곱센티미터"},
    **{"km": "킬로미터", "cm": "센티미터", "mm": "밀리미터", "m": "미터", "nm": "나노미터", "μm": "마이크로미터"},
    **{"kg": "킬로그램", "mg": "밀리그램", "g": "그램", "t": "톤", "μg": "마이크로그램", "ha": "헥타르", "cc": "시시"},
    **{
        "ml": "밀리리터",
        "mL": "밀리리터",
        "L": "리터",
        "l": "리터",
        "dL": "데시리터",
        "GB": "기가바이트",
        "MB": "메가바이트",
    },
    **{"KB": "킬로바이트", "TB": "테라바이트", "Mbps": "메가비피에스", "Gbps": "기가비피에스", "Hz": "헤르츠"},
    **{
        "kHz": "킬로헤르츠",
        "MHz": "메가헤르츠",
        "GHz": "기가헤르츠",
        "W": "와트",
        "kW": "킬로와트",
        "kWh": "킬로와트시",
    },
    **{"Wh": "와트시", "V": "볼트", "mAh": "밀리암페어시", "dB": "데시벨", "kcal": "킬로칼로리", "cal": "칼로리"},
    **{
        "kJ": "킬로줄",
        "hPa": "헥토파스칼",
        "kPa": "킬로파스칼",
        "Pa": "파스칼",
        "mmHg": "밀리미터 수은주",
        "mmol": "밀리몰",
    },
    **{
        "mol": "몰",
        "ms": "밀리초",
        "min": "분",
        "s": "초",
        "h": "시간",
        "px": "픽셀",
        "rpm": "알피엠",
        "fps": "에프피에스",
    },
}
_UNIT = longest_first(_UNITS)
_NO_UNIT_ON = r"(?![A-Za-z0-9²³])"
# Speeds: the time is said first, once.
_SPEEDS = {"h": "시속", "s": "초속", "min": "분속"}
_EACH = {
    "min": "분당",
    "s": "초당",
    "h": "시간당",
    "분": "분당",
    "초": "초당",
    "시간": "시간당",
    "일": "하루",
    "day": "하루",
}
_CURRENCIES = {
    **{
        "US$": "달러",
        "$": "달러",
        "€": "유로",
        "£": "파운드",
        "¥": "엔",
        "￥": "위안",
        "₩": "원",
        "JP¥": "엔",
        "CN¥": "위안",
    },
    **{
        "HK$": "홍콩달러",
        "NT$": "대만달러",
        "A$": "호주달러",
        "AU$": "호주달러",
        "C$": "캐나다달러",
        "CA$": "캐나다달러",
    },
    **{
        "NZ$": "뉴질랜드달러",
        "S$": "싱가포르달러",
        "SG$": "싱가포르달러",
        "R$": "헤알",
        "₽": "루블",
        "₹": "루피",
        "฿": "밧",
    },
    **{
        "RMB": "위안",
        "CNY": "위안",
        "USD": "달러",
        "HKD": "홍콩달러",
        "TWD": "대만달러",
        "NTD": "대만달러",
        "JPY": "엔",
    },
    **{"EUR": "유로", "GBP": "파운드", "AUD": "호주달러", "CAD": "캐나다달러", "KRW": "원", "SGD": "싱가포르달러"},
    **{"CHF": "스위스프랑", "THB": "밧"},
}
_CURRENCY = longest_first(_CURRENCIES)
_AFTER_AMOUNT = r"[$€£¥￥₩]|(?:RMB|CNY|USD|HKD|TWD|NTD|JPY|EUR|GBP|AUD|CAD|KRW|SGD|CHF|THB)(?![A-Za-z])"
_MINUS = r"(?P<minus>(?<![A-Za-z0-9\ue000)%℃도])-)?"


def _ends(match: Match, minus: str = "마이너스 ") -> str:
    ends = (minus if match["minus"] else "") + quantity(match["first"])
    return ends + (f"에서 {quantity(match['second'])}" if match["second"] else "")


def _measured(match: Match) -> str | None:
    return None if names_a_model(match) else f"{_ends(match)} {with_particle(_UNITS[match['unit']], match['particle'])}"


def _rate(match: Match) -> str:
    """Return a rate: 시속 백 킬로미터; what says the time already is not doubled."""
    before = match.string[max(match.start() - 3, 0) : match.start()].strip()
    unit, each, of = _UNITS[match["unit"]], match["each"], match["of"]
    if each in _SPEEDS and match["unit"] in ("km", "m", "cm"):
        said_already = before in ("시속", "초속", "분속", "풍속", "유속")
        return f"{'' if said_already else _SPEEDS[each] + ' '}{_ends(match)} {unit}"
    if each in _EACH:
        return f"{_EACH[each]} {_ends(match)} {unit}"
    return f"{quantity(of) + ' ' if of else ''}{_UNITS[each]}당 {_ends(match)} {unit}"


def _counted_rate(match: Match) -> str:
    """Return how often, or how much for each: 분당 칠십이회, 제곱미터당 오백원."""
    each = match["each"]
    named = _EACH.get(each) or f"{_UNITS.get(each, each)}당"
    before = match.string[max(match.start() - 4, 0) : match.start()].rstrip()
    head = "" if before.endswith(named) else f"{named} "
    return f"{head}{quantity(match['first'])}{match['counter']}"


def _degrees(match: Match) -> str:
    before = match.string[max(match.start() - 3, 0) : match.start()].rstrip()
    below = "" if before.endswith("영하") else "영하 "
    ends = (below if match["minus"] else "") + quantity(match["first"])
    if match["second"]:
        joint = "도, " if match["joint"] == "/" else "도에서 "
        ends += f"{joint}{'영하 ' if match['minus2'] else ''}{quantity(match['second'])}"
    return ("화씨 " if match["unit"][-1] in "F℉" else "") + ends + "도"


def _place(match: Match) -> str:
    side = {"N": "북위 ", "S": "남위 ", "E": "동경 ", "W": "서경 "}.get(match["side"] or "", "")
    seconds = f" {quantity(match['seconds'])}초" if match["seconds"] else ""
    return f"{side}{quantity(match['degrees'])}도 {quantity(match['minutes'])}분{seconds}"


def _money(match: Match) -> str:
    def amount(text: str) -> str:
        return quantity(scaled(text, match["letter"]) if match["letter"] else text)

    ends = amount(match["first"]) + (f"에서 {amount(match['second'])}" if match["second"] else "")
    currency = with_particle(_CURRENCIES[match["sign"]], match["particle"])
    return f"{'마이너스 ' if match['minus'] else ''}{ends}{match['scale'] or ''} {currency}"


def _percent(match: Match) -> str:
    word = "퍼센트포인트" if match["point"] else {"%": "퍼센트", "‰": "퍼밀"}[match["sign"]]
    ends = ("마이너스 " if match["minus"] else "") + quantity(match["first"])
    if match["second"]:
        ends += f"{word if match['own'] else ''}에서 {quantity(match['second'])}"
    return ends + word


def _height(match: Match) -> str:
    inches = f" {quantity(match['inches'])} 인치" if match["inches"] != "0" else ""
    return f"{quantity(match['feet'])} 피트{inches}"


def _inches(match: Match) -> str | None:
    return f"{quantity(match['first'])} {with_particle('인치', match['particle'])}" if is_inch(match) else None


def rules() -> Iterable[Rule]:
    """Yield the rules."""
    n = NUMBER
    yield rule(rf"{BEFORE}(?P<feet>[1-9])'\s?(?P<inches>1[01]|\d)(?:''|\")", _height)
    yield rule(rf"{BEFORE}(?P<first>{n})(?:''|\"){PARTICLE}", _inches)
    scale = rf"(?:(?P<scale>[만억조천백]+)|\s?(?P<letter>{SCALE}))?"
    yield rule(
        rf"{_MINUS}(?<![A-Za-z])(?P<sign>{_CURRENCY})\s?(?P<first>{n})(?:{DASH}(?:{_CURRENCY})?(?P<second>{n}))?{scale}"
        rf"(?!\d)(?:원|달러|위안)?{PARTICLE}",
        _money,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?P<second>)(?P<letter>)\s?(?P<scale>[만억조천백]+)?\s?(?P<sign>{_AFTER_AMOUNT}){PARTICLE}",
        _money,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})\s?(?:°C|℃|°|도)?(?P<joint>[~–—/]|{GLUED}--?(?=-?\d))(?P<minus2>-)?(?P<second>{n})"
        r"\s?(?P<unit>°\s?C|℃|°\s?F|℉|°|도(?![서로시]))",
        _degrees,
    )
    yield rule(
        rf"{BEFORE}(?P<degrees>{n})°\s?(?P<minutes>{n})'(?:\s?(?P<seconds>{n})(?:''|\"))?\s?(?P<side>[NSEW](?![A-Za-z]))?",
        _place,
    )
    unit = r"(?P<unit>°\s?C|℃|°\s?F|℉|°|(?<=영하 -\d)도|(?<=영하 -\d\d)도)"
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?P<minus2>)(?P<second>)(?P<joint>)\s?{unit}",
        _degrees,
    )
    yield rule(
        rf"{BEFORE}(?P<high>\d{{2,3}})/(?P<low>\d{{2,3}})\s?mmHg",
        lambda m: f"{quantity(m['high'])}에 {quantity(m['low'])} {_UNITS['mmHg']}",
    )
    yield rule(
        r"혈압[은는이가:]?\s?(?P<at>(?P<high>\d{2,3})/(?P<low>\d{2,3}))(?![\d/])",
        lambda m: f"{quantity(m['high'])}에 {quantity(m['low'])}",
        "at",
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?:{DASH}(?P<second>{n}))?\s?(?P<unit>{_UNIT})\s?/\s?(?P<of>10{{0,3}})?\s?(?P<each>{_UNIT}){_NO_UNIT_ON}",
        _rate,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?:{DASH}(?P<second>{n}))?\s?(?P<unit>{_UNIT}){_NO_UNIT_ON}{PARTICLE}",
        _measured,
    )
    yield rule(
        rf"(?<=\d[만억천])(?P<unit>{_UNIT}){_NO_UNIT_ON}{PARTICLE}",
        lambda m: f" {with_particle(_UNITS[m['unit']], m['particle'])}",
    )
    each = rf"(?P<each>시간|[분초일월주년인개잔평박건]|{_UNIT}){_NO_UNIT_ON}"
    yield rule(
        rf"{BEFORE}(?P<first>{n})(?P<counter>[만억천백]*\s?(?:원|회|개|명|건|보|달러|유로))\s?/\s?{each}", _counted_rate
    )
    point = r"(?P<point>(?:포인트|pt|p)(?![A-Za-z]))?"
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?:(?P<own>%)?{DASH}(?P<second>{n}))?\s?(?P<sign>[%‰]){point}",
        _percent,
    )
    yield rule("%", lambda m: "퍼센트")

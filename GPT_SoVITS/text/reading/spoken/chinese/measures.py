"""Money, temperatures, units, rates and percentages in Chinese, alone and as ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.draft import Rule, Say
from GPT_SoVITS.text.reading.spoken.chinese.words import counted, exact, quantity
from GPT_SoVITS.text.reading.spoken.patterns import (
    BEFORE,
    DASH,
    GLUED,
    NUMBER,
    either,
    is_inch,
    longest_first,
    names_a_model,
    plain,
    rule,
    said,
    scaled,
)

Match = re.Match[str]

_UNITS = {
    **{"km²": "平方公里", "cm²": "平方厘米", "mm²": "平方毫米", "m²": "平方米", "m2": "平方米", "km2": "平方公里"},
    **{"cm³": "立方厘米", "m³": "立方米", "m3": "立方米", "cm2": "平方厘米", "cm3": "立方厘米", "ha": "公顷"},
    **{"km": "公里", "cm": "厘米", "mm": "毫米", "dm": "分米", "nm": "纳米", "μm": "微米", "um": "微米", "m": "米"},
    **{"kg": "千克", "mg": "毫克", "μg": "微克", "ug": "微克", "g": "克", "t": "吨", "lb": "磅", "oz": "盎司"},
    **{"ml": "毫升", "mL": "毫升", "ML": "毫升", "dL": "分升", "μL": "微升", "L": "升", "l": "升"},
    **{"kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "Hz": "赫兹", "dB": "分贝", "db": "分贝", "mph": "英里每小时"},
    **{"kWh": "千瓦时", "kW": "千瓦", "MW": "兆瓦", "W": "瓦", "Wh": "瓦时", "kV": "千伏", "V": "伏", "mAh": "毫安时"},
    **{"mA": "毫安", "kcal": "千卡", "kJ": "千焦", "kPa": "千帕", "MPa": "兆帕", "hPa": "百帕", "Pa": "帕"},
    **{
        "mmHg": "毫米汞柱",
        "mmol": "毫摩尔",
        "μmol": "微摩尔",
        "mol": "摩尔",
        "Mbps": "兆比特每秒",
        "Gbps": "吉比特每秒",
    },
    **{
        "ms": "毫秒",
        "min": "分钟",
        "s": "秒",
        "s²": "二次方秒",
        "h": "小时",
        "px": "像素",
        "rpm": "转每分钟",
        "r/min": "转每分钟",
        "Mb/s": "兆比特每秒",
        "Gb/s": "吉比特每秒",
        "fps": "帧",
        "lm": "流明",
    },
}
_RATED = {**_UNITS, "KB": "千字节", "MB": "兆字节", "GB": "吉字节", "TB": "太字节"}
"""Units of rates; amounts of data alone are said by their letters."""
_UNIT = longest_first(_UNITS)
_NO_UNIT_ON = r"(?![A-Za-z0-9²³])"
UNIT_LETTERS = rf"(?:{_UNIT}){_NO_UNIT_ON}"
# What something is counted or paid by: 元/人, 次/分. A unit of letters stands there too.
_PER = either(
    "盎司 加仑 平方米 平方公里 立方米 平米 公斤 千克 公里 小时 分钟 千瓦时 人次 人天 工作日 学期 课时 公頃 小時 分鐘 "
    "[分秒时時天日周月季年斤吨克米升人次台套件股位户戶亩个個包盒瓶份张張页頁集节節桌头只隻辆輛间間房晚床株棵趟站点點场場票字"
    "条條组組队隊度平立桶箱袋篇本块塊磅呎尺碗杯颗顆粒支枝根片双雙对對副把盘盤碟串顿頓餐盆捆打卷捲罐听勺匹头頭道门門]"
)
_DEGREES = {
    "℃": "度",
    "°F": "华氏度",
    "℉": "华氏度",
    "°": "度",
    "度": "度",
    "摄氏度": "摄氏度",
    "攝氏度": "摄氏度",
}
_DEGREE = r"℃|°\s?F|℉|°|度|[摄攝]氏度"
_CURRENCIES = {
    **{"US$": "美元", "$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元", "HK$": "港元", "NT$": "新台币"},
    **{
        "A$": "澳元",
        "AU$": "澳元",
        "C$": "加元",
        "CA$": "加元",
        "NZ$": "新西兰元",
        "S$": "新加坡元",
        "SG$": "新加坡元",
    },
    **{
        "R$": "雷亚尔",
        "MOP$": "澳门元",
        "JP¥": "日元",
        "CN¥": "元",
        "₩": "韩元",
        "₽": "卢布",
        "₹": "卢比",
        "฿": "泰铢",
    },
    **{"₫": "越南盾", "₺": "里拉", "₱": "比索", "₿": "比特币"},
    **{"RMB": "人民币", "CNY": "元", "USD": "美元", "HKD": "港元", "TWD": "新台币", "NTD": "新台币", "JPY": "日元"},
    **{"EUR": "欧元", "GBP": "英镑", "AUD": "澳元", "CAD": "加元", "KRW": "韩元", "SGD": "新加坡元", "CHF": "瑞士法郎"},
    **{"THB": "泰铢", "MOP": "澳门元", "USDT": "泰达币", "BTC": "比特币"},
}
_CURRENCY = longest_first(_CURRENCIES)
_SUFFIX = r"[$€£¥￥₩]|(?:RMB|CNY|USD|HKD|TWD|NTD|JPY|EUR|GBP|AUD|CAD|KRW|SGD|CHF|THB|MOP|USDT|BTC)(?![A-Za-z])"
_SCALE = "亿|千万|百万|万亿|万|千|億|千萬|百萬|萬億|萬"
_LETTER_SCALE = r"(?:[kKmMbBwW]|bn)(?![A-Za-z])"
_NAMED = (
    r"(?:\s?(?:USD|RMB|CNY|HKD|EUR|GBP|JPY)(?![A-Za-z])"
    r"|元|块|塊|蚊|美元|美金|日元|人民币|人民幣|港[元币幣]|欧元|歐元|英镑|英鎊|[澳加]元|新台币|新臺幣|台币)"
)
# After these a hyphen is the dash of a range.
_MINUS = (
    r"(?P<minus>(?<![A-Za-z0-9\ue000)%℃°])"
    r"(?<![\d\ue000一二三四五六七八九十][日号月年周天点分时章节层楼元度室岁期个人米克])-)?"
)


_NO_COINS = re.compile(r"\.00?$")


def _degrees(match: Match) -> str:
    unit = _DEGREES[match["unit"].replace(" ", "")]
    ends = [("零下" if sign else "") + exact(plain(value)) for sign, value in _ends(match)]
    if unit == "华氏度":
        return "华氏" + "到".join(ends) + "度"
    return "至".join(ends) + unit


def _ends(match: Match) -> list[tuple[str | None, str]]:
    ends = [(match["minus"], match["first"])]
    return [*ends, (match["minus2"], match["second"])] if match["second"] else ends


def _money(currencies: Mapping[str, str]) -> Iterable[Rule]:
    def amount(text: str, letter: str | None) -> str:
        return quantity(scaled(text, letter)) if letter else counted(_NO_COINS.sub("", plain(text)))

    def amount_of(match: Match) -> str:
        letter = match["letter"]
        ends = amount(match["first"], letter) + (f"到{amount(match['second'], letter)}" if match["second"] else "")
        return f"{'负' if match['minus'] else ''}{ends}{match['scale'] or ''}{currencies[match['currency']]}"

    yield rule(
        rf"{_MINUS}(?<![A-Za-z])(?P<currency>{_CURRENCY})\s?(?P<first>{NUMBER})(?:{DASH}(?:{_CURRENCY})?(?P<second>{NUMBER}))?"
        rf"(?:(?P<scale>{_SCALE})|\s?(?P<letter>{_LETTER_SCALE}))?(?!\d){_NAMED}?",
        amount_of,
    )
    yield rule(
        rf"(?<![\d.,]){_MINUS}(?P<first>{NUMBER})(?P<second>)(?P<letter>)\s?(?P<scale>{_SCALE})?\s?(?P<currency>{_SUFFIX})",
        amount_of,
    )


def _temperatures() -> Iterable[Rule]:
    before, n = r"(?<![\d.,])", NUMBER
    # A first end with its own sign of degrees: 5℃~10℃. The two of a forecast: 28/18℃.
    yield rule(
        rf"{before}{_MINUS}(?P<first>{n})\s?(?:{_DEGREE})?(?:\s?[~～–—至到/]\s?|{GLUED}--?(?=-?\d))(?P<minus2>-)?(?P<second>{n})\s?(?P<unit>{_DEGREE})(?!\d)",
        _degrees,
    )
    yield rule(
        rf"{BEFORE}(?P<degrees>{n})°\s?(?P<minutes>{n})'(?:\s?(?P<seconds>{n})(?:''|\"))?\s?(?P<side>[NSEW](?![A-Za-z]))?",
        _place,
    )
    yield rule(rf"{before}{_MINUS}(?P<first>{n})(?P<minus2>)(?P<second>)\s?(?P<unit>{_DEGREE})(?![多])", _degrees)


def _place(match: Match) -> str:
    side = {"N": "北纬", "S": "南纬", "E": "东经", "W": "西经"}.get(match["side"] or "", "")
    seconds = f"{quantity(match['seconds'])}秒" if match["seconds"] else ""
    return f"{side}{quantity(match['degrees'])}度{quantity(match['minutes'])}分{seconds}"


def _measured(match: Match) -> str | None:
    if names_a_model(match):
        return None
    ends = ("负" if match["minus"] else "") + counted(match["first"])
    if match["second"]:
        ends += f"到{counted(match['second'])}"
    return ends + _RATED[match["unit"]] + _each(match)


def _each(match: Match) -> str:
    """Return what follows the line of a rate: 每小时, 每百公里, 每人; 时速 says it already."""
    if not match["each"] or match.string[max(match.start() - 2, 0) : match.start()] in ("时速", "時速"):
        return ""
    of = cardinal(match["of"]).removeprefix("一") if match["of"] else ""
    return f"每{of}{_UNITS.get(match['each'], match['each'])}"


def _pressure(match: Match) -> str:
    unit = "毫米汞柱" if match["unit"] else ""
    return f"{cardinal(match['high'])}，{cardinal(match['low'])}{unit}"


def _height(*, cantonese: bool) -> Say:
    foot, inch = ("呎", "吋") if cantonese else ("英尺", "英寸")

    def say(match: Match) -> str:
        inches = f"{counted(match['inches'])}{inch}" if match["inches"] != "0" else ""
        return f"{counted(match['feet'])}{foot}{inches}"

    return say


def _inches(*, cantonese: bool) -> Say:
    unit = "吋" if cantonese else "英寸"
    return lambda match: f"{counted(match['first'])}{unit}" if is_inch(match) else None


def _units(*, cantonese: bool) -> Iterable[Rule]:
    each = rf"\s?/\s?(?P<of>1\d{{0,3}})?\s?(?P<each>{_UNIT}|{_PER})"
    yield rule(rf"{BEFORE}(?P<high>\d{{2,3}})/(?P<low>\d{{2,3}})\s?(?P<unit>mmHg|毫米汞柱)", _pressure)
    compared = "(?:[是为為:：<>≤≥]|[低高小大][于於]|不超过|不超過)?"
    yield rule(
        rf"血[压壓]\s?{compared}\s?(?P<at>(?P<high>\d{{2,3}})/(?P<low>\d{{2,3}})(?P<unit>))(?!\d)",
        _pressure,
        "at",
    )
    # 市盈率15.2x, but not the term of an equation.
    yield rule(
        rf"(?<![\w.=+*^(-])(?<!\d[,:/])({NUMBER})x(?![A-Za-z0-9²³^])(?!\s?[-+=*/×÷<>≥≤])"
        rf"|(?<=[\u4e00-\u9fff])(?<![解乘设設求令把加减減式程数數])({NUMBER})x(?=[，。、；）)]|$)",
        lambda m: f"{counted(m[1] or m[2])}倍",
    )
    # 5'8" of a person, 27" of a screen; a closing quote is no inch.
    tall = r"(?P<feet>[1-9])'\s?(?P<inches>1[01]|\d)(?:''|\"|(?!\d))"
    yield rule(rf"(?:[高矮]|height)[^\d，。\n]{{0,3}}(?P<at>{tall})", _height(cantonese=cantonese), "at")
    yield rule(rf"{BEFORE}(?P<feet>[1-9])'\s?(?P<inches>\d)(?:''|\")", _height(cantonese=cantonese))
    yield rule(rf"{BEFORE}(?P<first>{NUMBER})(?:''|\")", _inches(cantonese=cantonese))
    yield rule(r"(?<![\d.'])(\d{1,3})'(?=[\u4e00-\u9fff，。])", lambda m: f"{counted(m[1])}分钟")
    yield rule(rf"{BEFORE}(\d)m(\d{{2}})(?![\dA-Za-z])", lambda m: f"{counted(m[1])}米{digits(m[2])}")
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{NUMBER})(?:\s?(?:{_UNIT})?{DASH}(?P<second>{NUMBER}))?\s?(?P<unit>{_UNIT})"
        rf"(?:{each})?{_NO_UNIT_ON}",
        _measured,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{NUMBER})(?P<second>)\s?(?P<unit>[KMGT]B)/(?P<of>)(?P<each>s|min|h|秒){_NO_UNIT_ON}",
        _measured,
    )
    yield rule(  # 3×10⁸m/s
        rf"(?:(?<=[\d⁰¹²³⁴-⁹][⁰¹²³⁴-⁹])|(?<=\d[万亿千百萬億]))(?P<unit>{_UNIT})(?:{each})?{_NO_UNIT_ON}",
        lambda m: _RATED[m["unit"]] + _each(m),
    )
    yield rule(rf"(?<=[\d\ue000多几万亿千百十半])[\u4e00-\u9fff]{{1,4}}(?P<rate>{each}){_NO_UNIT_ON}", _each, "rate")
    yield rule(rf"(?<=\ue000)/(?P<of>)(?P<each>{_PER}|{_UNIT}{_NO_UNIT_ON})", _each)
    yield rule(rf"(?<=[元块塊蚊次度升克])/(?P<unit>)(?P<of>1\d{{0,3}})?(?P<each>{_UNIT}|{_PER}){_NO_UNIT_ON}", _each)


def _percent(match: Match) -> str:
    word = {"%": "百分之", "‰": "千分之", "‱": "万分之"}[match["sign"]]
    first = ("负" if match["minus"] else "") + word + exact(plain(match["first"]))
    second = "至" + ("负" if match["minus2"] else "") + word + exact(plain(match["second"])) if match["second"] else ""
    return first + ("多" if match["more"] else "") + second


def _percentages() -> Iterable[Rule]:
    minus = r"(?P<minus>-(?<![A-Za-z0-9%℃日号月年元\ue000]-))?"
    yield rule(
        rf"{BEFORE}{minus}(?P<first>{NUMBER})(?P<more>)%?(?:\s?[~～–—至到]\s?|\s?--?\s?(?=-?\d))(?P<minus2>-)?"
        rf"(?P<second>{NUMBER})(?P<sign>[%‰‱])",
        _percent,
    )
    yield rule(rf"{BEFORE}{minus}(?P<first>{NUMBER})(?P<more>\+)?(?P<minus2>)(?P<second>)\s?(?P<sign>[%‰‱])", _percent)
    money = "(?:[美欧日港澳加韩]元|英镑|人民币|[港台]币|卢布)"
    yield rule(rf"(?<=[美欧日港澳加韩]元|[港台]币|英镑)/(?={money})", said("兑"))
    yield rule(
        r"(?<![数數一二三四五六七八九十百两兩])(?P<share>多少|[几幾xX]|[数數]?[一二三四五六七八九十百两兩]+)\s?%",
        lambda m: f"百分之{m['share']}",
    )


def rules(*, cantonese: bool) -> Iterable[Rule]:
    """Yield the rules of money, temperatures, units and percentages.

    Args:
        cantonese: Whether a bare ``$`` is the money of Hong Kong.
    """
    yield from _money({**_CURRENCIES, "$": "蚊"} if cantonese else _CURRENCIES)
    yield from _temperatures()
    yield from _units(cantonese=cantonese)
    yield from _percentages()

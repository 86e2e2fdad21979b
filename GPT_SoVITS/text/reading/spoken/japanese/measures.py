"""Money, temperatures, units, rates and percentages in Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.japanese.words import quantity
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
    **{"km²": "平方キロメートル", "m²": "平方メートル", "m³": "立方メートル", "cm²": "平方センチメートル"},
    **{"km2": "平方キロメートル", "m2": "平方メートル", "m3": "立方メートル", "cm2": "平方センチメートル"},
    **{"cm³": "立方センチメートル", "cm3": "立方センチメートル", "mm²": "平方ミリメートル", "ha": "ヘクタール"},
    **{"km": "キロメートル", "cm": "センチメートル", "mm": "ミリメートル", "m": "メートル", "nm": "ナノメートル"},
    **{
        "μm": "マイクロメートル",
        "kg": "キログラム",
        "mg": "ミリグラム",
        "g": "グラム",
        "t": "トン",
        "μg": "マイクログラム",
    },
    **{
        "ml": "ミリリットル",
        "mL": "ミリリットル",
        "L": "リットル",
        "l": "リットル",
        "dL": "デシリットル",
        "cc": "シーシー",
    },
    **{"GB": "ギガバイト", "MB": "メガバイト", "KB": "キロバイト", "TB": "テラバイト", "Mbps": "メガビーピーエス"},
    **{"Gbps": "ギガビーピーエス", "Hz": "ヘルツ", "kHz": "キロヘルツ", "MHz": "メガヘルツ", "GHz": "ギガヘルツ"},
    **{"dB": "デシベル", "W": "ワット", "kW": "キロワット", "kWh": "キロワット時", "Wh": "ワット時", "V": "ボルト"},
    **{
        "mAh": "ミリアンペアアワー",
        "mA": "ミリアンペア",
        "hPa": "ヘクトパスカル",
        "kPa": "キロパスカル",
        "Pa": "パスカル",
    },
    **{
        "MPa": "メガパスカル",
        "mmHg": "ミリメートルエイチジー",
        "mmol": "ミリモル",
        "mol": "モル",
        "kJ": "キロジュール",
    },
    **{
        "kcal": "キロカロリー",
        "cal": "カロリー",
        "ms": "ミリ秒",
        "min": "分",
        "s": "秒",
        "h": "時間",
        "rpm": "アールピーエム",
    },
    **{"px": "ピクセル", "ppm": "ピーピーエム", "mph": "マイル毎時", "fps": "エフピーエス"},
}
_PER_TIME = {"km/h": "キロメートル毎時", "m/s": "メートル毎秒", "km/s": "キロメートル毎秒", "m/min": "メートル毎分"}
_UNIT = longest_first(_UNITS)
_NO_UNIT_ON = r"(?![A-Za-z0-9²³])"
_EACH = {
    "min": "毎分",
    "s": "毎秒",
    "h": "毎時",
    "分": "毎分",
    "秒": "毎秒",
    "時": "毎時",
    "時間": "1時間",
    "日": "1日",
}
_EACH |= {"月": "月", "週": "週", "年": "年", "回": "1回", "泊": "1泊", "day": "1日"}
_CURRENCIES = {
    **{"$": "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "￥": "円", "₩": "ウォン", "JP¥": "円"},
    **{"HK$": "香港ドル", "NT$": "台湾ドル", "A$": "オーストラリアドル", "AU$": "オーストラリアドル", "CN¥": "元"},
    **{"C$": "カナダドル", "CA$": "カナダドル", "NZ$": "ニュージーランドドル", "S$": "シンガポールドル"},
    **{"SG$": "シンガポールドル", "R$": "レアル", "₽": "ルーブル", "₹": "ルピー", "฿": "バーツ", "₿": "ビットコイン"},
    **{
        "RMB": "人民元",
        "CNY": "人民元",
        "USD": "ドル",
        "HKD": "香港ドル",
        "TWD": "台湾ドル",
        "NTD": "台湾ドル",
        "JPY": "円",
    },
    **{"EUR": "ユーロ", "GBP": "ポンド", "AUD": "オーストラリアドル", "CAD": "カナダドル", "KRW": "ウォン"},
    **{"SGD": "シンガポールドル", "CHF": "スイスフラン", "THB": "バーツ"},
}
_CURRENCY = longest_first(_CURRENCIES)
_AFTER_AMOUNT = r"[$€£¥￥₩]|(?:RMB|CNY|USD|HKD|TWD|NTD|JPY|EUR|GBP|AUD|CAD|KRW|SGD|CHF|THB)(?![A-Za-z])"
_NUMBER = re.compile(NUMBER)
_MIXED = rf"{NUMBER}(?:[万億兆千百]{{1,3}}(?:{NUMBER})?){{0,5}}"
"""A number some of which is in Han characters: 8万5千."""
_MINUS = r"(?P<minus>(?<![A-Za-z0-9\ue000)%℃度円年月日時分])-)?"
_DEGREE = r"°\s?C|℃|°\s?F|℉|°|度"


def _ends(match: Match, joint: str = "から") -> str:
    minus = "マイナス" if match["minus"] else ""
    return minus + quantity(match["first"]) + (joint + quantity(match["second"]) if match["second"] else "")


def _measured(match: Match) -> str | None:
    return None if names_a_model(match) else _ends(match) + _UNITS[match["unit"]]


def _rate(match: Match) -> str:
    """Return a rate: 時速 says the time already."""
    before = match.string[max(match.start() - 2, 0) : match.start()]
    unit, each, of = match["unit"], match["each"], match["of"] or ""
    if before in ("時速", "秒速", "分速", "風速", "毎時", "毎秒", "毎分"):
        return _ends(match) + _UNITS[unit]
    known = _PER_TIME.get(f"{unit}/{each}")
    return _ends(match) + (known or f"{_UNITS[unit]}まい{of}{'時' if each == 'h' else _UNITS[each]}")


def _counted_rate(match: Match) -> str:
    """Return how often, or how much for each: 毎分72回, 1人あたり500円."""
    return f"{_for_each(match)}{_NUMBER.sub(lambda part: quantity(part[0]), match['first'])}{match['counter']}"


def _for_each(match: Match) -> str:
    """Return what stands before a rate: 毎分, 1人あたり, 100グラムあたり; nothing where there is none."""
    each, of = match["each"], match["of"]
    if not each:
        return ""
    named = _EACH.get(each)
    return named if named and not of else f"{of or '1'}{_UNITS.get(each, each)}あたり"


def _degrees(match: Match) -> str:
    ends = ("マイナス" if match["minus"] else "") + quantity(match["first"])
    if match["second"]:
        joint = "度、" if match["joint"] == "/" else "度から"
        ends += f"{joint}{'マイナス' if match['minus2'] else ''}{quantity(match['second'])}"
    return ("華氏" if match["unit"][-1] in "F℉" else "") + ends + "度"


def _place(match: Match) -> str:
    side = {"N": "北緯", "S": "南緯", "E": "東経", "W": "西経"}.get(match["side"] or "", "")
    seconds = f"{quantity(match['seconds'])}秒" if match["seconds"] else ""
    return f"{side}{quantity(match['degrees'])}度{quantity(match['minutes'])}分{seconds}"


def _money(match: Match) -> str:
    def amount(text: str) -> str:
        return quantity(scaled(text, match["letter"]) if match["letter"] else text)

    ends = amount(match["first"]) + (f"から{amount(match['second'])}" if match["second"] else "")
    minus = "マイナス" if match["minus"] else ""
    return f"{_for_each(match)}{minus}{ends}{match['scale'] or ''}{_CURRENCIES[match['sign']]}"


def _percent(match: Match) -> str:
    word = "パーセントポイント" if match["point"] else {"%": "パーセント", "‰": "パーミル"}[match["sign"]]
    return _ends(match, f"{word if match['own'] else ''}から") + word


def _batting(share: str) -> str:
    """Return a share of a thousand as in baseball: 325 is 3割2分5厘."""
    named = zip(share, ("割", "ぶ", "厘"), strict=True)
    return "".join(f"{digit}{unit}" for digit, unit in named if digit != "0") or "0"


def _height(match: Match) -> str:
    inches = f"{match['inches']}インチ" if match["inches"] != "0" else ""
    return f"{match['feet']}フィート{inches}"


def rules() -> Iterable[Rule]:
    """Yield the rules."""
    n = NUMBER
    yield rule(rf"{BEFORE}(?P<feet>[1-9])'\s?(?P<inches>1[01]|\d)(?:''|\")", _height)
    yield rule(rf"{BEFORE}(?P<first>{n})(?:''|\")", lambda m: f"{quantity(m['first'])}インチ" if is_inch(m) else None)
    yield rule(r"(?<=[打塁勝])率[はがも:]?\s?(?P<at>0?\.(?P<share>\d{3}))(?!\d)", lambda m: _batting(m["share"]), "at")
    yield rule(rf"{BEFORE}(?P<first>\d{{2,5}})\s?(?:m|メートル)走", lambda m: f"{m['first']}メートルソウ")
    each = rf"\s?/\s?(?P<of>\d{{1,4}})?(?P<each>時間|[分秒時日月週年人個本枚台回泊戸株杯箱袋坪室]|{_UNIT}){_NO_UNIT_ON}"
    scale = rf"(?:(?P<scale>[万億兆千百]+)|\s?(?P<letter>{SCALE}))?"
    yield rule(
        rf"{_MINUS}(?<![A-Za-z])(?P<sign>{_CURRENCY})\s?(?P<first>{n})(?:{DASH}(?:{_CURRENCY})?(?P<second>{n}))?{scale}"
        rf"(?!\d)(?:円|ドル|元)?(?:{each})?",
        _money,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?P<second>)(?P<letter>)\s?(?P<scale>[万億兆千百]+)?\s?(?P<sign>{_AFTER_AMOUNT})(?:{each})?",
        _money,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})\s?(?:{_DEGREE})?(?P<joint>[~–—/]|{GLUED}--?(?=-?\d))(?P<minus2>-)?(?P<second>{n})\s?(?P<unit>{_DEGREE})",
        _degrees,
    )
    yield rule(
        rf"{BEFORE}(?P<degrees>{n})°\s?(?P<minutes>{n})'(?:\s?(?P<seconds>{n})(?:''|\"))?\s?(?P<side>[NSEW](?![A-Za-z]))?",
        _place,
    )
    yield rule(rf"{BEFORE}{_MINUS}(?P<first>{n})(?P<minus2>)(?P<second>)(?P<joint>)\s?(?P<unit>{_DEGREE})", _degrees)
    yield rule(
        rf"{BEFORE}(?P<high>\d{{2,3}})/(?P<low>\d{{2,3}})\s?mmHg",
        lambda m: f"{m['high']}の{m['low']}{_UNITS['mmHg']}",
    )
    yield rule(r"血圧[はがも:]?\s?(?P<at>\d{2,3}/\d{2,3})(?![\d/])", lambda m: m["at"].replace("/", "の"), "at")
    yield rule(
        rf"{BEFORE}(?P<first>{_MIXED})(?P<counter>(?:[円回個本枚件人拍台杯歩字]|ドル|ユーロ|ポイント)){each}",
        _counted_rate,
    )
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?:{DASH}(?P<second>{n}))?\s?(?P<unit>{_UNIT})\s?/\s?(?P<of>10{{0,3}})?\s?(?P<each>{_UNIT}){_NO_UNIT_ON}",
        _rate,
    )
    yield rule(rf"{BEFORE}{_MINUS}(?P<first>{n})(?:{DASH}(?P<second>{n}))?\s?(?P<unit>{_UNIT}){_NO_UNIT_ON}", _measured)
    yield rule(rf"(?<=\d[万億千百])(?P<unit>{_UNIT}){_NO_UNIT_ON}", lambda m: _UNITS[m["unit"]])
    yield rule(
        rf"{BEFORE}{_MINUS}(?P<first>{n})(?:(?P<own>%)?{DASH}(?P<second>{n}))?\s?(?P<sign>[%‰])(?P<point>(?:ポイント|pt|p)(?![A-Za-z]))?",
        _percent,
    )
    yield rule("%", lambda m: "パーセント")

"""Money, percentages, temperatures, angles and units in English, alone and as ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule, said
from GPT_SoVITS.text.reading.spoken import english_k
from GPT_SoVITS.text.reading.spoken.english_attributes import is_attribute
from GPT_SoVITS.text.reading.spoken.english_numbers import quantity
from GPT_SoVITS.text.reading.spoken.english_units import PER, RATE, UNIT, UNIT_STOP, per_name, unit_name
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, DASH, NUMBER, is_inch, plain


def _dollars(country: str) -> tuple[str, str, str, str]:
    return f"{country} dollar", f"{country} dollars", "cent", "cents"


_EURO, _POUND = ("euro", "euros", "cent", "cents"), ("pound", "pounds", "penny", "pence")
# sign -> one, many, one coin, many coins
_CURRENCIES = {
    **{"$": ("dollar", "dollars", "cent", "cents"), "€": _EURO, "£": _POUND, "¥": ("yen", "yen", "", "")},
    **{"￥": ("yuan", "yuan", "", ""), "₹": ("rupee", "rupees", "", ""), "₩": ("won", "won", "", "")},
    **dict.fromkeys(("Rs.", "Rs"), ("rupee", "rupees", "", "")),
    **{"₽": ("ruble", "rubles", "", ""), "₺": ("lira", "lira", "", ""), "₫": ("dong", "dong", "", "")},
    **{"₱": ("peso", "pesos", "", ""), "₿": ("bitcoin", "bitcoins", "", ""), "฿": ("baht", "baht", "", "")},
    **dict.fromkeys(("US$", "U.S.$"), _dollars("U S")),
    **dict.fromkeys(("A$", "AU$"), _dollars("Australian")),
    **dict.fromkeys(("C$", "CA$", "CAD$"), _dollars("Canadian")),
    **{"HK$": _dollars("Hong Kong"), "S$": _dollars("Singapore"), "SG$": _dollars("Singapore")},
    **{"NZ$": _dollars("New Zealand"), "NT$": _dollars("New Taiwan"), "R$": ("real", "reais", "", "")},
    **{"MX$": ("Mexican peso", "Mexican pesos", "", "")},
}
_CODES = {
    **{"USD": _dollars("U S"), "AUD": _dollars("Australian"), "CAD": _dollars("Canadian")},
    **{"HKD": _dollars("Hong Kong"), "SGD": _dollars("Singapore"), "NZD": _dollars("New Zealand")},
    **{"EUR": _EURO, "GBP": _POUND, "JPY": _CURRENCIES["¥"], "CNY": _CURRENCIES["￥"], "RMB": _CURRENCIES["￥"]},
    **{"KRW": _CURRENCIES["₩"], "INR": _CURRENCIES["₹"], "RUB": _CURRENCIES["₽"], "TWD": _dollars("New Taiwan")},
    **{"CHF": ("Swiss franc", "Swiss francs", "", ""), "BTC": _CURRENCIES["₿"], "THB": _CURRENCIES["฿"]},
}
_NAMES = {**_CURRENCIES, **_CODES}
_SIGN = rf"(?:{'|'.join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))})"
_CODE = rf"(?:{'|'.join(_CODES)})"
_SCALES = {
    **{"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million"},
    **{"bn": "billion", "B": "billion", "b": "billion", "tn": "trillion", "T": "trillion"},
}
_SCALE_WORDS = r"(?:hundred|thousand|million|billion|trillion|bn|mn|tn|[kKmMbBT])"
_SCALE = rf"(?:\s?(?P<scale>{_SCALE_WORDS})\b)?"
_FIRST_SCALE = rf"(?:(?:\s|(?P<joined>-))?(?P<first_scale>{_SCALE_WORDS})\b)?"
_DEGREE = r"°\s?[CF]\b|℃|℉|°"
_DEGREES = {"C": " celsius", "F": " fahrenheit", "℃": " celsius", "℉": " fahrenheit", "°": ""}
_POINTS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_AMOUNT = rf"(?:{NUMBER}|\.\d+)"
_WARM = re.compile(r"[℃℉]|\b[Tt]emp(?:erature)?s?\b|\b[Kk]elvin\b|\babsolute zero\b")
_SEEN = 60  # characters to either side in which temperatures are spoken of
# A width of pictures and a length of races are so many K.
_ITS_K = "(?:TVs?|UHD|HDR|videos?|footage|resolution|displays?|screens?|monitors?|content|streams?|run|race)"


def rules() -> Iterable[Rule]:
    """Yield the rules of money, percentages, temperatures, angles and units."""
    yield rule(r"(?<=\d) (?=[$€£¥]\d)", said(", "))
    yield from _money()
    yield from _angles()
    yield from _measures()
    yield rule(r"(?<=\ue000)/(?=\ue000)", said(", "))  # two measures: 2.4 GHz/5 GHz


def _money() -> Iterable[Rule]:
    minus = r"(?P<minus>(?<![\w\ue000)])[-+])?"
    yield rule(
        rf"{minus}(?<![A-Za-z])(?P<sign>{_SIGN}|{_CODE}\s?)\s?(?P<first>{_AMOUNT}){_FIRST_SCALE}"
        rf"(?:{DASH}(?:{_SIGN})?(?P<second>{_AMOUNT}))?{_SCALE}{PER}",
        _amount,
    )
    yield rule(
        rf"{BEFORE}{minus}(?P<first>{NUMBER}){_FIRST_SCALE}(?P<second>)(?P<scale>)\s?(?P<sign>[€£¥￥₩₹₽$]|{_CODE}\b)(?!\d){PER}",
        _amount,
    )
    yield rule(
        rf"{BEFORE}(?P<first>{NUMBER})(?:{DASH}(?P<second>{NUMBER}))?\s?¢",
        lambda m: f"{_ends(m)} cent{'' if (_is_one(m['first']) and not m['second']) or is_attribute(m) else 's'}",
    )


def _angles() -> Iterable[Rule]:
    # 39°54′ is written 39°54' by now, and a second of an arc is ".
    yield rule(
        rf"{BEFORE}(?P<degrees>\d{{1,3}})°\s?(?P<minutes>[0-5]?\d)'(?:\s?(?P<seconds>[0-5]?\d(?:\.\d+)?)(?:\"|''))?"
        r"(?:\s?(?P<point>[NSEW])\b)?",
        _arc,
    )
    yield rule(rf"{BEFORE}(?P<degrees>{NUMBER})°(?P<minutes>)(?P<seconds>)\s?(?P<point>[NSEW])\b", _arc)
    yield rule(
        rf"{BEFORE}(?P<feet>\d{{1,2}})\s?(?:ft|feet|foot)\.?,?\s(?P<inches>1[01]|\d)\s?in(?:ches|ch)?\b(?!\s(?:the|a)\b)",
        _height,
    )
    yield rule(rf"{BEFORE}(?P<feet>[1-9])'\s?(?P<inches>1[01]|\d)(?:\"|'')?(?![\d'])", _height)
    yield rule(
        rf"{BEFORE}(?P<first>{NUMBER})\"(?=\s[a-z])(?![^\"\n]{{0,80}}\")",
        lambda m: f"{quantity(m['first'])} inch" if is_inch(m) else None,
    )


def _measures() -> Iterable[Rule]:
    n = NUMBER
    minus = r"(?P<minus>(?<![\w\ue000)])-)?"
    second = rf"(?:{DASH}(?P<second>{n}))?"
    yield rule(rf"{BEFORE}{minus}(?P<first>{n})%?{second}\s?(?P<sign>[%‰]){PER}", _percent)
    yield rule(
        r"\d\s?(?:ft|in|cm|mm|m|yd|km|')\.?(?P<by>\s?[x×]\s?)(?=\d+(?:\.\d+)?\s?(?:ft|in|cm|mm|m|yd|km|'))",
        said(" by "),
        "by",
    )
    yield rule(
        rf"{BEFORE}(?P<first>\d{{2,5}})/(?P<second>\d{{2,5}})\s?(?P<unit>[kMG]?Hz|V|W)(?![\w²³'/])",
        lambda m: f"{quantity(m['first'])} or {quantity(m['second'])} {unit_name(m['unit'], one=False, say=quantity)}",
    )
    yield rule(rf"{BEFORE}(?P<first>{n})\s?K(?![\w']|\s[a-z]+s\b)", _kelvin)
    # 28/18°C: the warmest and the coldest of a day.
    yield rule(
        rf"{BEFORE}{minus}(?P<first>{n})(?:\s?(?:{_DEGREE})?(?:[~–—]|--?(?=-?\d))|/)(?:(?P<minus2>-)?(?P<second>{n}))\s?(?P<unit>{_DEGREE})",
        _degrees,
    )
    yield rule(rf"{BEFORE}{minus}(?P<first>{n})(?P<second>)(?P<minus2>)\s?(?P<unit>{_DEGREE})", _degrees)
    yield rule(rf"{BEFORE}(?P<above>\d{{2,3}})/(?P<below>\d{{2,3}})\s?mm\s?Hg\b", _pressure)
    yield rule(
        r"\b(?:[Bb]lood pressure|BP)\b[^\d\n.!?]{0,16}(?P<at>(?P<above>\d{2,3})/(?P<below>\d{2,3}))(?![\d/])",
        lambda m: f"{quantity(m['above'])} over {quantity(m['below'])}",
        "at",
    )
    yield rule(
        rf"{BEFORE}(?P<wide>\d{{1,5}})\s?[xX×]\s?(?P<high>\d{{1,5}})(?:\s?[xX×]\s?(?P<deep>\d{{1,5}}))?"
        rf"[ -]?(?P<unit>{UNIT}|inch(?:es)?|feet)(?![\w²³'/])",
        _dimensions,
    )
    yield rule(
        rf"{BEFORE}(?<![A-Za-z]-){minus}(?P<first>{n}){second}(?P<joint>[ -]?)(?P<unit>{UNIT})"
        rf"(?![\w²³']|/(?!\d)){UNIT_STOP}",
        _measured,
    )
    yield rule(rf"(?<![\w/.-])(?P<unit>{RATE})(?![\w²³/.-])", lambda m: unit_name(m["unit"], one=False, say=quantity))
    yield rule(
        rf"{BEFORE}(?P<first>{n})K(?=\s{_ITS_K}\b|\s\ue000\s?\d|\sat\s\d)", lambda m: f"{quantity(m['first'])} K"
    )
    yield from english_k.rules()
    yield rule(
        rf"{BEFORE}(?P<first>{n})\s?(?P<scale>[kKM]|bn|mn)(?P<plus>\+)?(?![\w'])(?<!\sM)(?<!\sK)(?<!\sk)", _scaled
    )


def _kelvin(match: Match) -> str | None:
    """300K where temperatures are spoken of; elsewhere thousands."""
    warm = _WARM.search(match.string, max(match.start() - _SEEN, 0), min(match.end() + _SEEN, len(match.string)))
    return f"{quantity(match['first'])} kelvin" if warm else None


def _is_one(number: str) -> bool:
    return plain(number) == "1"


def _ends(match: Match) -> str:
    return quantity(match["first"]) + (f" to {quantity(match['second'])}" if match["second"] else "")


def _amount(match: Match) -> str:
    one, many, cent, cents = _NAMES[match["sign"].strip()]
    if is_attribute(match):
        many, cents = one, cent
    first, second = plain(match["first"]), match["second"]
    scale, first_scale = match["scale"], match["first_scale"]
    if not second:
        scale, first_scale = first_scale or scale, None
    minus = {"-": "minus ", "+": "plus "}.get(match["minus"] or "", "")
    per = f" per {per_name(match['per'])}" if match["per"] else ""
    head = quantity(first) + (f" {_SCALES.get(first_scale, first_scale)}" if first_scale else "")
    if match["joined"]:
        return f"{minus}{quantity(first)} {_SCALES.get(scale or '', scale or '')} {one}{per}"
    if scale or second or first_scale:
        tail = f" {_SCALES.get(scale, scale)}" if scale else ""
        return f"{minus}{head}{f' to {quantity(second)}' if second else ''}{tail} {many}{per}"
    whole, _, coins = first.partition(".")
    if not cent or len(coins) not in (1, 2):
        return f"{minus}{head} {one if _is_one(first) else many}{per}"
    value = int(coins.ljust(2, "0"))
    coin = f"{quantity(str(value))} {cent if value == 1 else cents}"
    if not whole.strip("0"):
        return f"{minus}{coin if value else f'zero {many}'}{per}"
    unit = f"{quantity(whole)} {one if _is_one(whole) else many}"
    return minus + unit + (f" and {coin}" if value else "") + per


def _percent(match: Match) -> str:
    word = "percent" if match["sign"] == "%" else "per thousand"
    per = f" per {per_name(match['per'])}" if match["per"] else ""
    return f"{'minus ' if match['minus'] else ''}{_ends(match)} {word}{per}"


def _degrees(match: Match) -> str:
    kind = _DEGREES[match["unit"][-1] if match["unit"][-1] in _DEGREES else "°"]
    ends = ("minus " if match["minus"] else "") + quantity(match["first"])
    if match["second"]:
        ends += f" to {'minus ' if match['minus2'] else ''}{quantity(match['second'])}"
    single = (not match["second"] and _is_one(match["first"])) or is_attribute(match)
    return f"{ends} degree{'' if single else 's'}{kind}"


def _arc(match: Match) -> str:
    parts = [("degrees", "degree"), ("minutes", "minute"), ("seconds", "second")]
    said = [
        f"{quantity(match[part])} {name}{'' if _is_one(match[part]) else 's'}" for part, name in parts if match[part]
    ]
    return " ".join([*said, *([_POINTS[match["point"]]] if match["point"] else [])])


def _height(match: Match) -> str:
    inches = match["inches"]
    return f"{quantity(match['feet'])} {'foot' if match['feet'] == '1' else 'feet'}" + (
        f" {quantity(inches)} inch{'' if inches == '1' else 'es'}" if inches != "0" else ""
    )


def _pressure(match: Match) -> str:
    return f"{quantity(match['above'])} over {quantity(match['below'])} millimeters of mercury"


def _dimensions(match: Match) -> str:
    sizes = " by ".join(quantity(size) for size in (match["wide"], match["high"], match["deep"]) if size)
    unit = match["unit"]
    return f"{sizes} {unit if unit in ('inch', 'inches', 'feet') else unit_name(unit, one=False, say=quantity)}"


def _measured(match: Match) -> str:
    ends = ("minus " if match["minus"] else "") + quantity(match["first"])
    attribute = is_attribute(match)
    if match["second"]:
        return f"{ends} to {quantity(match['second'])} {unit_name(match['unit'], one=attribute, say=quantity)}"
    old = match["unit"] in ("yr", "yrs") and match.string.startswith((" old", "-old"), match.end())
    one = _is_one(match["first"]) or match["joint"] == "-" or old or attribute
    return f"{ends} {unit_name(match['unit'], one=one, say=quantity)}"


def _scaled(match: Match) -> str:
    return f"{quantity(match['first'])} {_SCALES[match['scale']]}" + (" plus" if match["plus"] else "")

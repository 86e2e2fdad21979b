"""Signs in Chinese: calculations, powers, minus, ranges, and what is left of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal
from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.chinese.words import MEASURE, by_digit, exact, number, quantity
from GPT_SoVITS.text.reading.spoken.patterns import (
    AFTER_POWER,
    BEFORE,
    CALCULATED,
    COUNTDOWN,
    DASH,
    NUMBER,
    SCIENTIFIC,
    TIMES,
    counted_down,
    plain,
    rule,
    said,
)

Match = re.Match[str]

_OPERATORS = {
    **{"+": "加", "-": "减", "–": "减", "×": "乘", "*": "乘", "÷": "除以", "=": "等于", "<": "小于", ">": "大于"},
    **{"≥": "大于等于", "≤": "小于等于", "≠": "不等于", "≈": "约等于", "/": "除以", "^": "的"},
}
_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁻⁺", [*map(cardinal, "0123456789"), "恩", "负", "正"], strict=True))
"""What is said for raised signs; the front end has no letters, so n is its sound."""
# A number, perhaps with what it counts; the word of an amount before its sign (扣分-3) is no number.
_BEFORE_RANGE = (
    r"(?<=[\d%℃\ue000一二三四五六七八九十])"
    r"|(?<=[\d\ue000一二三四五六七八九十几幾半多余餘小今本下上][日号號月年周天点點分时時章节節层層楼元度室岁歲期])"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_TERM = r"(?:[\d.)\]A-Za-zα-ωΑ-Ω²³\ue000])"


def _power(match: Match) -> str:
    digits = match[0].translate(_RAISED)
    if digits.isdecimal():
        return f"的{number(digits)}次方"
    return f"的{''.join(_POWERS[sign] for sign in match[0])}次方"


def _raised(match: Match) -> str:
    exponent = match["exponent"]
    spoken = _POWERS["ⁿ"] if exponent.isalpha() else cardinal(exponent.lstrip("-"))
    return f"的{'负' if exponent[0] == '-' else ''}{spoken}次方"


def _negative(match: Match) -> str:
    return f"负{exact(plain(match[1]))}"


def _reduced(match: Match) -> str | None:
    """满100-20 is an offer, not a range."""
    return "减" if int(match["second"]) < int(match["first"]) else None


def _more_than(match: Match) -> str:
    """50万+ is 五十多万."""
    return f"{cardinal(match['tens'])}多{match['scale']}"


def _operator(match: Match) -> str:
    return _OPERATORS[match[0].strip()]


_KEYS = {"*": "星", "#": "井"}


def _keys(match: Match) -> str:
    """*#06#: what is pressed on a telephone."""
    return "".join(_KEYS.get(sign) or by_digit(sign) for sign in match[0])


def _half_of_day(match: Match) -> str:
    return {"A": "上午", "P": "下午"}[match["half"]]


def _trend(match: Match) -> str:
    return ("，" if match["apart"] else "") + {"↑": "上升", "↓": "下降"}[match["arrow"]]


def _scientific(match: Match) -> str:
    power = cardinal(match["power"].lstrip("0")) or "零"
    return f"{quantity(match['number'])}乘十的{'负' if match['minus'] else ''}{power}次方"


def before_numbers() -> Iterable[Rule]:
    """Yield the rules of signs that decide what the numbers beside them are."""
    yield rule(SCIENTIFIC, _scientific)
    yield rule(COUNTDOWN, counted_down("，"), "dash")
    yield rule(r"(?<![\w*#])(?:[*#]{1,3}\d{1,6}){1,4}#|(?<=[\u4e00-\u9fff])(?:[*#]{1,3}\d{1,6}){1,4}#", _keys)
    yield rule(r"(?<=[按拨撥]\d)#(?=[键鍵])", said("井"))
    yield rule(r"(?<=\d)#(?![\dA-Za-z#])", said("号"))
    yield rule(r"(?P<apart>(?<=\S)\s)?(?P<arrow>[↑↓])(?=\s?\d)", _trend)
    yield rule(r"(?<=[\d%‰])\s?(?P<arrow>[↑↓])(?P<apart>)", _trend)
    yield rule(r"√(?=\s?[\u4e00-\u9fff])", said("对，"))
    yield rule(r"(?<![\w)\]²³])\s?×(?=\s[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff]\s)×(?=\s[\u4e00-\u9fff])", said("，错，"))
    yield rule("〇", said("零"))
    yield rule(rf"(?<=[A-Za-z])-(?={NUMBER}%)", said("减"))  # LPR-0.25%
    yield rule(r"(?<![A-Za-z])(?P<half>[AP])M\s?(?=\d{1,2}[:：点點时時])", _half_of_day)
    yield rule(r"(?<=[\u4e00-\u9fff])\+(?=\s?(?:HK|US|NT)?[$¥￥€£]\s?\d)", said("加"))
    yield rule(  # a fall of -5%
        r"(?:(?<=下[降跌滑])|(?<=[跌降]幅)|(?<=[减減]少)|(?<=[降跌减減][了低])|(?<=回落)|(?<=[缩縮][减減小])|(?<=[亏虧]损))[约約]?\s?"
        r"(?P<minus>-\s?)(?=\d+(?:\.\d+)?\s?%)",
        said(""),
        "minus",
    )
    yield rule(  # 比上月 - 5%
        r"(?:(?<=[同环環]比)|(?<=[上去][月年周季])|(?<=昨[日天])|(?<=同期)|(?<=季度)|(?<=个月))\s-\s(?=\d+(?:\.\d+)?\s?%)",
        said("负"),
    )
    yield rule(r"(?<=零下)\s?-(?=\d+(?:\.\d+)?\s?[度℃°])", said(""))
    yield rule(rf"(?<=\d)\s?{TIMES}\s?(?=\d)", said("乘"))
    yield rule(r"(?<=\d[kKwW])\s?[-–—~]{1,2}\s?(?=\d)", said("到"))


def rules() -> Iterable[Rule]:
    """Yield the rules of calculations and ranges; the numbers in them are read by what they are."""
    yield from _between_blanks()
    yield rule(AFTER_POWER, said("减"))
    yield rule(r"(?<=[\w)\]])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+", _power)
    yield rule(r"(?<=[\w)\]\ue000])\^[({]?(?P<exponent>-?\d{1,4}|[nN](?![A-Za-z]))[)}]?", _raised)
    # A calculation has an equals sign, or blanks on both sides of its operator.
    yield rule(r"(?<=[=×÷+<>≥≤≈(])\s?-\s?(?=[\d.])", said("负"))
    yield rule(r"(?<=[\dA-Za-z²³\ue000])\s?-\s?(?=[\dA-Za-z\ue000²³]{1,8}\s?=)", said("减"))
    yield rule(r"(?<![\w)\ue000])[≥≤≈<>]\s?(?=[\d\ue000])", _operator)
    yield rule(rf"(?<={_TERM})\s?[+×÷=<>≥≤≠≈*]\s?(?=[-+(]?{_TERM})", _operator)
    yield rule(r"(?<=[\u4e00-\u9fff])\s?[=≥≤≠≈><]\s?(?=[\d\ue000\u4e00-\u9fffA-Za-z])", _operator)
    yield rule(r"(?<=[\dA-Za-zα-ω\ue000])\s?[=≥≤≠≈]\s?(?=[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7af?])", _operator)
    yield rule(r"±(?=\s?[\d\ue000])", said("正负"))
    yield rule(r"√(?=\d)", said("根号"))
    yield rule(r"∠(?=[A-Z\d])", said("角"))
    yield rule(r"满(?P<first>\d+)(?P<minus>-)(?=(?P<second>\d+)(?!\d|\s?[元件块]))", _reduced, "minus")
    yield rule(r"(?<![\d.,])(?P<tens>[2-9]0)(?P<scale>[万亿萬億])\+(?!\d)", _more_than)
    yield rule(r"(?<=[万亿千百])\+(?!\d)", said("多"))
    yield rule(r"→", said("，"))
    yield rule(r"(?<=[约約])~(?=\d)", said(""))
    yield rule(r"(?<![\w\ue000℃%)\]])(?<!\w )~\s?(?=[\d\ue000$¥￥])", said("约"))
    # Ranges: the dash alone is replaced, its ends are read by what they are.
    yield rule(
        rf"(?:{_BEFORE_RANGE})(?:{DASH}|-)"
        r"(?=[\d周星第零一二三四五六七八九十\ue000])(?!-\d+%)",
        said("到"),
    )
    yield rule(rf"(?<![\w)\]\ue000])-({NUMBER})", _negative)
    yield rule(rf"(?<=[\u4e00-\u9fff：，、（(])-({NUMBER})", _negative)
    yield rule(r"(?<![\w)\]])\+1(?=[，。！!,\s]|$)(?!\s?[，,]\s?[-+]\d)", said("加一"))
    yield rule(r"(?<![\w)\]\ue000])\+(?=[\d\ue000])", said("正"))
    yield rule(r"(?<=[\u4e00-\u9fff])\+(?=\ue000{2,12}(?:[，。、；）)]|$))", said("正"))  # 道指+1.2%
    yield rule(
        rf"{BEFORE}({NUMBER})\+(?=\s?[人个万元名年岁种家次天款项国座\u4e00-\u9fff]|$|[，。])",
        lambda m: f"{quantity(m[1])}多",
    )


def _between_blanks() -> Iterable[Rule]:
    """Yield the rules of a hyphen between blanks: a range of what is counted, a minus of numbers alone."""
    yield rule(
        rf"(?<=\d) - (?=\d+(?:\.\d+)?[多余]?\s?{MEASURE})|(?<=\ue000) - (?=\ue000)(?![^，。\n]{{0,20}}=)", said("到")
    )
    yield rule(rf"(?<={_TERM}) - {CALCULATED}|(?:(?<=[\d)\]²³])|(?<=\d[A-Za-z])) - (?=[\d(])", said("减"))
    yield rule(
        r"(?<=[点點时時分日号號])\s?~\s?(?=[上下中]午|凌晨|清晨|早上|晚上|傍晚|夜里|次日|第二天|翌日)", said("到")
    )
    yield rule(
        r"(?<=[周週期拜][一二三四五六日天]) - (?=\d)|(?<=\ue000) - (?=\d+\s?[件个個人名位款种種套张張只])", said("，")
    )


def leftovers() -> Iterable[Rule]:
    """Yield the rules of signs that no number explains."""
    yield rule(r"(?<=[元块次度里吨人台个件米克币])/(?=[斤公千月年天日小时人次个秒吨台件股升套晚平立m])", said("每"))
    yield rule(r"(?<=[\u4e00-\u9fffA-Za-z\ue000])/(?=[\u4e00-\u9fffA-Za-z\ue000])", said("、"))
    yield rule(r"(?<=[\u4e00-\u9fff])-(?=[\u4e00-\u9fff])", said(""))
    yield rule(r"(?<=[\w\ue000])\+", said("加"))
    yield rule(r"(?<=\ue000)[(（](?=\ue000)", said("，"))
    yield rule(r"—{1,2}|(?<=\S)\s--?(?=\s\S)", said("，"))
    yield rule(r"(?<=[\w\ue000])\s?&\s?(?=[\w\ue000])", said("和"))
    yield rule(r"@(?=\w)", said("艾特"))
    yield rule(r"[;:](?=\s?\S)", said("，"))
    yield rule(r"(?<=\w)%", said("百分号"))
    yield rule(r"[-/+=*#@&|\\^<>_–$€£¥￥%‰]", said(" "))

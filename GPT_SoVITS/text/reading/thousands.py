"""Thousands that blanks part, as in most of Europe: 1 000 000 euros. They get commas, which every language reads.

A blank at which no line may be broken is meant so, and so are two blanks or more. One ordinary blank may part two
numbers: page 3 200 men, 套餐 2 300元. It counts only where something is counted or is money, and where the first number
names nothing: at the beginning, or behind what takes an amount (``amounts``). Telephone numbers and other codes stay.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.amounts import takes_amount
from GPT_SoVITS.text.reading.spoken.english_attributes import NOUN
from GPT_SoVITS.text.reading.spoken.patterns import either

_HARD = "\u00a0\u2007\u2009\u202f"
_DECIMALS = r"(?:\.\d{1,10}(?![.\d]))?"
_FREE = r"(?<![\d.,:/+(#_-])(?<![A-Za-z])"
_DONE = rf"(?![\d_]|[,:/.]\d|-\d|[ {_HARD}]\d)"


def _grouped(blank: str, name: str) -> str:
    return rf"[1-9]\d{{0,2}}(?P<{name}>[{blank}])\d{{3}}(?:(?P={name})\d{{3}}){{0,4}}(?!\d)"


def _range(blank: str) -> re.Pattern[str]:
    number = _grouped(blank, "blank")
    dash = r"(?:\s?[-–—~～至到]\s?|\s(?:and|or|to)\s)"
    return re.compile(rf"{_FREE}(?<![\d)][{blank}]){number}(?:{dash}{_grouped(blank, 'second')})?{_DECIMALS}{_DONE}")


_PARTED = _range(_HARD)
_BLANKS = _range(" ")
_COUNTED_IN_ENGLISH = either(
    "euros? dollars? pounds? yen yuan francs? rubles? rupees? crowns? won kr zł people persons? men women children "
    "boys girls inhabitants residents citizens users copies times units items points votes voters visitors viewers "
    "students pupils employees workers jobs homes households houses cars vehicles years days hours minutes seconds "
    "steps words pages books species soldiers troops deaths cases patients tons? tonnes? miles? feet acres hectares "
    "square cubic followers subscribers downloads views tickets seats members customers companies calories meters? "
    "metres? kilometers? kilometres? fans likes guests runners passengers readers listeners families kids adults "
    "reviews comments posts messages emails questions attendees participants animals birds trees flights rooms beds"
)
_UNITS = either("km m kg g cm mm ha t m² km² m2 km2 kWh kW MW GW W V L l mL ml hPa mAh kcal lm rpm")
_ENGLISH_UNIT = re.compile(rf"\s?{_UNITS}(?![A-Za-z0-9²³])")
_HAN_PACK = re.compile(r"\s?(?:毫升|公升|公斤|千克|毫克|[克升斤]|ml|mL|g|kg|L)\s?[的装裝入]")
"""A package: 3 500 毫升的瓶子 are three bottles, as 6 330 ml cans are six cans."""
_COUNTED_IN_HAN = (
    "(?:[元圆圓円人个個名位件家户戶辆輛台套本册冊张張只隻头頭棵株条條次倍分秒天年月米克吨噸斤升亩畝字页頁步票枚匹歳]|"
    "[公千毫厘][里斤米克升]|平方|平米|立方|美元|欧元|歐元|日元|港[元币幣]|英[镑鎊]|キロ|メートル|ドル|ユーロ|"
    "[원명개대건권장마번회킬미평달유])"
)
_FOLLOWED = re.compile(
    rf"\s?(?:[€£¥￥₩₽%]|{_UNITS}(?![A-Za-z0-9²³])|{_COUNTED_IN_HAN}|(?:USD|EUR|GBP|CHF|RMB|CNY|HKD|JPY|SEK|PLN)\b)"
    rf"|\s(?P<thing>{_COUNTED_IN_ENGLISH})\b"
)
_ANY_PLURAL = re.compile(r"\s[a-z]{3,}s\b")
_SINGLE = re.compile(r"\b(?:an?|(?P<any>the|this|that|every|my|our))\s$", re.IGNORECASE)
_SEEN = 16  # characters before a number in which it is called a code or is money
_MONEY_BEFORE = re.compile(r"(?:[$€£¥￥₩]|\b(?:USD|EUR|GBP|CHF|RMB|CNY|HKD|JPY|SEK|PLN))\s?$")
_CODE_BEFORE = re.compile(
    r"(?:\b(?:tel|phone|telephone|mobile|call|dial|fax|text|numbers?|no|nr|id|iban|account|acct|pin|code|isbn|ref|order|card|"
    r"hotline|whatsapp|room|track|siret|siren|vat)\b\.?|电话|電話|手机|手機|热线|熱線|拨|撥|号码?|號碼?|编号|代码|账户|卡|QQ|"
    r"番号|번호|전화)[^\d\n]{0,4}$",
    re.IGNORECASE,
)


def join_thousands(text: str) -> str:
    """Return the text with commas between the thousands of its numbers where blanks parted them."""
    text = _PARTED.sub(_with_commas, text) if any(blank in text for blank in _HARD) else text
    return _BLANKS.sub(_counted, text) if " " in text else text


def _with_commas(match: re.Match[str]) -> str:
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    if _CODE_BEFORE.search(before):
        return match[0]
    return re.sub(rf"(?<=\d)[ {_HARD}](?=\d{{3}})", ",", match[0])


def _counted(match: re.Match[str]) -> str:
    several = match[0].count(" ") > 1 and match["second"] is None and not _may_be_a_row(match)
    return _with_commas(match) if several or _is_amount(match) else match[0]


def _may_be_a_row(match: re.Match[str]) -> bool:
    """Whether groups of three digits may be several numbers: 100 200 300."""
    groups = match[0].split(" ")
    return len(groups[0]) == len(groups[1]) and "000" not in groups and not groups[-1].startswith("0")


def _is_amount(match: re.Match[str]) -> bool:
    """Whether a number with one blank is followed by what it counts, and cannot be two numbers."""
    text, start, end = match.string, match.start(), match.end()
    round_number = match[0].endswith(" 000")
    following = _FOLLOWED.match(text, end)
    if _MONEY_BEFORE.search(text, max(start - _SEEN, 0), start):
        return round_number or following is None or following["thing"] is None
    if round_number and (following or _ANY_PLURAL.match(text, end)):
        return True
    if following is None or _is_packed(text, start, end):
        return False
    return match["second"] is not None or takes_amount(text, start)


def _is_packed(text: str, start: int, end: int) -> bool:
    """Whether several things of a size are meant: 2 500 g bags; a 1 500 m race is one."""
    if _HAN_PACK.match(text, end):
        return True
    unit = _ENGLISH_UNIT.match(text, end)
    noun = NOUN.match(text, unit.end()) if unit else None
    if noun is None:
        return False
    single = _SINGLE.search(text, max(start - _SEEN, 0), start)
    return single is None or (single["any"] is not None and noun["noun"].endswith("s"))

"""Numbers in Chinese words: as quantities, before what is counted, digit by digit."""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.spoken.patterns import plain

_LONGEST_QUANTITY = 16  # digits; a longer number is read digit by digit
_LONG = 8  # digits without separators that are no quantity any more
_PAIRED = ("二百", "二千", "二万", "二亿")  # 200 people are 两百, 1200 are 一千二百

MEASURE = (
    "(?:[个個名位站人件次元块塊蚊万亿千百萬億分秒天年月周日号號米斤克吨噸升岁歲度条條张張只隻台辆輛套本间間层層页頁平瓦伏"
    "株棵家户戶步字亩倍折头厘毫成种種点點时時杯勺碗瓶片颗顆粒根盒袋期集季届轮輪场場局课課篇章节節回项項组組级級楼樓]|"
    "公[里斤顷分尺頃]|[小一]时|小時|分钟|分鐘|星期|礼拜|港[元币幣]|[美日欧澳加]元|英[镑尺寸里])"
)
"""What stands behind a quantity and not behind a code."""


def exact(text: str) -> str:
    """Return a number with its decimals as they are written: 3.20 is 三点二零."""
    whole, point, decimals = text.partition(".")
    return (cardinal(whole) or "零") + (f"点{digits(decimals)}" if point else "")


def quantity(text: str) -> str:
    """Return a number as a quantity: 3.20 is 三点二零, 200 is 两百."""
    text = plain(text)
    whole, point, decimals = text.partition(".")
    if len(whole) > _LONGEST_QUANTITY:
        return digits(whole) + (f"点{digits(decimals)}" if point else "")
    spoken = exact(text)
    return f"两{spoken[1:]}" if spoken.startswith(_PAIRED) else spoken


def counted(text: str) -> str:
    """Return a number before what is counted: 2 is 两."""
    spoken = quantity(text)
    return "两" if spoken == "二" else spoken


def number(text: str) -> str:
    """Return a number of which nothing is known: zeros before it, and very many digits, are read one by one."""
    whole, point, decimals = plain(text).partition(".")
    if "," not in text and (len(whole) > _LONG or (len(whole) > 1 and whole.startswith("0"))):
        return digits(whole, telephone=not point) + (f"点{digits(decimals)}" if decimals else "")
    return quantity(text)


def by_digit(text: str) -> str:
    """Return the digits of a text one by one, as on the telephone."""
    return digits(re.sub(r"\D", "", text), telephone=True)


def code(text: str) -> str:
    """Return the number of a room, a model or a road: up to two digits are a quantity, more are read one by one."""
    return digits(text, telephone=True) if len(text) > 2 or text.startswith("0") else cardinal(text)


def code_parts(text: str) -> str:
    """Return numbers that hyphens join: 3-2-501 is 三杠二杠五零幺."""
    return "杠".join(map(code, text.split("-")))

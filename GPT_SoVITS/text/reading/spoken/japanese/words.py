"""Numbers in Japanese: as Open JTalk reads them, or digit by digit in kana."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.spoken.patterns import plain

_KANA = dict(
    zip("0123456789", ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"), strict=True)
)
_LONGEST_QUANTITY = 16


def each(digits: str) -> str:
    """Return digits one by one."""
    return "".join(_KANA[digit] for digit in digits)


def by_digit(text: str) -> str:
    """Return digits one by one, groups joined by の, as telephone numbers are said."""
    return "の".join(map(each, re.findall(r"\d+", text)))


def quantity(text: str) -> str:
    """Return a number as Open JTalk reads it: no separators, decimals digit by digit."""
    whole, point, decimals = plain(text).partition(".")
    if len(whole) > _LONGEST_QUANTITY:
        whole = each(whole)
    return (whole or "0") + (f"テン{each(decimals)}" if point else "")


def fraction_of(above: str, below: str) -> str:
    """Return a fraction; in Han characters 分 after a number would be minutes."""
    return f"{quantity(below)}ぶんの{quantity(above)}"


def code_parts(text: str) -> str:
    """Return the numbers of an address: 2-21-1 is 2の21の1."""
    return "の".join(text.split("-"))

"""Single characters: what is deleted, what is another form of something, and signs that have a name."""

from __future__ import annotations

import string
from functools import cache

from GPT_SoVITS.text.chinese.tables import lines

_FULL_WIDTH = 0xFEE0  # distance of the full-width forms from ASCII
_DELETED = " —《》【】<>{}()（）#&@“”^_|\\"

_NAMES = {
    **dict(zip("①②③④⑤⑥⑦⑧⑨⑩", "一二三四五六七八九十", strict=True)),
    "α": "阿尔法",
    "β": "贝塔",
    "γΓ": "伽玛",
    "δΔ": "德尔塔",
    "ε": "艾普西龙",
    "ζ": "捷塔",
    "η": "依塔",
    "θΘ": "西塔",
    "ι": "艾欧塔",
    "κ": "喀帕",
    "λΛ": "拉姆达",
    "μ": "缪",
    "ν": "拗",
    "ξΞ": "克西",
    "ο": "欧米克伦",
    "πΠ": "派",
    "ρ": "肉",
    "ςσΣ": "西格玛",
    "τ": "套",
    "υ": "宇普西龙",
    "φΦ": "服艾",
    "χ": "器",
    "ψΨ": "普赛",
    "ωΩ": "欧米伽",
    "/": "每",
    "+": "加",
    "-": "减",
    "×": "乘",
    "÷": "除",
    "=": "等",
}
_NAME_TABLE = str.maketrans({sign: name for signs, name in _NAMES.items() for sign in signs})


@cache
def _simplified() -> dict[int, int]:
    table = {}
    for line in lines("simplified"):
        simple, others = line.split()
        table.update(dict.fromkeys(map(ord, others), ord(simple)))
    return table


@cache
def _prepared() -> dict[int, int | None]:
    half = {ord(letter) + _FULL_WIDTH: ord(letter) for letter in string.ascii_letters + string.digits}
    return {**_simplified(), **half, **dict.fromkeys(map(ord, _DELETED))}


def simplify(text: str) -> str:
    """Return the simplified characters; the length stays the same."""
    return text.translate(_simplified())


def prepare(text: str) -> str:
    """Delete spaces and brackets, simplify characters, and make full-width letters and digits plain."""
    return text.translate(_prepared())


def name_signs(text: str) -> str:
    """Read circled digits, Greek letters and the signs that no other rule explained."""
    return text.translate(_NAME_TABLE)

"""Items of a list within a line of Chinese, and what stands in brackets: where a reader pauses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal
from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.patterns import rule, said

Match = re.Match[str]

_SEEN = 80  # characters before a bracket
_LETTER = "[\u4e00-\u9fffA-Za-z]"
_CLAUSE_END = re.compile(r"[\s，。；：、！？,;:]$")
_HAS_WORDS = re.compile(
    "[\u4e00-\u9fff][\u4e00-\u9fff\ue000]|[\u4e00-\u9fff\ue000][\u4e00-\u9fff]|[\u4e00-\u9fff].*[,，；;]", re.DOTALL
)
_WEEKDAY = "[(（](?:周|星期|礼拜|禮拜)[一二三四五六日天][)）]"
"""A note behind a date, which belongs to it."""
_NAMED = "图圖表式例第如见見选選由将將在与與和或及、"
"""What stands before the name of an item, not before the item itself: 如图①所示."""


def _marked(match: Match) -> str | None:
    """(1)苹果(2)梨: an item begins a clause, or follows the item before it."""
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    number = cardinal(match["number"]) if match["number"].isdigit() else match["number"]
    if before and not _CLAUSE_END.search(before):
        former = next((value for value in range(1, 99) if cardinal(str(value + 1)) == number), 0)
        if not former or not re.search(rf"[(（](?:{former}|{cardinal(str(former))})[)）][^()（）]*$", before):
            return None
    return f"{_pause_after(before.rstrip())}{number}，"


def _half_marked(match: Match) -> str | None:
    """加水2）加热: a bracket that nothing opened."""
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    if max(before.rfind("("), before.rfind("（")) > max(before.rfind(")"), before.rfind("）")):
        return None
    return f"{_pause_after(before)}{cardinal(match['number'])}，"


def _circled(match: Match) -> str:
    before = match.string[max(match.start() - 1, 0) : match.start()]
    return f"{_pause_after(before)}{cardinal(str(ord(match['number']) - 0x245F))}，"


def _pause_after(before: str) -> str:
    return "，" if before[-1:].isalnum() else ""


def _closed(match: Match) -> str | None:
    """张伟(男,35岁)因: what stood in the brackets had a pause itself."""
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    start = max(before.rfind("("), before.rfind("（"))
    inside = before[start:] if start >= 0 else ""
    if re.fullmatch(_WEEKDAY, inside + ")"):
        return None
    return "，" if _HAS_WORDS.search(inside) and not re.search("[)）]", inside) else None


def rules() -> Iterable[Rule]:
    """Yield the rules of the marks of items and of brackets."""
    number = r"(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})"
    yield rule(
        rf"[(（]{number}[)）](?=\s?{_LETTER})(?!\s?[班式条條款项項号號组組])",
        _marked,
    )
    yield rule(rf"(?<![\d.,:/(（A-Za-z-])(?P<number>\d{{1,2}})[)）](?=\s?{_LETTER})", _half_marked)
    yield rule(
        rf"(?<![{_NAMED}\u2460-\u2473])\s?(?P<number>[\u2460-\u2473])(?=\s?{_LETTER})(?!\s?[和与與或及中所的是为為处處])",
        _circled,
    )
    yield rule(r"】(?=\s?[\w【“\"])", said("，"))
    yield rule(r"[)）](?=[\u4e00-\u9fffA-Za-z\d])", _closed)
    yield rule(
        rf"(?<=[\w\ue000》”\"])\s?(?!{_WEEKDAY})[(（](?=[^()（）\n]{{0,40}}(?:[\u4e00-\u9fff][\u4e00-\u9fff\ue000]"
        r"|\ue000[\u4e00-\u9fff])[^()（）\n]{0,40}[)）\ue000])",
        said("，"),
    )
    yield rule(
        r"(?<=[\u4e00-\u9fffA-Za-z])\s?[(（](?=[^()（）\n\ue000\u4e00-\u9fff]{0,60}[\u4e00-\u9fff])(?=[^()（）\n]{1,60}[,，；;][^()（）\n]{1,60}[)）\ue000])",
        said("，"),
    )

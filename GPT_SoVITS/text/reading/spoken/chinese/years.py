"""Years in Chinese that only their company tells from other numbers: of people, of dynasties, of generations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, rule, said

Match = re.Match[str]

_LONGEST_LIFE = 120
_DASH = r"\s?[-–—~～至到]\s?"
_YEAR = r"(?:1[0-9]|20|21)\d{2}"
_AGE_BEFORE = re.compile(
    r"(?:[\u4e00-\u9fff]朝|[宋元明清唐汉漢周商夏秦隋晋晉魏齐齊梁陈陳辽遼金][代国國]|[东東西南北前后後][汉漢晋晉宋周唐魏齐齊梁金凉涼燕秦赵趙]"
    r"|战国|戰國|春秋|三国|三國|五代十国|十六国|[汗帝王]国|[汗帝王]國|[时時][期代]|王朝|幕府|文明|之[治乱亂战戰])$"
    r"|(?:^|[^\u4e00-\u9fff])[宋元明清唐汉漢周商夏秦隋晋晉魏齐齊梁陈陳辽遼金新]$"
)
"""The name of a dynasty or of an age before a bracket."""
_NAME_SEEN = 6  # characters in which that name stands
_DAYS_OF_NAMES = r"[^，。\n]{0,12}(?:情人节|情人節|节日|節日|纪念日|紀念日|当天|當天|当日|當日|那天|这天|圣诞|聖誕)"


def _life(match: Match) -> str | None:
    """孙中山（1866-1925）: two years of one life; round numbers are a range of something else."""
    first, second = int(match["first"]), int(match["second"])
    if not 0 < second - first <= _LONGEST_LIFE:
        return None
    if (first % 5 == 0 and second % 5 == 0) if first < 1000 else (first % 100 == 0 and second % 100 == 0):
        return None
    return f"{digits(match['first'])}到{digits(match['second'])}"


def _reign(match: Match) -> str | None:
    """宋朝（960—1279）: years of a dynasty or of an age, however many."""
    before = match.string[max(match.start() - _NAME_SEEN, 0) : match.start() - 1].rstrip()
    if not _AGE_BEFORE.search(before) or int(match["first"]) >= int(match["second"]):
        return None
    return f"{digits(match['first'])}到{digits(match['second'])}"


def _before_our_era(match: Match) -> str:
    """战国（前475—前221）."""
    first, second = digits(match["first"]), digits(match["second"] or match["later"])
    year = "年" if match["year"] else ""
    return f"{match['era']}{first}{year}到{match['second_era'] or ''}{second}"


def _month(match: Match) -> str:
    return f"{digits(match['year'])}年{cardinal(match['month'].lstrip('0'))}月"


def rules() -> Iterable[Rule]:
    """Yield the rules of years and days that are told by what stands around them."""
    yield rule(
        rf"(?<=[(（])(?:约|約|生于)?(?P<at>(?P<first>\d{{3}}|{_YEAR}){_DASH}(?P<second>\d{{3}}|{_YEAR}))(?=\s?[)）])",
        _life,
        "at",
    )
    yield rule(
        rf"(?<=[(（])(?P<at>(?P<first>\d{{3}}|1\d{{3}}|20\d\d){_DASH}(?P<second>\d{{3}}|1\d{{3}}|20\d\d))(?=\s?年?[)）])",
        _reign,
        "at",
    )
    yield rule(
        rf"(?<![\d\u4e00-\u9fff])(?P<era>(?:公元)?前)(?P<first>\d{{1,4}})(?P<year>年)?{_DASH}"
        rf"(?:(?P<second_era>(?:公元)?前)(?P<second>\d{{1,4}})|(?P<later>\d{{1,4}}))(?=\s?年?[)）])",
        _before_our_era,
    )
    yield rule(rf"(?<=\d年){_DASH}(?=公元)", said("到"))
    yield rule(
        rf"{BEFORE}\d{{3,4}}(?=年{_DASH}\d{{2,4}}年)|(?<=\d年[-–—~～至到])\d{{3,4}}(?=年)", lambda m: digits(m[0])
    )
    yield rule(rf"{BEFORE}(?:19|20)\d\d(?=(?:\s?[、，,和与與及]\s?(?:19|20)\d\d){{1,6}}\s?年)", lambda m: digits(m[0]))
    yield rule(
        r"(?:^|[\n。；;（(]|期[至到为為]?|日[期]?[:：]?|截[至止]|(?<![涨漲跌降升加减減长長少多增高低])[于於从從自至到在])\s?"
        r"(?P<at>(?P<year>(?:19|20)\d\d)\.(?P<month>0[1-9]|1[0-2]))(?=$|[，。；！、）)\n~—–-]|\s?[至到起止前后後])",
        _month,
        "at",
    )
    # Generations: 80后; the ten of 加热到80后 is a quantity.
    yield rule(
        rf"{BEFORE}(?<![到至达達超过過满滿升降去上以为為分加减減乘了])(?:[5-9]0|[6-9]5|0[05]|10)"
        r"(?=[后後](?![来來边邊面腿轮輪排卫衛腰期续續备備场場台门門悔退果天半座者续可再才就能会會方即便]))"
        r"|(?<=[是])(?:[5-9]0|[6-9]5|0[05])(?=[后後](?:[，。、；！的]|$))",
        lambda m: digits(m[0]),
    )
    yield rule(rf"{BEFORE}[1-9][1-9](?=折)", lambda m: digits(m[0]))
    yield rule(
        rf"{BEFORE}(?P<month>1[0-2]|[1-9])\.(?P<day>[12]\d|3[01])(?=(?:[和与與、]\d{{1,2}}\.\d{{1,2}}){{0,3}}{_DAYS_OF_NAMES})",
        lambda m: f"{cardinal(m['month'])}月{cardinal(m['day'])}日",
    )

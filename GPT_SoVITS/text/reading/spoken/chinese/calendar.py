"""Dates, years and times of day in Chinese, and what looks like them: scores, ratios, verses, fractions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.chinese.measures import UNIT_LETTERS
from GPT_SoVITS.text.reading.spoken.chinese.words import MEASURE, counted, quantity
from GPT_SoVITS.text.reading.spoken.days import DAY, DAY_AND_MONTH, MONTH, MONTH_AND_DAY, Days
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, NUMBER, either, rule, said

Match = re.Match[str]

_YEAR = r"(?:1[0-9]|20|21)\d{2}"
_MINUTE = r"[0-5]\d"
_HOUR = r"(?:[01]?\d|2[0-4])"
_SCORE = either(
    "获胜 战胜 击败 取胜 险胜 胜 负 领先 落后 大胜 完胜 惜败 告负 战平 打平 逆转 力克 大比分 不敌 横扫 轻取 淘汰 "
    "獲勝 戰勝 擊敗 領先 落後 戰平 不敵 橫掃 輕取 贏 輸"
)
_SPORT = re.compile(
    "[赛賽球队隊]|[主客]场|[主客]場|[半全]场|NBA|CBA|[英中]超|[西德意法]甲|世界[杯盃]|[冠夺奪][军軍冠]|[Vv][Ss]"
)
_SEEN = 40  # characters to either side in which a match is spoken of
_UNIT_OF_RANGE = rf"(?:{MEASURE}|左右|[以之多余餘]|不等|周岁)"
_WEEKDAY = r"(?:\s?[(（](?:周|星期|礼拜|週|禮拜)?(?P<weekday>[一二三四五六日天])[)）])?"
_DAYS = Days(
    on=re.compile(
        "(?:[今明昨后聽听琴寻尋][天日]|日期|生日|时间|時間|[定将拟將擬]于|[定将將]於|预计|計劃|计划|预计|截[止至]|从|從|自|在|于|於|响|響|喺|"
        "[每今去明]年|[本下上]周|周[一二三四五六日]|星期[一二三四五六日天]|有效期|更新|发布|死线|DDL|ddl)\\s?[为為是係到至于於:：]?\\s?[(（]?$"
    ),
    happens=re.compile(
        r"\s?(?:放假|[举舉][行办辦]|[开開召结結发發上出到回来來去入离離交见見返启啟抵登复復订訂约約]|[前后後起晚早]|之[前后後]|以[前后後]|"
        r"[当當那这這嗰][天日晚]|[上中下]午|凌晨|清晨|傍晚|夜|[周週][一二三四五六日]|星期|生日|截止|更新|考[试試]|完成|提交|正式|直播|促[销銷]|"
        r"活[动動]|[节節]|[报報]名|首[发發映播]|公[布佈]|生效|婚[礼禮]|比[赛賽]|[晴阴陰]|[号號]|大促|[01]?\d:\d\d|2[0-4]:\d\d|"
        r"[是係系]\s?(?:元旦|清明|中秋|[^，。\n]{0,4}(?:[节節假]|生日|星期|[周週])))"
    ),
    part_of=re.compile(
        r"(?:[占佔约約近剩仅僅只超达達过過减降涨升跌少第为為]|[进進完]\w?度|[评評打得][分级級]|概率|比例|页|[=+×÷*<>])\s?[为為是到了:：]?\s?$"
    ),
    share=re.compile(
        r"\s?(?:(?P<sure>[的嘅]\s?(?:人|学生|學生|用[户戶]|[观觀][众眾]|选手|员工|居民|家庭|概率|几率|份额|面积|时间|股份|题))|"
        r"[的嘅]|[来來]自|[属屬][于於]|[选選][择擇]|[认認][为為]|表示|以[上下]|左右|[多强強杯勺个個成人寸吋升降涨漲跌增减減缩縮变變扩擴]|英寸|提[高升]|不到|[+×÷=*<>])"
    ),
)
_CANTONESE_DAYS = replace(_DAYS, largest_common=4)
"""1/7 alone is a day that everybody in Hong Kong knows, 3/4 a part."""


def _date(match: Match) -> str | None:
    year, month, day = match["year"], match["month"], match["day"]
    return f"{digits(year)}年{cardinal(month)}月" + (f"{cardinal(day)}{match['word'] or '日'}" if day else "")


def _day_and_month(match: Match) -> str | None:
    return _month_and_day(match, _CANTONESE_DAYS)


def _month_and_day(match: Match, days: Days = _DAYS) -> str | None:
    if not (match["word"] or match["weekday"] or days.has(match)):
        return None
    day = f"{cardinal(match['month'])}月{cardinal(match['day'])}{match['word'] or '日'}"
    weekday = f"星期{match['weekday']}" if match["weekday"] else ""
    day = ("，" if _follows_weekday(match) else "") + day
    return (
        day + weekday + ("，" if weekday and match.string[match.end() : match.end() + 2].lstrip()[:1].isdigit() else "")
    )


def _listed(match: Match) -> str:
    return f"{cardinal(match['first'])}、{cardinal(match['second'])}"


def _editions(match: Match) -> str | None:
    """Windows 10/11: numbers that follow each other behind a name are no fraction."""
    numbers = [int(number) for number in match[0].split("/")]
    steps = [after - before for before, after in pairwise(numbers)]
    follow = numbers[0] > 2 and all(1 <= step <= 3 for step in steps)
    return "、".join(cardinal(str(number)) for number in numbers) if follow else None


def _year(match: Match) -> str:
    return digits(match[0])


def _short_year(match: Match) -> str | None:
    """24年5月 and 98年 are years, 30年 is a time."""
    value, after = int(match[1]), match[2] or ""
    if match[1].startswith("0") or re.match(r"年(?:\d{1,2}月|[初底末春夏秋冬]|出生|毕业|入学)", after) or value >= 60:
        return digits(match[1])
    return None


def _minutes(text: str) -> str:
    return ("零" if text.startswith("0") else "") + cardinal(text.lstrip("0"))


def clock(hour: str, minute: str, second: str | None = None) -> str:
    """Return a time of day: 9:30 is 九点半, 2:05 两点零五分."""
    spoken = counted(str(int(hour))) + "点"
    if second and second.strip("0"):
        return spoken + (f"{_minutes(minute)}分" if minute.strip("0") else "零分") + f"{_minutes(second)}秒"
    if not minute.strip("0"):
        return spoken
    return spoken + ("半" if minute == "30" else f"{_minutes(minute)}分")


def _clock(match: Match) -> str:
    half = "" if _part_is_said(match) else (match["half"] or "")[:1].lower()
    evening = 6 <= int(match["hour"]) < 12
    part = {"a": "上午", "p": "晚上" if evening else "下午", "": ""}[half]
    part = ("，" if _follows_weekday(match) else "") + part
    return part + clock(match["hour"], match["minute"], match["second"])


def _lasting(match: Match) -> str:
    return f"{counted(match[1])}小时{quantity(match[2])}分钟"


_WEEKDAY_BEFORE = re.compile(r"[周週期拜][一二三四五六日天][)）]?\s?$")


def _follows_weekday(match: Match) -> bool:
    """Whether a number would be glued to the one in a weekday: 周五15:30 is no fifty-five."""
    return _WEEKDAY_BEFORE.search(match.string, max(match.start() - 4, 0), match.start()) is not None


def _part_is_said(match: Match) -> bool:
    """Whether the part of the day stands before a time: 上午10 AM."""
    return match.string[max(match.start() - 2, 0) : match.start()] in ("上午", "下午", "中午", "晚上", "早上", "凌晨")


def _racing_time(match: Match) -> str:
    return f"{counted(match[1])}分{cardinal(match[2].lstrip('0'))}秒{digits(match[3])}"


def _ratio(match: Match) -> str:
    """Return a ratio, or several between commas."""
    return "，".join(
        "比".join(map(quantity, re.findall(r"[\d.]+", one))) for one in re.split("[、，,]", match["ratio"])
    )


def _match_score(match: Match) -> str | None:
    """Two names around two numbers: no range where the first is not the smaller one, or where a match is spoken of."""
    first, second = map(int, re.findall(r"\d+", match["ratio"]))
    around = match.string[max(match.start() - _SEEN, 0) : match.end() + _SEEN]
    return _ratio(match) if first >= second or not first or _SPORT.search(around) else None


def _verse(match: Match) -> str:
    return f"{cardinal(match[1])}章{cardinal(match[2])}节"


def _fraction(match: Match) -> str | None:
    above, below = match["above"], match["below"]
    if not below.strip("0"):
        return f"{quantity(above)}除以零"
    whole = f"{quantity(match['whole'])}又" if match["whole"] else ""
    return f"{'负' if match['sign'] else ''}{whole}{quantity(below)}分之{quantity(above)}"


def _foreign_date(match: Match) -> str | None:
    """31/12/2024 begins with the day, 12/31/2024 with the month; where both can be, with the day as in Hong Kong."""
    first, second = int(match["first"]), int(match["second"])
    day, month = (first, second) if second <= 12 else (second, first)
    return f"{digits(match['year'])}年{cardinal(str(month))}月{cardinal(str(day))}日" if month <= 12 else None


def dates(*, cantonese: bool) -> Iterable[Rule]:
    """Yield the rules of dates and years.

    Args:
        cantonese: Whether 1/7 is the first of July, as in Hong Kong.
    """
    yield rule(rf"{BEFORE}(?P<first>{DAY})/(?P<second>{DAY})/(?P<year>(?:19|20)\d\d)(?![\d/])", _foreign_date)
    date = rf"(?P<year>{_YEAR})"
    yield rule(
        rf"{BEFORE}{date}(?:(?P<s>[-/.])(?P<month>{MONTH})(?P=s)(?P<day>{DAY}))(?P<word>[日号號])?(?!\d|[./]\d)",
        _date,
    )
    yield rule(rf"{BEFORE}{date}(?:[/-](?P<month>0[1-9]|1[0-2]))(?P<day>)(?P<word>)(?![\d./-]*\d)", _date)
    yield rule(rf"{BEFORE}\d{{4}}(?=\s?[-–—~]\s?\d{{4}}(?:年|学年|學年|财年|赛季))", _year)
    season = "(?=赛季|学年|财年|年度|賽季|學年|財年)"
    yield rule(rf"{BEFORE}(\d{{4}})[-–/~](\d{{2}}){season}", lambda m: f"{digits(m[1])}到{digits(m[2])}")
    yield rule(rf"{BEFORE}(\d{{4}})(?=\s?年(?!薪|内))", _year)
    yield rule(
        r"(?<![\d.,-])((?:19|20)\d\d)\s?[-–—~]\s?((?:19|20)\d\d)(?![\d.,-]*\d)(?![万元个人块米公千])",
        lambda m: f"{digits(m[1])}到{digits(m[2])}",
    )
    yield rule(rf"{BEFORE}(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}})(?=号[线楼口]|號[線樓]|年级|班)", _listed)
    if cantonese:
        yield rule(rf"{BEFORE}(?<![A-Za-z]){DAY_AND_MONTH}(?P<word>[日号號])?{_WEEKDAY}", _day_and_month)
    yield rule(rf"{BEFORE}(?<![A-Za-z]){MONTH_AND_DAY}(?P<word>[日号號])?{_WEEKDAY}", _month_and_day)
    yield rule(
        rf"{BEFORE}(?P<year>20[0-3]\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?P<word>)(?!\d|[.,-]\d|\s?{MEASURE})",
        _date,
    )
    yield rule(rf"{BEFORE}(?:19|20)\d\d(?=[QH][1-4](?!\d))", _year)
    yield rule(r"(?<=《)\d{4}(?=》)", _year)
    yield rule(r"公元前?\s?(?P<at>\d{3,4})(?=年)", lambda m: digits(m["at"]), "at")
    yield rule(
        rf"{BEFORE}(?P<month>1[0-2]|[1-9])\.(?P<day>{DAY})(?=假期|放假|小长假|黄金周|劳动节|国庆|儿童节|妇女节|建军节)",
        lambda m: cardinal(m["month"]) + cardinal(m["day"]),
    )
    yield rule(
        rf"{BEFORE}{_YEAR}(?=年|学年|學年|奥运|世界杯|欧洲杯|亚运|春节|赛季|财年|届|级|款|版|事件|新年|跨年)", _year
    )
    yield rule(rf"(?<=[在自从至到于]){_YEAR}(?=[，。、；,;]|[起以之]|$)", _year)
    yield rule(
        rf"{BEFORE}(\d{{2}})(?=(年(?![代来多间级了前后以内薪假龄])(?:\d{{1,2}}月|[初底末春夏秋冬]|出生|毕业|入学)?))",
        _short_year,
        1,
    )


def times_and_ratios() -> Iterable[Rule]:
    """Yield the rules of times of day, unless something says score or ratio, and of fractions."""
    dash, n = r"\s?[:：\-–]\s?", r"\d+(?:\.\d+)?"
    one = r"\d{1,3}[:：\-–]\d{1,3}"
    yield rule(rf"{BEFORE}(\d{{1,2}})\s?h\s?(\d{{1,2}})\s?m(?:in)?(?![A-Za-z])", _lasting)
    yield rule(r"以(?P<ratio>\d{1,3}[:：\-–]\d{1,3})(?=[\u4e00-\u9fff])(?![人个名天年元章岁月日米次])", _ratio, "ratio")
    yield rule(
        rf"(?:比分|比例|比为|比值|大比分|宽高比|赔率|比數|比数|比率|配比)[^\d\n]{{0,4}}(?P<ratio>{n}(?:{dash}{n}){{1,4}}(?:[、，,]\s?{n}{dash}{n}){{0,6}})(?!\.?\d)",
        _ratio,
        "ratio",
    )
    yield rule(
        rf"{BEFORE}(?P<ratio>\d{{1,3}}{dash}\d{{1,3}})(?=\s?(?:的?(?:总?比分)?\s?{_SCORE}|的?(?:比分|比例)))", _ratio
    )
    yield rule(
        rf"(?:胜|负|赢|输|平|以|胜出|赢了|输了|打成|战成|扳成|追成|改写为|贏|輸)(?P<ratio>\d{{1,3}}[:：\-–]\d{{1,3}})"
        rf"(?=[，。,.!！]|$|[^\d:：\-–]{{0,3}}{_SCORE})",
        _ratio,
        "ratio",
    )
    yield rule(
        r"(?<=[\u4e00-\u9fffA-Za-z]{2})\s?(?P<ratio>\d{1,3}[-–]\d{1,3})(?=\s?[\u4e00-\u9fffA-Za-z]{2})"
        rf"(?!\s?(?:{_UNIT_OF_RANGE}|{UNIT_LETTERS}))",
        _match_score,
        "ratio",
    )
    yield rule(rf"(?<=[节節局盘盤场場])\s?(?P<ratio>{one})(?=[，。、；！]|$)", _ratio, "ratio")
    yield rule(r"(?<=福音|约翰|诗篇|箴言|罗马|马太|路加|世记|埃及|音書|詩篇|約翰)(\d+):(\d+)(?!\d)", _verse)
    yield rule(rf"{BEFORE}(\d{{1,2}}):([0-5]\d)\.(\d{{1,3}})(?!\d)", _racing_time)
    yield rule(r"(?<=:\d\d)\s?[~–-]\s?(?=\d{1,2}:\d\d)", said("至"))
    half = r"(?:\s?(?P<half>[AaPp]\.?[Mm](?:\.|(?![A-Za-z]))))"
    yield rule(
        rf"{BEFORE}(?P<hour>{_HOUR})[:：](?P<minute>{_MINUTE})(?:[:：](?P<second>{_MINUTE})|分(?!钟|鐘|之))?(?![\d:%]){half}?",
        _clock,
    )
    yield rule(
        rf"{BEFORE}(?<![高矮])(?<![高矮][是为為约約:：])(\d{{1,2}})'(\d{{2}})(?:''|\")(?!\d)",
        lambda m: f"{counted(m[1])}分{quantity(m[2])}秒",
    )
    yield rule(rf"{BEFORE}(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>){half}", _clock)
    yield rule(rf"{BEFORE}(?P<ratio>\d+(?:\.\d+)?(?:[:：]\d+(?:\.\d+)?){{1,4}})(?![\d:])", _ratio)


def fractions() -> Iterable[Rule]:
    """Yield the rules of fractions, which come after money, units and percentages."""
    yield rule(r"(?<=第)(?P<first>\d{1,2})/(?P<second>\d{1,2})(?=\s?(?:季度|[章节節课課题題组組期周週]))", _listed)
    yield rule(r"(?<=[A-Za-z]{2} )\d{1,3}(?:/\d{1,3}){1,3}(?![\d/%.])", _editions)
    yield rule(r"(?<=第)(\d+)/(\d+)(?=([页頁]))", lambda m: f"{cardinal(m[1])}{m[3]}共{cardinal(m[2])}")
    yield rule(rf"{BEFORE}24/7(?![\d/.])(?!小时|小時)", said("七乘二十四小时"))
    yield rule(
        r"(?:评分|得分|打分|分数|评价|評分|分數|評價)(?:高达|高達|[是为為：:达達了])?\s?"
        r"(?P<at>(?P<mark>\d{1,3}(?:\.\d{1,2})?)/(?P<full>5|10|100))(?![\d/.%])",
        lambda m: f"{quantity(m['mark'])}分，满分{quantity(m['full'])}分",
        "at",
    )
    sign = r"(?P<sign>-(?<![A-Za-z0-9\ue000]-))?"
    yield rule(
        rf"{BEFORE}(?<![A-Za-z]){sign}(?:(?P<whole>(?!0\d)\d+) )?(?P<above>{NUMBER})/(?P<below>{NUMBER})(?![\d/])",
        _fraction,
    )

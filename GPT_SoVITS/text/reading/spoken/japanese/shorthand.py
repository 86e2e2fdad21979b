"""What Japanese notices and shop windows shorten: floors (5F), weekdays (月・水・金), from a price on (980円〜), 〆."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.floors import is_floor
from GPT_SoVITS.text.reading.spoken.patterns import rule, said

Match = re.Match[str]

_WEEKDAYS = dict(zip("月火水木金土日祝", ("ゲツ", "カ", "スイ", "モク", "キン", "ド", "ニチ", "シュク"), strict=True))
_DAY = "[月火水木金土日祝]"
_BEFORE_DAYS = r"(?<![\d日][(（])(?:(?<![一-龥々ァ-ヶー\d·])|(?<=週)|(?<=平日))"
# 月・日 and 木・火・土・金・水 have other meanings.
_AFTER_DAYS = r"(?!曜|[·/~～–-]|の?五行)(?![一-龥](?<![休定開営放配発授収朝夜夕昼午限]))"
_WEEKLY_BEFORE = re.compile(
    r"(?:[毎隔来今先]週の?|再来週の?|週\d?|平日|曜日?は?|定休日?|休[みい日診館業]|営業日?|開催日?|開館日?|受付日?|診療日?|配信日?|放送日?|祝日?|"
    r"レッスン日?は|練習日?は|授業は|教室は|ゴミは|ゴミの日は|収集日?は|バイトは|シフトは)"
    r"[はがのも:：]?[\s(（「、]{0,2}$"
)
_WEEKLY_AFTER = re.compile(
    r"[^。\n]{0,6}?(?:曜|休|営業|開催|開[館店講校]|閉[館店]|放送|配信|授業|出勤|予約|診療|勤務|シフト|バイト)"
    r"|の?レッスン|[はに]?練習"
    r"|[)）」]?\s?(?:の(?:み|[朝昼夜夕]|午[前後]|\d)|は(?:お?仕事|学校|会社|早番|遅番|夜勤)|に(?:開|行わ|行な|実施|会|集|通)|\d{1,2}[:時]|[朝昼夜夕]|午[前後])"
)
_SEEN = 12  # characters before days in which a week is spoken of
_WEEKEND = ["土", "日"]
_ENDS_OF_WORK = frozenset("木金土")
"""Days until which a week that begins on Monday goes: 月〜金 are days of a week without a word that says so."""
_NUMBER_BEFORE = re.compile(r"(?:番号?|第|ナンバー|[Nn][Oo]\.?)\s?[はがの:：]?\s?$")
_FROM = r"(?:(?<=[\d\ue000])|(?<=[\d\ue000万千百][円時日月年分個人名枚本回才歳階話章度泊])|(?<=[\d\ue000]時間))"


def _floor(match: Match) -> str | None:
    if not is_floor(match.string, match.start("number"), match.end()):
        return None
    return f"{'、' if match['apart'] else ''}{'地下' if match['below'] else ''}{match['floor']}階"


def _number_sign(match: Match) -> str:
    """番号#4521: what the sign says has been said."""
    named = _NUMBER_BEFORE.search(match.string, max(match.start() - _SEEN, 0), match.start())
    return "" if named or match["named"] else "ナンバー"


def _is_of_a_week(match: Match, days: list[str]) -> bool:
    """Whether 火・水 are days and not fire and water: a holiday among them, a weekend, or words beside."""
    if "祝" in days or days == _WEEKEND:
        return True
    text, start = match.string, match.start()
    before = _WEEKLY_BEFORE.search(text, max(start - _SEEN, 0), start)
    return before is not None or _WEEKLY_AFTER.match(text, match.end()) is not None


def _days(match: Match) -> str | None:
    days = re.findall(_DAY, match[0])
    return "、".join(_WEEKDAYS[day] for day in days) if _is_of_a_week(match, days) else None


def _from_day_to_day(match: Match) -> str | None:
    first, last = match[1], match[2]
    meant = (first == "月" and last in _ENDS_OF_WORK) or _is_of_a_week(match, [first, last])
    return f"{_WEEKDAYS[first]}から{_WEEKDAYS[last]}" if meant else None


def _bracketed_day(match: Match) -> str | None:
    return f"{match[1]}曜" if _is_of_a_week(match, []) else None


def before_numbers() -> Iterable[Rule]:
    """Yield the rules of floors and weekdays, which decide what the signs beside them are."""
    yield rule(r"〆切り?", said("しめきり"))
    yield rule("〆", said("しめ"))
    yield rule(r"(?<![A-Za-z0-9#])#(?=\d+(?P<named>[番号])?)", _number_sign)
    yield rule(
        r"(?P<apart>(?<=[\w\ue000])\s)?(?<![A-Za-z0-9.°])(?P<number>(?P<below>B)?(?P<floor>\d{1,2})F)(?![A-Za-z0-9])",
        _floor,
    )
    yield rule(rf"{_BEFORE_DAYS}{_DAY}(?:[·、/]{_DAY}){{1,6}}{_AFTER_DAYS}", _days)
    yield rule(
        rf"{_BEFORE_DAYS}({_DAY})[~～–-]({_DAY}){_AFTER_DAYS}",
        _from_day_to_day,
    )
    yield rule(
        r"(?:^|(?<=[\s、。·週期間)）]))[(（]([月火水木金土日])[)）](?=[一-龥ぁ-んァ-ヶ、。\s]|$)", _bracketed_day
    )


def after_ranges() -> Iterable[Rule]:
    """Yield the rule of an open range: 980円〜です."""
    yield rule(rf"{_FROM}\s?[~～](?!\s?[\d~～ー\ue000])(?:から)?", said("から"))

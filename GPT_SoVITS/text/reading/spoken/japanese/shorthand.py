"""What Japanese notices and shop windows shorten: floors (5F), weekdays (月・水・金), from a price on (980円〜), 〆."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.patterns import rule, said

Match = re.Match[str]

_WEEKDAYS = dict(zip("月火水木金土日祝", ("ゲツ", "カ", "スイ", "モク", "キン", "ド", "ニチ", "シュク"), strict=True))
_DAY = "[月火水木金土日祝]"
_BEFORE_DAYS = r"(?<![\d日][(（])(?:(?<![一-龥々ァ-ヶー\d·])|(?<=週)|(?<=平日))"
# 月・日 and 木・火・土・金・水 have other meanings.
_AFTER_DAYS = r"(?!曜|[·/~～–-]|の?五行)(?![一-龥](?<![休定開営放配発授収朝夜夕昼午限]))"
_AT_WORK = re.compile("休|営業|開催|放送|配信|授業|出勤|予約")
_SEEN = 10  # characters after 月・日 in which days of the week are spoken of
_FROM = r"(?:(?<=[\d\ue000])|(?<=[\d\ue000万千百][円時日月年分個人名枚本回才歳階話章度泊])|(?<=[\d\ue000]時間))"


def _floor(match: Match) -> str:
    return f"{'、' if match['apart'] else ''}{'地下' if match['below'] else ''}{match['floor']}階"


def _days(match: Match) -> str | None:
    days = re.findall(_DAY, match[0])
    if days == ["月", "日"] and not _AT_WORK.search(match.string, match.end(), match.end() + _SEEN):
        return None
    return "、".join(_WEEKDAYS[day] for day in days)


def before_numbers() -> Iterable[Rule]:
    """Yield the rules of floors and weekdays, which decide what the signs beside them are."""
    yield rule(r"〆切り?", said("しめきり"))
    yield rule("〆", said("しめ"))
    yield rule(r"(?<![A-Za-z0-9#])#(?=\d)", said("ナンバー"))
    yield rule(
        r"(?P<apart>(?<=[\w\ue000])\s)?(?<![A-Za-z0-9.°])(?P<below>B)?(?P<floor>\d{1,2})F(?![A-Za-z0-9])", _floor
    )
    yield rule(rf"{_BEFORE_DAYS}{_DAY}(?:[·、/]{_DAY}){{1,6}}{_AFTER_DAYS}", _days)
    yield rule(
        rf"{_BEFORE_DAYS}({_DAY})[~～–-]({_DAY}){_AFTER_DAYS}",
        lambda m: f"{_WEEKDAYS[m[1]]}から{_WEEKDAYS[m[2]]}",
    )
    yield rule(
        r"(?:^|(?<=[\s、。·週期間)）]))[(（]([月火水木金土日])[)）](?=[一-龥ぁ-んァ-ヶ、。\s]|$)", lambda m: f"{m[1]}曜"
    )


def after_ranges() -> Iterable[Rule]:
    """Yield the rule of an open range: 980円〜です."""
    yield rule(rf"{_FROM}\s?[~～](?!\s?[\d~～ー\ue000])(?:から)?", said("から"))

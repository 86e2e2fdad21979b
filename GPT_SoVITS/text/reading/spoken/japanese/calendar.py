"""Dates, times of day, scores and ratios in Japanese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.days import MONTH_AND_DAY, Days
from GPT_SoVITS.text.reading.spoken.japanese.words import each, quantity
from GPT_SoVITS.text.reading.spoken.patterns import AFTER, BEFORE, rule

Match = re.Match[str]

_WEEKDAY = r"(?:\s?[(（](?P<weekday>[月火水木金土日])(?:曜日?)?(?P<holiday>[・·]?祝)?[)）])?"
_DAYS = Days(
    on=re.compile(
        r"(?:[今明昨]日|本日|翌日|あした|あす|日[時程付]|締め?切り?|期限|期間|会期|当日|毎年|[今来去昨]年|誕生日|発売日|開催日|[月火水木金土日]曜日?の?)"
        r"\s?[はがの:]?\s?[(（]?$"
    ),
    happens=re.compile(
        r"\s?(?:に(?!減|縮|下が|な[っるりら]|圧縮|抑|落|カット|分け|分割|切|割|す|し|留|とど|達|あた|当た|満|も|過)|まで|付|より|[頃ごろ]+|以[降前]|"
        r"前後|午[前後]|[朝夜夕昼]|開[催始幕店]|発[売表]|公開|締切|スタート|オープン|現在|実施|予定|時点|生まれ|放送|配信|"
        r"は(?:お?休|祝|振替|仕事|会議|雨|晴|曇|出社|定休|誕生|試験|テスト|[月火水木金土日]曜)|の(?:朝|夜|夕|昼|午|試合|会議|予定|ライブ|公演)|\d{1,2}[:時])"
    ),
    part_of=re.compile(
        r"(?:約|およそ|の|全体の|わずか|大さじ|小さじ|残り|[=+×÷*<>]|達成[度率]|進捗|評価|ページ)\s?[はが:]?\s?$"
    ),
    share=re.compile(
        r"\s?(?:(?P<sure>の(?:人|確率|量|サイズ|大きさ|面積|価格|値段|時間|学生|生徒|国民|参加者|ユーザー|世帯|スケール)|を(?:占|超|切|下回|上回))|"
        r"以[上下]|程度|[くぐ]らい|ほど|カップ|インチ|切れ|個|本|ずつ|倍|しか|[+×÷=*<>])"
    ),
)
_VICTORY = (
    r"(?:で?(?:勝|敗|負|引き分け|リード|逆転|快勝|辛勝|制し|下し|破)"
    r"|の(?:同点|タイ|勝利|敗戦|スコア|引き分け|逆転|接戦|[大圧完快辛楽]勝|完封|惜敗|[大完]敗|勝ち|負け))"
)
_NO_COUNT = r"(?![名人個本枚回時分秒日月年歳円台杯匹番度割週話章位倍階点箇]|ページ|[ヶヵかカケ][月所国年])"
_SPORT = re.compile("試合|戦|チーム|ゴール|決勝|リーグ|ホーム|アウェ|カップ|選手|監督|回[表裏]")
_SEEN = 40  # characters to either side in which a match is spoken of


def _clock(match: Match) -> str:
    half = {"a": "午前", "p": "午後", "": ""}[(match["half"] or "")[:1].lower()]
    minute = "" if match["minute"] in ("", "00") else f"{int(match['minute'])}分"
    second = f"{int(match['second'])}秒" if match["second"] else ""
    return f"{half}{int(match['hour']) or '零'}時{minute}{second}"


def _weekday(match: Match) -> str:
    day = f"{match['weekday']}曜日" if match["weekday"] else ""
    return day + ("、祝日、" if match["holiday"] else "")


def _date(match: Match) -> str:
    return f"{match['year']}年{int(match['month'])}月{int(match['day'])}日{_weekday(match)}"


def _month_and_day(match: Match) -> str | None:
    if not (match["word"] or match["weekday"] or _DAYS.has(match)):
        return None
    return f"{int(match['month'])}月{int(match['day'])}日{_weekday(match)}"


def _lasting(match: Match) -> str:
    """Return how long something takes: 1:23:45 is 1時間23分45秒."""
    parts = [match["first"], match["second"], match["third"]]
    named = zip(parts, ("時間", "分", "秒"), strict=True) if match["third"] else zip(parts, ("分", "秒"), strict=False)
    return "".join(f"{int(part)}{unit}" for part, unit in named if part and int(part)) or "0秒"


def _pair(joint: str) -> Callable[[Match], str]:
    return lambda match: joint.join(map(quantity, re.findall(r"\d+", match["ratio"])))


def _sets(match: Match) -> str:
    return "、".join("対".join(re.findall(r"\d+", one)) for one in re.split("[、,]", match["ratio"]))


def _match_score(match: Match) -> str | None:
    """Two names around two numbers: no range where the first is not the smaller one, or where a match is spoken of."""
    first, second = re.findall(r"\d+", match["ratio"])
    around = match.string[max(match.start() - _SEEN, 0) : match.end() + _SEEN]
    return _pair("対")(match) if int(first) >= int(second) or _SPORT.search(around) else None


def dates() -> Iterable[Rule]:
    """Yield the rules of dates."""
    yield rule(
        rf"{BEFORE}(?P<year>\d{{4}})(?P<s>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=s)(?P<day>0?[1-9]|[12]\d|3[01])(?:日)?"
        rf"{AFTER}{_WEEKDAY}",
        _date,
    )
    yield rule(rf"{BEFORE}{MONTH_AND_DAY}(?P<word>日)?{_WEEKDAY}", _month_and_day)
    yield rule(r"(?<=日)\s?[(（](?P<weekday>[月火水木金土日])(?:曜日?)?(?P<holiday>[・·]?祝)?[)）]", _weekday)
    yield rule(r"(?<![\d·])([39])·11(?![\d·])", lambda m: f"{each(m[1])}テン{each('11')}")
    yield rule(
        rf"{BEFORE}(?P<month>1[0-2]|[1-9])[.·](?P<day>[12]\d|3[01]|[1-9])(?=事件|事変)",
        lambda m: each(m["month"]) + each(m["day"]),
    )


def times_and_scores() -> Iterable[Rule]:
    """Yield the rules of scores, times of day and ratios."""
    one = r"\d{1,3}\s?[:\-–]\s?\d{1,3}"
    yield rule(
        rf"(?:スコア|得点|点差|結果|成績|[前後]半|延長)[はがも:、を]?\s?(?P<ratio>{one}(?:[、,]\s?{one}){{0,6}})(?!\d|[-–]\d){_NO_COUNT}",
        _sets,
        "ratio",
    )
    one = r"\d{1,3}(?:[:\-–]| - )\d{1,3}"
    yield rule(
        rf"{BEFORE}(?P<ratio>{one}(?:[、,]\s?{one}){{0,6}})(?={_VICTORY}|で[^。、\n\d]{{0,10}}{_VICTORY})", _sets
    )
    yield rule(
        rf"(?<=[一-龥ァ-ヶー]{{2}})\s?(?P<ratio>\d{{1,3}}[-–]\d{{1,3}})(?=\s?[一-龥ァ-ヶー]{{2}}){_NO_COUNT}",
        _match_score,
        "ratio",
    )
    length = r"(?P<first>\d{1,3}):(?P<second>[0-5]\d)"
    yield rule(
        rf"(?:再生|収録|録画|残り|カウントダウン|タイム|動画|映像|ラップ|尺)(?:時間|の長さ)?[^\d。、\n]{{0,3}}(?P<at>{length}(?::(?P<third>[0-5]\d))?)(?![\d:]|\.\d)",
        _lasting,
        "at",
    )
    yield rule(
        rf"(?:所要時間|長さ|記録|時間は)[^\d。、\n]{{0,3}}(?P<at>{length}:(?P<third>[0-5]\d))(?![\d:]|\.\d)",
        _lasting,
        "at",
    )
    yield rule(r"(?<![A-Za-z])[AP]M\s?(?=\d{1,2}[:時])", lambda m: {"A": "午前", "P": "午後"}[m[0][0]])
    half = r"(?:\s?(?P<half>[AaPp]\.?[Mm]\.?))?"
    yield rule(
        rf"{BEFORE}(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>)\s?(?P<half>[AaPp]\.?[Mm](?:\.|(?![A-Za-z])))",
        _clock,
    )
    yield rule(rf"{BEFORE}(?P<hour>[012]?\d):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)|分)?(?![\d:]){half}", _clock)
    yield rule(rf"{BEFORE}(?P<ratio>\d+:\d+)(?![\d:])", _pair("対"))

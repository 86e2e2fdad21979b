"""Dates, times of day, scores and ratios in Korean."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.days import MONTH_AND_DAY, Days
from GPT_SoVITS.text.reading.spoken.korean.words import PARTICLE, each, native, quantity, sino, with_particle
from GPT_SoVITS.text.reading.spoken.patterns import AFTER, BEFORE, rule

Match = re.Match[str]

_MONTHS = {6: "유", 10: "시"}
_WEEKDAY = r"(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"
_DAYS = Days(
    on=re.compile(
        r"(?:오늘|내일|어제|모레|매년|[올작내]해|작년|내년|생일|마감일?|기한|기간|일[정시자]|날짜|개봉일?|출시일?|[월화수목금토일]요일)"
        r"\s?[은는이가도의:]?\s?\(?$"
    ),
    happens=re.compile(
        r"\s?(?:[은는]\s?(?:[가-힣]{1,6}(?:절|날|일|휴무|휴일|휴가)|쉬)|에(?!\s?(?:불과|그치|그쳤|해당|달하|달했|못|이르|가까|육박|서))|부터|까지|오[전후]|아침|저녁|밤|새벽|개[최봉막강학]|출[시발]|발[매표]|예정|"
        r"현재|기준|이[후전]|시작|마감|휴[무일가]|방[송영]|공연|경기|회의|일(?!\s?당)|자로|\d{1,2}[:시])"
    ),
    part_of=re.compile(r"(?:약|전체의|인구의|[가-힣]의|겨우|나머지|진도|진행률|[=+×÷*<>])\s?[은는이가:]?\s?$"),
    share=re.compile(
        r"\s?(?:(?P<sure>의\s?(?:사람|인구|학생|확률|크기|면적|가격|시간|국민|참가자|사용자|응답자|가구))|"
        r"의|이[상하]|정도|가량|[만로이가을를씩]|[은는](?!\s?[가-힣]{1,6}(?:절|날|휴무|휴일|휴가))|으로|수준|컵|인치|조각|개|큰술|작은술|[+×÷=*<>])"
    ),
)
_VICTORY = (
    r"(?:\s?(?:으로|로)?\s?(?:승|패|이겼|이긴|졌|진|비겼|비긴|이기|지고|앞서|앞섰|승리|패배|역전|끝났|완승|석패|꺾))"
)
_SPORT = re.compile("경기|팀|골|선수|감독|리그|결승|[전후]반|홈|원정|이닝|월드컵")
_NO_COUNT = r"(?!\s?[개명월시분초원살층호회권장점%]|[년일번])"
_SEEN = 40  # characters to either side in which a match is spoken of


def month(number: str) -> str:
    """Return the number of a month: June and October have names of their own."""
    return _MONTHS.get(int(number), sino(number))


def _weekday(match: Match) -> str:
    return f" {match['weekday']}요일" if match["weekday"] else ""


def _day(match: Match) -> str:
    """Return 일 with the day of the week and the particle that goes with them: 5/5는 is 오월 오일은."""
    return with_particle(f"일{_weekday(match)}", match["particle"])


def _date(match: Match) -> str:
    return f"{sino(match['year'])}년 {month(match['month'])}월 {sino(match['day'])}{_day(match)}"


def _month_and_day(match: Match) -> str | None:
    if not (match["word"] or match["weekday"] or _DAYS.has(match)):
        return None
    return f"{month(match['month'])}월 {sino(match['day'])}{_day(match)}"


def _clock(match: Match) -> str:
    half = {"a": "오전 ", "p": "오후 ", "": ""}[(match["half"] or "")[:1].lower()]
    hour = int(match["hour"])
    spoken = half + (native(str(hour)) if 0 < hour < 13 else sino(str(hour))) + " 시"
    minute = "" if match["minute"] in ("", "00") else f" {sino(match['minute'])} 분"
    return spoken + minute + (f" {sino(match['second'])} 초" if match["second"] else "")


def _lasting(match: Match) -> str:
    """Return how long something takes: 1:23:45 is 한 시간 이십삼 분 사십오 초."""
    parts = [match["first"], match["second"], match["third"]]
    hours = [f"{native(parts[0])} 시간"] if parts[2] and int(parts[0]) else []
    others = zip(parts[1:] if parts[2] else parts[:2], ("분", "초"), strict=True)
    return " ".join([*hours, *(f"{sino(part)} {unit}" for part, unit in others if int(part))]) or "영 초"


def _pair(match: Match) -> str:
    return " 대 ".join(map(quantity, re.findall(r"\d+", match["ratio"])))


def _sets(match: Match) -> str:
    return ", ".join(" 대 ".join(map(quantity, re.findall(r"\d+", one))) for one in match["ratio"].split(","))


def _match_score(match: Match) -> str | None:
    """Two names around two numbers: no range where the first is not the smaller one, or where a match is spoken of."""
    first, second = re.findall(r"\d+", match["ratio"])
    around = match.string[max(match.start() - _SEEN, 0) : match.end() + _SEEN]
    return _pair(match) if int(first) >= int(second) or _SPORT.search(around) else None


def dates() -> Iterable[Rule]:
    """Yield the rules of scores that are named, of dates, and of days that are named by their digits (6·25, 3.1절)."""
    one = r"\d{1,3}\s?[-–:]\s?\d{1,3}"
    yield rule(
        rf"(?:스코어|점수|결과|성적|세트|[전후]반)[은는이가:]?\s?(?P<ratio>{one}(?:,\s?{one}){{0,6}})(?!\d|[-–]\d){_NO_COUNT}",
        _sets,
        "ratio",
    )
    yield rule(
        r"(?<![\d.])(?P<month>1[0-2]|[1-9])[.·]\s?(?P<day>[12]\d|3[01]|[1-9])"
        r"(?=\s?(?:절|전쟁|참전|사변|동란|혁명|운동|민주|항쟁|광복|해방|의거|쿠데타|사태|사건|정변|선언|만세|경축|특사|세대))",
        lambda m: each(m["month"]) + each(m["day"]),
    )
    yield rule(
        r"(?<![\d.·])(?P<m>1[0-2]|[1-9])·(?P<d>[12]\d|3[01]|[1-9])(?!\d|[.·]\d)", lambda m: each(m["m"]) + each(m["d"])
    )
    yield rule(r"(?<![\d.])6\.25(?=\s?(?:때|이후|당시|가|는|도|를|의|에|[,.]?$))", lambda m: each("625"))
    yield rule(
        rf"{BEFORE}(?P<year>\d{{4}})(?P<s>[-/.])\s?(?P<month>0?[1-9]|1[0-2])(?P=s)\s?(?P<day>0?[1-9]|[12]\d|3[01])"
        rf"(?:일|\.(?!\d))?{_WEEKDAY}{AFTER}{PARTICLE}",
        _date,
    )
    yield rule(rf"{BEFORE}{MONTH_AND_DAY}(?P<word>일)?{_WEEKDAY}{PARTICLE}", _month_and_day)
    yield rule(r"(?<=일)\s?\((?P<weekday>[월화수목금토일])(?:요일)?\)", _weekday)
    yield rule(rf"{BEFORE}(?P<month>\d{{1,2}})(?=월)", lambda m: month(m["month"]))


def times_and_scores() -> Iterable[Rule]:
    """Yield the rules of scores, times of day and ratios."""
    yield rule(rf"{BEFORE}(?P<ratio>\d{{1,3}}[:\-–]\d{{1,3}})(?={_VICTORY})", _pair)
    yield rule(
        rf"(?<=[가-힣A-Za-z]{{2}})\s(?P<ratio>\d{{1,3}}[-–]\d{{1,3}})(?=\s[가-힣A-Za-z]{{2}}){_NO_COUNT}",
        _match_score,
        "ratio",
    )
    length = r"(?P<first>\d{1,3}):(?P<second>[0-5]\d)"
    yield rule(
        rf"(?:재생|러닝|상영|영상|남은|카운트다운|타이머|길이|랩)\s?(?:시간|타임|길이)?[은는이가:]?\s?(?P<at>{length}(?::(?P<third>[0-5]\d))?)(?![\d:]|\.\d)",
        _lasting,
        "at",
    )
    yield rule(
        rf"(?:소요 ?시간|기록|시간)[은는이가:]?\s?(?P<at>{length}:(?P<third>[0-5]\d))(?![\d:]|\.\d)", _lasting, "at"
    )
    yield rule(r"(?<![A-Za-z])[AP]M\s?(?=\d{1,2}[:시])", lambda m: {"A": "오전 ", "P": "오후 "}[m[0][0]])
    half = r"(?:\s?(?P<half>[AaPp]\.?[Mm]\.?))?"
    yield rule(
        rf"{BEFORE}(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>)\s?(?P<half>[AaPp]\.?[Mm](?:\.|(?![A-Za-z])))",
        _clock,
    )
    yield rule(
        rf"{BEFORE}(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)|분)?(?![\d:]){half}", _clock
    )
    yield rule(rf"{BEFORE}(?P<ratio>\d+:\d+)(?![\d:])", _pair)
    yield rule(rf"{BEFORE}(1[0-2]|0?[1-9])(?=\s?시(?![간작도험장민청]))", lambda m: native(m[1]))

"""How long something takes in Chinese, written like a time of day: 倒计时00:30."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.chinese.words import counted
from GPT_SoVITS.text.reading.spoken.patterns import either, rule

Match = re.Match[str]

_LASTS = either(
    "倒计时 倒計時 时长 時長 用时 用時 耗时 耗時 历时 歷時 [还仅][剩有] 還剩 剩余 剩餘 全长(?=\\d|[为是:：]) 片长 片長 "
    "进度条?在? 進度條?在? 播放[到至] 计时器? 計時器? 成绩"
)


def _lasting(match: Match) -> str:
    first, second, third = match["first"], match["second"], match["third"]
    parts = zip(("小时", "分钟", "秒") if third else ("分钟", "秒"), filter(None, (first, second, third)), strict=True)
    said = [(unit, number.lstrip("0")) for unit, number in parts if number.strip("0")]
    if not said:
        return "零秒"
    *_, last = said
    return "".join(counted(number) + ("分" if unit == "分钟" and last[0] == "秒" else unit) for unit, number in said)


def rules() -> Iterable[Rule]:
    """Yield the rules of durations, which come before those of times of day."""
    yield rule(
        rf"{_LASTS}[^\d，。；！？\n]{{0,3}}(?P<at>(?P<first>\d{{1,3}})[:：](?P<second>[0-5]\d)(?:[:：](?P<third>[0-5]\d))?)"
        r"(?![\d:：.])(?!\s?[-–—~至到])",
        _lasting,
        "at",
    )

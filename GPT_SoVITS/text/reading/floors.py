"""Floors beside Japanese: the letter of 5F and B1F belongs to its number, not to English.

Farads, degrees, frames and sizes have the letter too (1Fのコンデンサ, 98F, 60Fで動く), so that a floor needs a sign of
a building: B, a list of floors, a place or an address before it, or what one does and finds on a floor.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from GPT_SoVITS.text.reading.scripts import Run, companions

_ONE = r"B?\d{1,2}F(?![A-Za-z0-9])"
_SINGLE = re.compile(_ONE)
_JOINT = r"\s?(?:[~～–/·、,-]|から|と|や|及び|または)\s?"
_FLOOR = re.compile(rf"(?<![A-Za-z0-9.°]){_ONE}(?:{_JOINT}{_ONE}){{0,9}}")
_ANOTHER_AFTER = re.compile(rf"{_JOINT}B?(?P<floor>\d{{1,2}})F(?![A-Za-z0-9])")
_ANOTHER_BEFORE = re.compile(rf"(?<![A-Za-z0-9.°])B?(?P<floor>\d{{1,2}})F{_JOINT}$")
_HIGHEST_LISTED = 20
"""30F/60F are frames of a second."""
_ROOM = (
    r"売り?場|フロア|ロビー|会議室|受付|レストラン|フードコート|駐車場|ホール|教室|事務所|オフィス|カフェ|食堂|窓口|ラウンジ|会場|スタジオ|トイレ|お手洗い|"
    r"エレベーター?|エスカレーター?|階段|部屋"
)
"""What is on a floor."""
_PLACE = (
    r"(?:ビル|館|タワー|プラザ|モール|マンション|アパート|ハイツ|ホテル|デパート|百貨店|病院|校舎|センター|駅|棟|丁目|番地|号|本社|支社|ヒルズ|パルコ|ロフト|"
    rf"店|地下|地上|場所|現在地|自宅|{_ROOM})"
)
_BEFORE = re.compile(rf"(?:\d-\d{{1,4}}(?:-\d{{1,4}})?|{_PLACE}(?:で|から)?\s?[はがのも:：、]?)[\s「(（]{{0,2}}$")
_AFTER = re.compile(
    r"[」)）]?(?:"
    rf"[^。、\n]{{0,6}}?(?:{_ROOM}|入口|出口|改札|屋上|病棟|号室|診察室|書店|テナント|ベランダ|建て)"
    r"|[にへ](?:あり|ある|ござ|行|上が|下り|降り|住|移|お越|越し|到着|着|来|停|止ま|向か|どうぞ|お進み|。|$)"
    r"|[でから]{1,2}(?:降り|乗り|下車|お?待|開催|集合|会[いうえお]|販売|お買|火災|出火)"
    r"|まで(?:上が|お越|来|エレ|階段|徒歩|お願)"
    r")"
)
_NO_BUILDING = re.compile(
    r"(?:フレーム|[気温体]温|温度|華氏|絞り|レンズ|F値|発生|硬直|コンデンサ|容量|バスト|カップ)[^。！？\n]*$"
)
_OF_A_GUIDE = re.compile(r"(?:^|\n)[\s・·]*$")
_GUIDED = re.compile(r"[\s:：]{1,3}[ぁ-んァ-ヶ一-龥]{2}")
_SEEN = 20  # characters to either side


def is_floor(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]``, such as 5F or B1F, is the floor of a building."""
    if text[start] == "B":
        return True
    seen = max(start - _SEEN, 0)
    if _NO_BUILDING.search(text, seen, start):
        return False
    others = [_ANOTHER_BEFORE.search(text, seen, start), _ANOTHER_AFTER.match(text, end)]
    if any(other and int(other["floor"]) <= _HIGHEST_LISTED for other in others):
        return True
    if _BEFORE.search(text, seen, start) or _AFTER.match(text, end):
        return True
    return _OF_A_GUIDE.search(text, seen, start) is not None and _GUIDED.match(text, end) is not None


def settle_floors(text: str, runs: Sequence[Run], fallback: str) -> None:
    """Give the floors of Japanese sentences to Japanese.

    Args:
        text: The text.
        runs: Its runs, settled; changed in place.
        fallback: The language of sentences without letters.
    """
    floors = [match.span() for match in _FLOOR.finditer(text) if _has_floor(text, match)] if "F" in text else []
    if not floors or not (fallback == "ja" or any(run.language == "ja" for run in runs)):
        return
    starts = [start for start, _ in floors]
    for run, language in zip(runs, companions(text, list(runs)), strict=True):
        place = bisect_right(starts, run.start) - 1
        if (language or fallback) == "ja" and place >= 0 and run.start < floors[place][1]:
            run.language = "ja"


def _has_floor(text: str, row: re.Match[str]) -> bool:
    return any(is_floor(text, *match.span()) for match in _SINGLE.finditer(text, *row.span()))

"""What takes an amount: the words behind which a number counts, and cannot name a page, a bus or a menu."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.spoken.patterns import either

_SEEN = 24  # characters before a number that tell
_BEGINNING = re.compile(r"(?:^|[\n。！？!?；;…、，,:：(（\[“「『\"'《—–]\s?|[.]\s|(?:^|\s)-\s)$")
_IN_ENGLISH = either(
    "about around over under nearly almost only just exactly roughly approximately some than least most another "
    "extra additional total altogether maximum minimum plus minus worth of for with the these those all our "
    "their its my your his her every an? has have had having is are was were be been costs? costing paid pays? "
    "paying earn(?:s|ed|ing)? sell(?:s|ing)? sold buys? bought buying weigh(?:s|ed|ing)? measures? measured ran "
    "runs? running walk(?:s|ed|ing)? drives? drove driving swam rais(?:e|es|ed|ing) donat(?:e|es|ed|ing) gets? "
    "got receiv(?:e|es|ed|ing) spend(?:s|ing)? spent sav(?:e|es|ed|ing) wins? won lost loses? losing needs? "
    "needed includ(?:e|es|ed|ing) contain(?:s|ed|ing)? holds? held holding seats seating hosts? hosted "
    "employ(?:s|ed|ing)? reach(?:es|ed|ing)? exceed(?:s|ed|ing)? attract(?:s|ed)? serv(?:e|es|ed|ing) "
    "kill(?:s|ed|ing)? injured affect(?:s|ed)? evacuated hired draw draws drew gather(?:s|ed)? ordered makes? "
    "made lasts? lasted takes? took charges? charged gained adds? added sees? saw counts? counted feeds? fed "
    "(?<!\\d\\s)to population price fee salary rent budget revenue distance"
)
_ENGLISH = re.compile(rf"(?<![A-Za-z]){_IN_ENGLISH}\s$", re.IGNORECASE)
_HAN = re.compile(
    r"(?:[约約近超达達逾共计計为為是花付收卖賣买買赚賺亏虧捐奖獎罚罰价價至到从從和与與了过過于於值需用仅僅只才满滿重涨漲跌降升增减減欠还還"
    r"额額数數量积積距薪资資]|共有|[价價]格|[总全]长|總長|身价|有(?!\s)|长度|高度|宽度|深度|海拔|面积|距离|费用?|人口|收入|支出|成本|合[计計]|"
    r"最[多少高低]|至少|将近|大[约約概])\s?$"
)
_KANA = re.compile(
    r"(?:[はがをにでもと約計総額料価金数量]|より|から|まで|最[大高低小少]|合計|およそ|たった|わずか|税[込抜別]|[時日月]給|年収|人口|定価|送料)\s?$"
)
_HANGUL = re.compile(r"(?:^|\s)(?:\S{0,8}[은는이가을를에도만]|\S{0,8}(?:까지|부터)|약|총|최대|최소|무려|거의|단)\s$")


def takes_amount(text: str, start: int) -> bool:
    """Whether a number that begins at a place is an amount by what stands before it."""
    seen = max(start - _SEEN, 0)
    before = text[seen:start]
    if not before.strip():
        return True
    if _BEGINNING.search(before):
        return True
    return any(pattern.search(before) for pattern in (_ENGLISH, _HAN, _KANA, _HANGUL))

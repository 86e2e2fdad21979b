"""Generated sentences whose reading is known: no digit is lost or doubled, no sign glues words, no language strays in.

What is expected comes from ways of counting of this file's own, not from the code under test.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from GPT_SoVITS.text.reading.natural import natural_passages
from tests.readingcheck.canonical import canonical

# A kind of item: from random numbers to what is written and what is said.
Item = Callable[[random.Random], tuple[str, str]]

_WIDE = str.maketrans("0123456789%", "０１２３４５６７８９％")


# --- counting, once more ---


def chinese(number: int) -> str:
    """Count by groups of four, with one 零 for every gap."""
    if number == 0:
        return "零"
    spoken, gap = "", False
    for power in range(11, -1, -1):
        digit = number // 10**power % 10
        if digit:
            spoken += (
                ("零" if gap and spoken else "") + "零一二三四五六七八九"[digit] + ("", "十", "百", "千")[power % 4]
            )
            gap = False
        else:
            gap = bool(spoken)
        if power % 4 == 0 and power and number // 10**power % 10_000:
            spoken += ("", "万", "亿")[power // 4]
            gap = number // 10 ** (power - 4) % 10_000 < 1000 if power >= 4 else False
    return spoken[1:] if spoken.startswith("一十") else spoken


def each(digits: str, names: str = "零一二三四五六七八九") -> str:
    return "".join(names[int(digit)] for digit in digits)


_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def english(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{english(number // size)} {name}" + (f" {english(rest)}" if rest else "")
    raise AssertionError(number)


def korean(number: int) -> str:
    if number == 0:
        return "영"
    groups: list[str] = []
    for place, large in enumerate(("", "만", "억")):
        group = number // 10_000**place % 10_000
        spoken = ""
        for power, unit in ((3, "천"), (2, "백"), (1, "십"), (0, "")):
            digit = group // 10**power % 10
            if digit:
                spoken += ("" if digit == 1 and power else "일이삼사오육칠팔구"[digit - 1]) + unit
        if spoken:
            groups.insert(0, ("" if spoken == "일" and large == "만" else spoken) + large)
    return "".join(groups)


# --- items ---


def _pick(random: random.Random, *forms: str) -> str:
    return random.choice(forms)


def zh_quantity(random: random.Random) -> tuple[str, str]:
    number = random.choice([random.randrange(3, 100), random.randrange(100, 10_000), random.randrange(10**4, 10**7)])
    written = _pick(random, str(number), f"{number:,}", str(number).translate(_WIDE))
    return f"有{written}公里", f"有{chinese(number)}公里"


def zh_percent(random: random.Random) -> tuple[str, str]:
    number = random.randrange(0, 1000)
    decimals = _pick(random, "", ".5", ".25")
    spoken = chinese(number) + (f"点{each(decimals[1:])}" if decimals else "")
    return f"占{number}{decimals}{_pick(random, '%', '％')}", f"占百分之{spoken}"


def zh_range(random: random.Random) -> tuple[str, str]:
    low = random.randrange(3, 50)
    high = low + random.randrange(1, 40)
    return f"要{low}{_pick(random, '-', '–', '—', '~', '～')}{high}天", f"要{chinese(low)}到{chinese(high)}天"


def zh_date(random: random.Random) -> tuple[str, str]:
    year, month, day = random.randrange(1950, 2050), random.randrange(1, 13), random.randrange(1, 29)
    sign = _pick(random, "/", "-")
    written = _pick(random, f"{year}{sign}{month}{sign}{day}", f"{year}{sign}{month:02}{sign}{day:02}")
    written = _pick(random, written, f"{year}年{month}月{day}日")
    return f"在{written}", f"在{each(str(year))}年{chinese(month)}月{chinese(day)}日"


def zh_cold(random: random.Random) -> tuple[str, str]:
    number = random.randrange(1, 60)
    return f"有{_pick(random, '-', '－', '−')}{number}{_pick(random, '℃', '°C')}", f"有零下{chinese(number)}度"


def zh_telephone(random: random.Random) -> tuple[str, str]:
    digits = "13" + "".join(random.choices("0123456789", k=9))
    written = _pick(
        random, digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}", f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    )
    return f"电话是{written}", f"电话是{each(digits).replace('一', '幺')}"


def zh_money(random: random.Random) -> tuple[str, str]:
    number = random.randrange(3, 10**6)
    return f"花了{_pick(random, '¥', '￥')}{_pick(random, str(number), f'{number:,}')}", f"花了{chinese(number)}元"


def zh_day(random: random.Random) -> tuple[str, str]:
    month, day = random.randrange(1, 13), random.randrange(1, 29)
    what = _pick(random, "开会", "放假", "")
    return f"定于{month}/{day}{what}", f"定于{chinese(month)}月{chinese(day)}日{what}"


def yue_day(random: random.Random) -> tuple[str, str]:
    month, day = random.randrange(1, 13), random.randrange(1, 29)
    return f"定于{day}/{month}放假", f"定于{chinese(month)}月{chinese(day)}日放假"


def zh_code(random: random.Random) -> tuple[str, str]:
    house, stairs, room = random.randrange(1, 30), random.randrange(1, 7), random.randrange(101, 999)
    digits = each(str(room)).replace("一", "幺")
    return f"住在{house}-{stairs}-{room}", f"住在{chinese(house)}杠{chinese(stairs)}杠{digits}"


def zh_foreign_money(random: random.Random) -> tuple[str, str]:
    number = random.randrange(3, 10**6)
    sign, name = random.choice(
        [("HK$", "港元"), ("US$", "美元"), ("NT$", "新台币"), ("CA$", "加元"), ("RMB ", "人民币")]
    )
    return f"花了{sign}{_pick(random, str(number), f'{number:,}')}", f"花了{chinese(number)}{name}"


def zh_score(random: random.Random) -> tuple[str, str]:
    low = random.randrange(60, 130)
    high = low + random.randrange(1, 40)
    return f"湖人{high}-{low}勇士", f"湖人{chinese(high)}比{chinese(low)}勇士"


def en_quantity(random: random.Random) -> tuple[str, str]:
    number = random.choice([random.randrange(3, 1000), random.randrange(10**4, 10**9)])
    return f"{_pick(random, str(number), f'{number:,}')} apples", f"{english(number)} apples"


def en_percent(random: random.Random) -> tuple[str, str]:
    number = random.randrange(0, 1000)
    return f"about {number}{_pick(random, '%', '％')} of it", f"about {english(number)} percent of it"


def en_range(random: random.Random) -> tuple[str, str]:
    low = random.randrange(3, 50)
    high = low + random.randrange(1, 40)
    return f"for {low}{_pick(random, '-', '–', '—', '~')}{high} days", f"for {english(low)} to {english(high)} days"


def en_time(random: random.Random) -> tuple[str, str]:
    hour, minute = random.randrange(1, 13), random.randrange(1, 60)
    spoken = f"{english(hour)} {'oh ' if minute < 10 else ''}{english(minute)}"
    half = _pick(random, "", " PM", "am", " p.m.")
    return (
        f"at {hour}:{minute:02}{half} today",
        f"at {spoken}{' ' + ' '.join(re.findall('[APM]', half.upper())) if half else ''} today",
    )


def en_money(random: random.Random) -> tuple[str, str]:
    number = random.randrange(3, 10**6)
    sign, name = random.choice([("$", "dollars"), ("€", "euros"), ("£", "pounds"), ("¥", "yen")])
    scale = _pick(random, "", " million", " billion")
    return f"for {sign}{number:,}{scale} each", f"for {english(number)}{scale} {name} each"


def en_decade(random: random.Random) -> tuple[str, str]:
    century, tens = random.choice([18, 19]), random.randrange(2, 10)
    name = _TENS[tens][:-1] + "ies"
    return f"in the {century}{tens}0s there", f"in the {english(century)} {name} there"


def en_apostrophe(random: random.Random) -> tuple[str, str]:
    word = random.choice(["it{}s", "don{}t", "we{}ll", "Tom{}s", "I{}m", "they{}ve"])
    return f"and {word.format(_pick(random, '’', 'ʼ', '＇', '´'))} fine", f"and {word.format(chr(39))} fine"


def en_dash(random: random.Random) -> tuple[str, str]:
    return f"wait{_pick(random, '—', ' — ', ' – ', '--', ': ', '; ')}what now", "wait, what now"


def en_blank(random: random.Random) -> tuple[str, str]:
    blank = _pick(random, "\u00a0", "\u2009", "\u3000", "\t", "  ")
    return f"two{blank}words here", "two words here"


def ja_quantity(random: random.Random) -> tuple[str, str]:
    number = random.randrange(3, 10**7)
    return f"{_pick(random, str(number), f'{number:,}', str(number).translate(_WIDE))}円です", f"{number}円です"


def ja_cold(random: random.Random) -> tuple[str, str]:
    number = random.randrange(1, 60)
    return f"気温は{_pick(random, '-', '－', '−')}{number}℃です", f"気温はマイナス{number}度です"


def ja_range(random: random.Random) -> tuple[str, str]:
    low = random.randrange(3, 50)
    high = low + random.randrange(1, 40)
    return f"{low}{_pick(random, '-', '–', '～', '〜')}{high}人です", f"{low}から{high}人です"


def ja_date(random: random.Random) -> tuple[str, str]:
    year, month, day = random.randrange(1950, 2050), random.randrange(1, 13), random.randrange(1, 29)
    return f"{year}/{month:02}/{day:02}です", f"{year}年{month}月{day}日です"


def ja_day(random: random.Random) -> tuple[str, str]:
    month, day, weekday = random.randrange(1, 13), random.randrange(1, 29), random.choice("月火水木金土日")
    return f"{month}/{day}({weekday})に開催です", f"{month}月{day}日{weekday}曜日に開催です"


def ja_address(random: random.Random) -> tuple[str, str]:
    parts = [str(random.randrange(1, 40)) for _ in range(3)]
    return f"渋谷区神南{'-'.join(parts)}です", f"渋谷区神南{'の'.join(parts)}です"


def ko_day(random: random.Random) -> tuple[str, str]:
    month, day, weekday = (
        random.choice([1, 2, 3, 4, 5, 7, 8, 9, 11, 12]),
        random.randrange(1, 29),
        random.choice("월화수목금토일"),
    )
    return f"{month}/{day}({weekday})입니다", f"{korean(month)}월 {korean(day)}일 {weekday}요일입니다"


def ko_lot(random: random.Random) -> tuple[str, str]:
    lot, part = random.randrange(10, 999), random.randrange(1, 99)
    return f"역삼동 {lot}-{part}입니다", f"역삼동 {korean(lot)} 다시 {korean(part)}입니다"


def ko_quantity(random: random.Random) -> tuple[str, str]:
    number = random.randrange(3, 10**7)
    return f"{_pick(random, str(number), f'{number:,}')}원입니다", f"{korean(number)}원입니다"


def ko_percent(random: random.Random) -> tuple[str, str]:
    number = random.randrange(0, 1000)
    return f"약 {number}{_pick(random, '%', '％')}입니다", f"약 {korean(number)}퍼센트입니다"


def ko_cold(random: random.Random) -> tuple[str, str]:
    number = random.randrange(1, 60)
    return f"기온은 {_pick(random, '-', '－', '−')}{number}℃입니다", f"기온은 영하 {korean(number)}도입니다"


def ko_date(random: random.Random) -> tuple[str, str]:
    year, month, day = (
        random.randrange(1950, 2050),
        random.choice([1, 2, 3, 4, 5, 7, 8, 9, 11, 12]),
        random.randrange(1, 29),
    )
    return f"{year}-{month:02}-{day:02}입니다", f"{korean(year)}년 {korean(month)}월 {korean(day)}일입니다"


_MANDARIN: tuple[Item, ...] = (
    *(zh_quantity, zh_percent, zh_range, zh_date, zh_day, zh_cold),
    *(zh_telephone, zh_code, zh_money, zh_foreign_money, zh_score),
)
ITEMS: dict[str, tuple[Item, ...]] = {
    "zh": _MANDARIN,
    "en": (en_quantity, en_percent, en_range, en_time, en_money, en_decade, en_apostrophe, en_dash, en_blank),
    "ja": (ja_quantity, ja_cold, ja_range, ja_date, ja_day, ja_address),
    "ko": (ko_quantity, ko_percent, ko_cold, ko_date, ko_day, ko_lot),
    # 1 has one name, and the day stands before the month
    "yue": (*(item for item in _MANDARIN if item not in (zh_telephone, zh_code, zh_day)), yue_day),
}
_TEXT_LANGUAGES = {
    "zh": ("all_zh", "zh", "auto"),
    "en": ("en",),
    "ja": ("all_ja", "ja"),
    "ko": ("all_ko", "auto"),
    "yue": ("all_yue",),
}
_JOINTS = {"zh": "，", "en": ", ", "ja": "、", "ko": ", ", "yue": "，"}


def _check(language: str, seed: int) -> None:
    chosen = random.Random(f"{language} {seed}")
    items = [chosen.choice(ITEMS[language])(chosen) for _ in range(chosen.randrange(1, 4))]
    joint = _JOINTS[language]
    written, expected = (joint.join(part) for part in zip(*items, strict=True))
    text_language = chosen.choice(_TEXT_LANGUAGES[language])
    passages = natural_passages(written + ("." if language in ("en", "ko") else "。"), text_language, "v2", "cut0")
    parts = [part for passage in passages for part in passage.parts]
    said = "".join(part.spoken for part in parts)
    assert canonical(said) == canonical(expected), written
    assert {part.language for part in parts} == {language}, written
    if language != "ja":
        assert not re.search(r"\d", said), written


@pytest.mark.parametrize("language", ITEMS)
def test_a_thousand_generated_sentences_are_said_as_they_are_meant(language: str) -> None:
    for seed in range(1000):
        _check(language, seed)


@pytest.mark.full
@pytest.mark.parametrize("language", ITEMS)
def test_very_many_generated_sentences(language: str) -> None:
    for seed in range(1000, 40_000):
        _check(language, seed)


def test_counting_here_is_right() -> None:
    assert [chinese(number) for number in (10, 105, 1005, 10_050, 100_000, 1_000_203)] == [
        *("十", "一百零五", "一千零五", "一万零五十", "十万", "一百万零二百零三"),
    ]
    assert english(1_000_021) == "one million twenty-one"
    assert korean(12_345) == "만이천삼백사십오"

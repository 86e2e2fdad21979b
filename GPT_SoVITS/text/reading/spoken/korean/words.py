"""Numbers in Korean: Sino-Korean, native before what is counted natively, digit by digit."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.spoken.patterns import plain

_DIGITS = "영일이삼사오육칠팔구"
_SMALL = ("", "십", "백", "천")
_LARGE = ("", "만", "억", "조", "경")
_LONGEST_QUANTITY = 4 * len(_LARGE)
_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_ALONE = {"한": "하나", "두": "둘", "세": "셋", "네": "넷", "스무": "스물"}
_RIEUL = 8  # number of the final consonant after which 으로 is 로
_OPEN = frozenset("2459")
"""Last digits whose names end in a vowel."""


def each(digits: str) -> str:
    """Return digits one by one, zero as 영."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def topic(digit: str) -> str:
    """Return the particle 은 or 는 behind a number that ends in a digit, or behind a word by its last letter."""
    if "가" <= digit <= "힣":
        return with_particle(digit, "은")[1:]
    return "은" if digit.isdigit() and digit not in _OPEN else "는"


def code_parts(text: str) -> str:
    """Return the numbers of a lot or a room: 123-45 is 백이십삼 다시 사십오."""
    return " 다시 ".join(map(sino, text.split("-")))


def by_digit(text: str) -> str:
    """Return digits one by one, zero as 공, groups apart."""
    groups = re.findall(r"\d+", text)
    return " ".join("".join("공" if digit == "0" else _DIGITS[int(digit)] for digit in group) for group in groups)


def sino(digits: str) -> str:
    """Return a whole number in Sino-Korean: 12345 is 만이천삼백사십오."""
    digits = digits.lstrip("0")
    if not digits:
        return "영"
    if len(digits) > _LONGEST_QUANTITY:
        return by_digit(digits)
    groups = []
    for place in range(0, len(digits), 4):
        group = digits[max(len(digits) - place - 4, 0) : len(digits) - place]
        spoken = _group(group)
        if spoken:
            large = _LARGE[place // 4]
            groups.append(("" if spoken == "일" and large == "만" else spoken) + large)
    return "".join(reversed(groups))


def _group(digits: str) -> str:
    spoken = ""
    for power, digit in enumerate(reversed(digits)):
        if digit != "0":
            spoken = ("" if digit == "1" and power else _DIGITS[int(digit)]) + _SMALL[power] + spoken
    return spoken


def native(digits: str) -> str:
    """Return 1 to 99 in native words as they stand before what is counted; other numbers in Sino-Korean."""
    value = int(digits) if len(digits) < 4 else 0
    if not 0 < value < 100:
        return sino(digits)
    if value == 20:
        return "스무"
    return _TENS[value // 10] + _ONES[value % 10]


def native_alone(digits: str) -> str:
    """Return 1 to 99 in native words as they stand without what is counted: 셋, 스물."""
    spoken = native(digits)
    return next((spoken.removesuffix(short) + full for short, full in _ALONE.items() if spoken.endswith(short)), spoken)


def quantity(text: str) -> str:
    """Return a number in Sino-Korean, decimals digit by digit."""
    whole, point, decimals = plain(text).partition(".")
    return sino(whole) + (" 점 " + each(decimals) if point else "")


_PARTICLES = {"은": "는", "이": "가", "을": "를", "과": "와", "으로": "로"}
PARTICLE = r"(?P<particle>(?:은|는|이|가|을|를|과|와|으로|로)(?![가-힣]))?"


def with_particle(noun: str, particle: str | None) -> str:
    """Return a noun with the form of a particle that goes with its last sound: 달러는, 원은."""
    if not particle:
        return noun
    open_form = _PARTICLES.get(particle, particle)
    closed_form = next(closed for closed, opened in _PARTICLES.items() if opened == open_form)
    final = (ord(noun[-1]) - 0xAC00) % 28
    return noun + (open_form if final == 0 or (final == _RIEUL and open_form == "로") else closed_form)


def fraction(whole: str, above: str, below: str) -> str:
    """Return a fraction; ``whole`` may be empty: 1, 1 and 2 are 일과 이분의 일."""
    head = f"{with_particle(quantity(whole), '과')} " if whole else ""
    return f"{head}{quantity(below)}분의 {quantity(above)}"

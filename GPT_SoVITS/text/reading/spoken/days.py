"""5/1, which is a day of a month or a part of a whole: told apart by the words around it and by the numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd

MONTH, DAY = r"(?:1[0-2]|0?[1-9])", r"(?:[12]\d|3[01]|0?[1-9])"
_NO_MORE = r"(?![\d/%‰℃°]|\.\d)"
MONTH_AND_DAY = rf"(?P<month>{MONTH})/(?P<day>{DAY}){_NO_MORE}"
DAY_AND_MONTH = rf"(?P<day>{DAY})/(?P<month>{MONTH}){_NO_MORE}"
_EITHER = rf"({DAY})/({DAY})"
_NEXT_DAY = re.compile(rf"\s?[-–—~至到から]{{1,2}}\s?{_EITHER}(?![\d/])")
_DAY_BEFORE = re.compile(rf"(?<![\d/.]){_EITHER}(?:\s?\([^()]{{1,4}}\))?\s?[-–—~至到から]{{1,2}}\s?$")
_SEEN = 14  # characters to either side
_TENTHS = 10  # are common in other terms too
_LARGEST_COMMON = 12


@dataclass(frozen=True)
class Days:
    """The words of a language that tell days from parts.

    Attributes:
        on: Looked for at the end of what stands before a day.
        happens: Looked for at the beginning of what stands after a day.
        part_of: Looked for at the end of what stands before a part.
        largest_common: Denominator up to which a fraction without such words is one.
        share: Looked for at the beginning of what stands after a part; its group ``sure`` says that it can be nothing
            else.
    """

    on: re.Pattern[str]
    happens: re.Pattern[str]
    part_of: re.Pattern[str]
    share: re.Pattern[str]
    largest_common: int = _LARGEST_COMMON

    def has(self, match: re.Match[str]) -> bool:
        """Whether a find of ``MONTH_AND_DAY`` or ``DAY_AND_MONTH`` is a day.

        Where the words do not tell, what cannot be a common fraction in lowest terms is one.
        """
        text, month, day = match.string, match["month"], match["day"]
        day_first = match.start("day") < match.start("month")
        end = match.end("month" if day_first else "day")
        before, after = text[max(match.start() - _SEEN, 0) : match.start()], text[end : end + _SEEN]
        if month.startswith("0") or day.startswith("0"):
            return True
        above, below = (int(day), int(month)) if day_first else (int(month), int(day))
        in_lowest_terms = above < below and (gcd(above, below) == 1 or below == _TENTHS)
        share = self.share.match(after)
        if self.part_of.search(before) or (share is not None and share["sure"]):
            return False
        following, former = _NEXT_DAY.match(after), _DAY_BEFORE.search(before)
        if following is not None:
            return _in_order((above, below), _pair(following), day_first=day_first)
        if former is not None:
            return _in_order(_pair(former), (above, below), day_first=day_first)
        if share is not None and in_lowest_terms:
            return False
        if self.on.search(before) or self.happens.match(after):
            return True
        return not in_lowest_terms or below > self.largest_common


def _pair(match: re.Match[str]) -> tuple[int, int]:
    return int(match[1]), int(match[2])


def _in_order(first: tuple[int, int], second: tuple[int, int], *, day_first: bool) -> bool:
    """Whether a day comes before another one, as they are written."""
    return first[::-1] < second[::-1] if day_first else first < second

"""5/1, which is a day of a month or a part of a whole: told apart by the words around it and by the numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd

MONTH, DAY = r"(?:1[0-2]|0?[1-9])", r"(?:[12]\d|3[01]|0?[1-9])"
MONTH_AND_DAY = rf"(?P<month>{MONTH})/(?P<day>{DAY})(?![\d/%‰℃°]|\.\d)"
_NEXT_DAY = re.compile(rf"\s?[-–—~至到から]{{1,2}}\s?({MONTH})/({DAY})(?![\d/])")
_DAY_BEFORE = re.compile(rf"(?<![\d/.])({MONTH})/({DAY})(?:\s?\([^()]{{1,4}}\))?\s?[-–—~至到から]{{1,2}}\s?$")
_SEEN = 14  # characters to either side
_TENTHS = 10  # are common in other terms too
_LARGEST_COMMON = 12  # denominator


@dataclass(frozen=True)
class Days:
    """The words of a language that tell days from parts.

    Attributes:
        on: Looked for at the end of what stands before a day.
        happens: Looked for at the beginning of what stands after a day.
        part_of: Looked for at the end of what stands before a part.
        share: Looked for at the beginning of what stands after a part; its group ``sure`` says that it can be nothing
            else.
    """

    on: re.Pattern[str]
    happens: re.Pattern[str]
    part_of: re.Pattern[str]
    share: re.Pattern[str]

    def has(self, match: re.Match[str]) -> bool:
        """Whether a find of ``MONTH_AND_DAY`` is a day.

        Where the words do not tell, what cannot be a common fraction in lowest terms is one.
        """
        text, month, day = match.string, match["month"], match["day"]
        before, after = (
            text[max(match.start() - _SEEN, 0) : match.start()],
            text[match.end("day") : match.end("day") + _SEEN],
        )
        if month.startswith("0") or day.startswith("0"):
            return True
        above, below = int(month), int(day)
        in_lowest_terms = above < below and (gcd(above, below) == 1 or below == _TENTHS)
        share = self.share.match(after)
        if self.part_of.search(before) or (share is not None and share["sure"]):
            return False
        following, former = _NEXT_DAY.match(after), _DAY_BEFORE.search(before)
        if following is not None:
            return (above, below) < (int(following[1]), int(following[2]))
        if former is not None:
            return (int(former[1]), int(former[2])) < (above, below)
        if share is not None and in_lowest_terms:
            return False
        if self.on.search(before) or self.happens.match(after):
            return True
        return not in_lowest_terms or below > _LARGEST_COMMON

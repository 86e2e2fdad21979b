"""One rewriting rule: a pattern and the function that reads what it finds.

Rules are applied to the whole text, in which a line is a sentence; no pattern reaches over a line break. A pattern that
begins with digits says ``(?<!\\d)``, so that a long run of digits is tried once and not from each of its digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A pattern with its reading.

    Attributes:
        name: Name of the function that reads a match.
        pattern: What is looked for.
        read: Returns what stands for a match.
        repeat: Apply until nothing is found, for patterns whose finds overlap (``1+2+3``).
    """

    name: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str]
    repeat: bool = False

    def __call__(self, text: str) -> str:
        """Return ``text`` with every find replaced by its reading."""
        text, count = self.pattern.subn(self.read, text)
        while self.repeat and count:
            text, count = self.pattern.subn(self.read, text)
        return text


def rule(pattern: str, repeat: bool = False) -> Callable[[Callable[[re.Match[str]], str]], Rule]:
    """Make the decorated function the reading of ``pattern``."""

    def decorate(read: Callable[[re.Match[str]], str]) -> Rule:
        return Rule(read.__name__, re.compile(pattern), read, repeat)

    return decorate

"""Where the finds of a pattern may begin in a text: at the characters that can be its first.

Searching a text costs a step for each of its characters and each of hundreds of rules. Most rules begin with a digit or
a certain sign, of which a text has few: they are tried at those places alone, and not at all where there are none.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

_PARSER = "re._parser" if sys.version_info >= (3, 11) else "sre_parse"  # how Python itself takes a pattern apart
_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s"}
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_WITHOUT_WIDTH = frozenset({"ASSERT", "ASSERT_NOT", "AT"})
_WIDEST_RANGE = 100  # characters; a set with more, such as all Han characters, is no help

LONG = 2000
"""Characters; a shorter text is searched, unless it has none of the first characters at all."""
_FEW = 6  # a search costs about a sixth of a trial for each character
_HEAD = 4000  # characters at the beginning that tell whether a text has far too many places


class _AnyCharacterError(Exception):
    """A pattern may begin with too many characters, or with none."""


@lru_cache(maxsize=4096)
def first_character(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern for the characters with which finds of a pattern begin, None where that is no help."""
    parser: Any = importlib.import_module(_PARSER)
    parsed = parser.parse(pattern)
    try:
        found, ends = _firsts(parsed.data)
    except _AnyCharacterError:
        return None
    if not ends or not found or parsed.state.flags & re.IGNORECASE:
        return None
    return re.compile("[" + "".join(sorted(found)) + "]" + _condition(parsed.data[0]), re.DOTALL)


def _condition(item: Any) -> str:
    """Return what holds before the first character, as a condition that stands behind it, so that it is tried last.

    Of the conditions with which a pattern may begin those count that spare most: the beginning of a word or a number.
    """
    operation, argument = item
    if str(operation) == "AT" and str(argument) == "AT_BOUNDARY":
        return r"(?<=\b.)"
    if str(operation) != "ASSERT_NOT" or argument[0] > 0 or len(argument[1]) != 1:
        return ""
    name, members = argument[1][0]
    if str(name) != "IN":
        return ""
    if any(str(kind) == "CATEGORY" and str(what) == "CATEGORY_DIGIT" for kind, what in members):
        return r"(?<!\d.)"
    letters = {what for kind, what in members if str(kind) == "RANGE"}
    return "(?<![A-Za-z].)" if {(ord("a"), ord("z")), (ord("A"), ord("Z"))} <= letters else ""


def _firsts(items: Iterable[Any]) -> tuple[set[str], bool]:
    """Return what a sequence may begin with, and whether it has at least one character.

    Raises:
        _AnyCharacterError: it may begin with too many characters.
    """
    found: set[str] = set()
    for operation, argument in items:
        name = str(operation)
        if name in _WITHOUT_WIDTH:
            continue
        more, ends = _firsts_of(name, argument)
        found |= more
        if ends:
            return found, True
    return found, False


def _firsts_of(name: str, argument: Any) -> tuple[set[str], bool]:
    if name == "LITERAL":
        return {re.escape(chr(argument))}, True
    if name == "IN":
        return set(_members(argument)), True
    if name == "SUBPATTERN":
        return _firsts(argument[3])
    if name == "ATOMIC_GROUP":
        return _firsts(argument)
    if name in _REPEATS:
        found, ends = _firsts(argument[2])
        return found, ends and argument[0] > 0
    if name == "BRANCH":
        branches = [_firsts(branch) for branch in argument[1]]
        return set().union(*(found for found, _ in branches)), all(ends for _, ends in branches)
    raise _AnyCharacterError


def _members(items: Iterable[Any]) -> Iterator[str]:
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            yield re.escape(chr(argument))
        elif name == "RANGE" and argument[1] - argument[0] < _WIDEST_RANGE and argument != (ord("a"), ord("z")):
            yield f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif name == "CATEGORY" and str(argument) in _CATEGORIES:
            yield _CATEGORIES[str(argument)]
        else:
            raise _AnyCharacterError


class Starts:
    """The places of a text at which finds of patterns may begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: dict[re.Pattern[str], list[int] | None] = {}

    def of(self, pattern: re.Pattern[str]) -> list[int] | None:
        """Return the places from left to right, None where looking them up would not pay."""
        first = first_character(pattern.pattern)
        if first is None:
            return None
        if first not in self._places:
            self._places[first] = self._look_up(first)
        return self._places[first]

    def _look_up(self, first: re.Pattern[str]) -> list[int] | None:
        if len(self._text) <= LONG:
            return None if first.search(self._text) else []
        head = min(_HEAD, len(self._text))
        if sum(1 for _ in first.finditer(self._text, 0, head)) * _FEW > 2 * head:
            return None
        places = [match.start() for match in first.finditer(self._text)]
        return places if len(places) * _FEW < len(self._text) else None


def finds(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """Yield the finds of a pattern that begin at some of the places, without overlaps, as ``finditer`` does."""
    done = 0
    for place in places:
        if place >= done and (match := pattern.match(text, place)):
            yield match
            done = max(match.end(), place + 1)

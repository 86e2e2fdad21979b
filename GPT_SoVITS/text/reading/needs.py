"""What a text must hold so that a pattern can be found in it: most rules are not tried at all on most texts.

A pattern for a score before 勝 needs a digit, a hyphen and 勝. What it needs is read off the pattern itself, once.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_PARSER = "re._parser" if sys.version_info >= (3, 11) else "sre_parse"  # how Python itself takes a pattern apart
_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s"}
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_WIDEST_RANGE = 100  # characters that are listed; a wider range is asked for as a whole
_MOST = 6  # needs of a pattern that are asked for


@dataclass(frozen=True, eq=False)
class Need:
    """At least one of these is in a text: ``characters``, or of ``classes``, which are members of a set of ``re``."""

    characters: frozenset[str]
    classes: frozenset[str]

    @staticmethod
    @cache
    def of(characters: frozenset[str], classes: frozenset[str] = frozenset()) -> Need:
        """Return the one need of its kind: needs are compared by identity, which is fast."""
        return Need(characters, classes)

    @property
    def breadth(self) -> int:
        """How little it says: a class is in most texts."""
        return len(self.characters) + 1000 * len(self.classes)


@lru_cache(maxsize=4096)
def needs_of(pattern: str) -> tuple[Need, ...]:
    """Return what a pattern needs, the rarest first; nothing for a pattern whose letters may be large or small."""
    parsed = importlib.import_module(_PARSER).parse(pattern)
    if parsed.state.flags & re.IGNORECASE:
        return ()
    found = sorted(set(_needs(parsed.data)), key=lambda need: need.breadth)
    return tuple(found[:_MOST])


def _needs(items: Iterable[Any]) -> Iterator[Need]:
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            yield Need.of(frozenset(chr(argument)))
        elif name == "IN":
            yield from _one_of(argument)
        elif name == "SUBPATTERN" and not argument[1] & re.IGNORECASE:
            yield from _needs(argument[3])
        elif name == "ATOMIC_GROUP":
            yield from _needs(argument)
        elif name == "ASSERT":
            yield from _needs(argument[1])
        elif name in _REPEATS and argument[0] > 0:
            yield from _needs(argument[2])
        elif name == "BRANCH":
            yield from _of_a_branch([list(_needs(branch)) for branch in argument[1]])


def _one_of(members: Iterable[Any]) -> Iterator[Need]:
    """Yield what a set needs: one of its members; nothing where they cannot be named."""
    characters: set[str] = set()
    classes: set[str] = set()
    for operation, argument in members:
        name = str(operation)
        if name == "LITERAL":
            characters.add(chr(argument))
        elif name == "RANGE" and argument[1] - argument[0] < _WIDEST_RANGE:
            characters.update(map(chr, range(argument[0], argument[1] + 1)))
        elif name == "RANGE":
            classes.add(f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}")
        elif name == "CATEGORY" and str(argument) in _CATEGORIES:
            classes.add(_CATEGORIES[str(argument)])
        else:
            return
    yield Need.of(frozenset(characters), frozenset(classes))


def _of_a_branch(branches: Sequence[Sequence[Need]]) -> Iterator[Need]:
    """Yield what alternatives need: one of what each of them needs most."""
    if all(branches):
        rarest = [min(branch, key=lambda need: need.breadth) for branch in branches]
        yield Need.of(
            frozenset().union(*(need.characters for need in rarest)),
            frozenset().union(*(need.classes for need in rarest)),
        )


class Holdings:
    """What a text holds.

    Args:
        text: The text.
        more: Characters that count as held in any case.
    """

    def __init__(self, text: str, more: str = "") -> None:
        self._text = text
        self._characters = frozenset(text).union(more)
        self._classes: dict[str, bool] = {}
        self._met: dict[Need, bool] = {}

    def meet(self, needs: Iterable[Need]) -> bool:
        """Whether nothing that is needed is missing."""
        met = self._met
        for need in needs:
            if need not in met:
                met[need] = self._meets(need)
            if not met[need]:
                return False
        return True

    def _meets(self, need: Need) -> bool:
        return not need.characters.isdisjoint(self._characters) or any(map(self._has, need.classes))

    def _has(self, members: str) -> bool:
        if members not in self._classes:
            self._classes[members] = re.search(f"[{members}]", self._text) is not None
        return self._classes[members]

"""A text with what is to be said in the place of some of it: every rule sees the written text around its find."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from GPT_SoVITS.text.reading.needs import Holdings, Need, needs_of
from GPT_SoVITS.text.reading.starts import Starts, finds

TAKEN = "\ue000"
"""Stands for a character that a rule has read already: no other rule's pattern matches it."""

_SIGNS = frozenset("，。？！,.?!~:：—…、；;")

Match = re.Match[str]
# A find -> what is said for it; None leaves it to the rules that follow.
Say = Callable[[Match], "str | None"]


@dataclass(frozen=True)
class Rule:
    """A pattern with its reading.

    Attributes:
        pattern: Looked for in the written text, of which other rules' finds are ``TAKEN``.
        say: Returns what is said for a find.
        group: The part of the find that is replaced; the rest is context.
    """

    pattern: re.Pattern[str]
    say: Say
    group: int | str = 0

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What a text must hold so that the pattern can be found in it."""
        return needs_of(self.pattern.pattern)


def rule(pattern: str, say: Say, group: int | str = 0) -> Rule:
    """Return a rule of a pattern that is not compiled yet."""
    return Rule(re.compile(pattern), say, group)


def said(words: str) -> Say:
    """Return a reading that is always the same."""
    return lambda match: words


@dataclass(frozen=True)
class Edit:
    """``text[start:end]`` is said as ``spoken``."""

    start: int
    end: int
    spoken: str


class Area:
    """Some places of a text: those whose byte in ``owners`` is ``own``.

    Args:
        owners: A byte for each character.
        own: The byte of the characters that belong to the area.
    """

    def __init__(self, owners: bytes, own: int) -> None:
        self._owners, self._own = owners, own
        self._within: dict[int, list[int]] = {}

    def __contains__(self, place: int) -> bool:
        return self._owners[place] == self._own

    def within(self, places: list[int]) -> list[int]:
        """Return the places that belong to it; a list that was asked for before is remembered."""
        found = self._within.get(id(places))
        if found is None:
            owners, own = self._owners, self._own
            found = self._within[id(places)] = [place for place in places if owners[place] == own]
        return found


class Draft:
    """The edits of a text, without overlaps; the first rule that takes a place keeps it.

    Args:
        text: The written text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._masked = text
        self._starts = Starts(text)
        self._holdings = Holdings(text, TAKEN)
        self._edits: list[Edit] = []

    def edit(self, edits: Iterable[Edit]) -> None:
        """Add edits of places that are still free."""
        self._take(list(edits))

    def apply(self, rules: Iterable[Rule], area: Area | None = None) -> None:
        """Apply rules, one after another, to the places of an area, or everywhere; they see the whole text."""
        for rule in rules:
            if not self._holdings.meet(rule.needs):
                continue
            found = []
            for match in self._finds(rule, area):
                start, end = match.span(rule.group)
                if start < end and (area is None or start in area):
                    spoken = rule.say(match)
                    if spoken is not None:
                        found.append(Edit(start, end, spoken))
            if found:
                self._take(found)

    def _finds(self, rule: Rule, area: Area | None) -> Iterator[Match]:
        places = self._starts.of(rule.pattern)
        if places is None:
            return rule.pattern.finditer(self._masked)
        # Where a part of a find is replaced, the find itself may begin outside the area.
        return finds(rule.pattern, self._masked, area.within(places) if area and rule.group == 0 else places)

    def reword(self, words: Mapping[int, str]) -> None:
        """Change what is said for the edits that begin at some places."""
        self._edits = [replace(edit, spoken=words.get(edit.start, edit.spoken)) for edit in self._edits]

    def _take(self, edits: list[Edit]) -> None:
        parts, done = [], 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            if edit.start < done:
                continue
            parts += [self._masked[done : edit.start], TAKEN * (edit.end - edit.start)]
            done = edit.end
            self._edits.append(edit)
        self._masked = "".join([*parts, self._masked[done:]])

    def edits(self) -> list[Edit]:
        """Return the edits from left to right."""
        return sorted(self._edits, key=lambda edit: edit.start)


class Edits:
    """Edits that can be looked up by place."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._edits = list(edits)
        self._starts = [edit.start for edit in self._edits]

    def within(self, start: int, end: int) -> list[Edit]:
        """Return the edits that begin in ``[start, end)``."""
        return self._edits[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def covers(self, place: int) -> bool:
        """Whether the border before ``place`` lies inside an edit, or behind one that does not end in a sign."""
        index = bisect_left(self._starts, place) - 1
        if index < 0:
            return False
        edit = self._edits[index]
        if edit.end == place:
            return edit.spoken.rstrip()[-1:] not in _SIGNS
        return edit.end > place

    def around(self, place: int) -> tuple[int, int]:
        """Return start and end of the edit inside which the border before ``place`` lies, or the place itself twice."""
        index = bisect_left(self._starts, place) - 1
        if index < 0 or self._edits[index].end <= place:
            return place, place
        return self._edits[index].start, self._edits[index].end

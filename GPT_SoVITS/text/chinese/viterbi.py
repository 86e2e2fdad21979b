"""The most likely word boundaries and tags of characters that form no known word.

The hidden Markov model is jieba's (``jieba.posseg``: 256 states, a position in a word and a part of speech). jieba's
own search takes milliseconds for a character that the model does not know, so this one works on arrays and remembers
what follows a set of states. Its additions have the same order and its ties fall to the same state: so has the answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_ABSENT = -np.inf
_UNKNOWN = -3.14e100  # jieba's log probability of a character that a state never emitted; adding to it changes nothing
_SHORT = 8  # characters of a text whose states are remembered
_KEPT_VALUES = 4096  # numbers of a table of transitions that is kept

State = tuple[str, str]
_States = NDArray[np.intp]
_Scores = NDArray[np.float64]


class _Transition(NamedTuple):
    """What happens between two sets of states.

    Attributes:
        going: Places of the states before that can be left; None if all can.
        before: Those states.
        current: The states now.
        columns: ``0, 1, ...`` for each of them.
        values: Log probabilities from each state before to each now, ``(before, current)``; None for large tables,
            which would fill the memory.
        emitted: Log probabilities of the character, ``(current,)``.
        silent: For a character that no state emits, the state before each state now: the greatest that leads there.
    """

    going: _States | None
    before: _States
    current: _States
    columns: _States
    values: _Scores | None
    emitted: _Scores
    silent: _States | None


class TagModel:
    """Viterbi search over jieba's tables.

    Args:
        characters: For each known character the states that it can have.
        start: Log probability of each state at the beginning.
        transitions: Log probabilities from state to state.
        emissions: For each state the log probabilities of its characters.
    """

    def __init__(
        self,
        characters: dict[str, tuple[State, ...]],
        start: dict[State, float],
        transitions: dict[State, dict[State, float]],
        emissions: dict[State, dict[str, float]],
    ) -> None:
        # Descending, because a tie goes to the greatest state and argmax finds the first.
        self._states: list[State] = sorted(transitions, reverse=True)
        self._number = {state: number for number, state in enumerate(self._states)}
        self._characters = characters
        self._emissions: dict[str, list[tuple[int, float]]] = {character: [] for character in characters}
        for state, table in emissions.items():
            for character, value in table.items():
                self._emissions.setdefault(character, []).append((self._number[state], value))
        self._every = np.arange(len(self._states))
        self._start = np.array([start[state] for state in self._states])
        self._transitions = np.full((len(self._states),) * 2, _ABSENT)
        for state, following in transitions.items():
            for successor, value in following.items():
                self._transitions[self._number[state], self._number[successor]] = value
        self._possible = self._transitions > _ABSENT
        self._continues = self._possible.any(axis=1)
        self._short = lru_cache(maxsize=4096)(self._tag)
        self._observed = lru_cache(maxsize=2048)(self._observe)
        self._audible = lru_cache(maxsize=1024)(self._find_transition)
        self._silent = lru_cache(maxsize=1024)(self._find_transition)

    def _observe(self, character: str) -> tuple[_States, _Scores]:
        """The states that a character can have, all of them if the model does not say, and their emissions."""
        listed = self._characters.get(character)
        states = np.array(sorted(self._number[state] for state in listed), np.intp) if listed else self._every
        return states, self._emissions_of(character, states)

    def _emissions_of(self, character: str, states: _States) -> _Scores:
        everywhere = np.full(len(self._states), _UNKNOWN)
        for number, value in self._emissions.get(character, ()):
            everywhere[number] = value
        return everywhere[states]

    def _find_transition(self, key: bytes, character: str) -> _Transition | None:
        """Everything about a step that does not depend on scores; None if nothing follows the states of ``key``.

        Characters that no state emits share an entry, the one of the empty string.
        """
        states = np.frombuffer(key, np.intp)
        going = self._continues[states]
        before = states[going]
        if not len(before):
            return None
        expected = self._possible[before].any(axis=0)
        current, emitted = self._observed(character)
        usable = expected[current]
        current, emitted = current[usable], emitted[usable]
        if not len(current):
            current = np.flatnonzero(expected)
            emitted = self._emissions_of(character, current)
        silent = None if character else before[self._possible[before[:, None], current].argmax(axis=0)]
        small = len(before) * len(current) <= _KEPT_VALUES
        return _Transition(
            going=None if going.all() else np.flatnonzero(going),
            before=before,
            current=current,
            columns=np.arange(len(current)),
            values=self._between(before, current) if small else None,
            emitted=emitted,
            silent=silent,
        )

    def _between(self, before: _States, current: _States) -> _Scores:
        return np.asarray(self._transitions[before[:, None], current])

    def _step(self, character: str, states: _States, scores: _Scores) -> tuple[_States, _Scores, _States]:
        """Advance by a character: the states now, their scores, and the state before each."""
        known = character in self._emissions
        step = self._audible(states.tobytes(), character) if known else self._silent(states.tobytes(), "")
        if step is None:  # begin anew after the best state
            best = states[scores.argmax()]
            states, emitted = self._observed(character)
            return states, self._start[states] + emitted, np.full(len(states), best)
        scores = scores if step.going is None else scores[step.going]
        if step.silent is not None:
            silent = scores + _UNKNOWN
            if (silent == silent[0]).all():  # transitions do not count beside so low a score: a tie everywhere
                return step.current, np.full(len(step.current), silent[0]), step.silent
        values = self._between(step.before, step.current) if step.values is None else step.values
        candidates = scores[:, None] + values
        candidates += step.emitted
        best = candidates.argmax(axis=0)
        return step.current, candidates[best, step.columns], step.before[best]

    def tag(self, text: str) -> tuple[State, ...]:
        """Return the state of each character of ``text`` (at least one); short texts come again and are remembered."""
        return self._short(text) if len(text) <= _SHORT else self._tag(text)

    def _tag(self, text: str) -> tuple[State, ...]:
        states, emitted = self._observed(text[0])
        scores = self._start[states] + emitted
        steps: list[tuple[_States, _States]] = []
        for character in text[1:]:
            states, scores, before = self._step(character, states, scores)
            steps.append((states, before))
        state = int(states[scores.argmax()])
        route = [state]
        for states, before in reversed(steps):
            state = int(before[states.searchsorted(state)])
            route.append(state)
        return tuple(self._states[number] for number in reversed(route))

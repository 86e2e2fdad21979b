"""Where a word divides in two, which decides between 蒙古+包 and 纸+老虎.

The official program asks jieba_fast for the words inside a word. jieba_fast is jieba in C and differs from it in three
details, which matter for rare characters and are kept here: of equally likely divisions the one with the shorter word
first wins, at most twelve words are tried at a place, and scores of the character model never fall below those of an
unknown character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import log
from typing import Any

_BLOCK = re.compile(r"([\u4e00-\u9fd5.]+)")  # words are searched in Chinese characters and full stops
_HAN = re.compile(r"([\u4e00-\u9fd5]+)")
_UNKNOWN = -3.14e100  # log probability of a character that a state never emitted
# Positions in a word (begin, middle, end, single), and those that may stand before each, the preferred one first.
_BEFORE = {"B": "ES", "M": "MB", "E": "BM", "S": "SE"}
_TIE = {"B": "S", "M": "M", "E": "M", "S": "S"}  # before each, when both lead nowhere
_TRIED_WORDS = 12
_CACHED_LENGTH = 16  # longer words are rare, and a cache of hostile ones would only cost memory


def spans(text: str, ends: Iterable[int]) -> Iterator[tuple[str, bool]]:
    """Yield the words of a division, and the runs of single characters between them.

    Args:
        text: What was divided.
        ends: For each place in ``text``, where a word that begins there ends (behind its last character).

    Yields:
        A piece of ``text`` and whether it is a word of two characters or more.
    """
    start = run = 0
    following = list(ends)
    while start < len(text):
        end = following[start]
        if end - start > 1:
            if run < start:
                yield text[run:start], False
            yield text[start:end], True
            run = end
        start = end
    if run < len(text):
        yield text[run:], False


class WordParts:
    """Divides words.

    Args:
        tokenizer: A loaded ``jieba.Tokenizer``.
        model: ``jieba.finalseg``, for its tables of positions in words.
    """

    def __init__(self, tokenizer: Any, model: Any) -> None:
        self._tokenizer = tokenizer
        self._start: dict[str, float] = model.start_P
        self._transitions: dict[str, dict[str, float]] = model.trans_P
        self._emissions: dict[str, dict[str, float]] = model.emit_P
        self._cached = lru_cache(maxsize=65536)(self._split)

    def split(self, word: str) -> tuple[str, str]:
        """Return two parts whose lengths add up to that of ``word``; the second is empty if it is one part.

        The shortest word inside is one of them: the first if ``word`` begins with it, else the second, even if it
        stands in the middle (心不由主 gives 心不 and 不由), because that is what the official program looks up.
        """
        return self._cached(word) if len(word) <= _CACHED_LENGTH else self._split(word)

    def _split(self, word: str) -> tuple[str, str]:
        shortest = min(self._candidates(word), key=len)
        if word.startswith(shortest):
            return shortest, word[len(shortest) :]
        return word[: -len(shortest)], shortest

    def _candidates(self, word: str) -> Iterator[str]:
        """Words inside a word: known pairs and triples, then the word itself, for each word of the division."""
        for part in self._divide(word):
            for size in (2, 3):
                if len(part) > size:
                    grams = (part[start : start + size] for start in range(len(part) - size + 1))
                    yield from filter(self._tokenizer.FREQ.get, grams)
            yield part

    def _divide(self, word: str) -> Iterator[str]:
        for index, block in enumerate(_BLOCK.split(word)):
            if not index % 2:
                yield from block
                continue
            for piece, is_word in spans(block, self._ends(block)):
                if is_word:
                    yield piece
                elif len(piece) == 1 or self._tokenizer.FREQ.get(piece):
                    yield from piece
                else:
                    yield from self._unknown(piece)

    def _ends(self, text: str) -> list[int]:
        """End of the word that begins at each place in the most likely division."""
        words = self._tokenizer.get_DAG(text)
        frequency, total = self._tokenizer.FREQ, log(self._tokenizer.total)
        score = [0.0] * (len(text) + 1)
        ends = [0] * len(text)
        for start in range(len(text) - 1, -1, -1):
            tried = [last + 1 for last in words[start][:_TRIED_WORDS]]
            values = [log(frequency.get(text[start:end]) or 1) - total + score[end] for end in tried]
            score[start] = max(values)
            ends[start] = tried[values.index(score[start])]
        return ends

    def _unknown(self, text: str) -> Iterator[str]:
        """Divide characters that form no known word by their likely positions in words."""
        for index, part in enumerate(_HAN.split(text)):
            if index % 2:
                begin = 0
                for place, position in enumerate(self._positions(part), 1):
                    if position in "ES":
                        yield part[begin:place]
                        begin = place
            elif part:
                yield part

    def _positions(self, text: str) -> list[str]:
        """The most likely position in a word of each character (Viterbi)."""
        scores = {state: self._start[state] + self._emissions[state].get(text[0], _UNKNOWN) for state in _BEFORE}
        steps: list[dict[str, str]] = []
        for character in text[1:]:
            now: dict[str, float] = {}
            step: dict[str, str] = {}
            for state, allowed in _BEFORE.items():
                emitted = self._emissions[state].get(character, _UNKNOWN)
                now[state], step[state] = _UNKNOWN, _TIE[state]
                for before in allowed:
                    value = emitted + scores[before] + self._transitions[before].get(state, _UNKNOWN)
                    if value > now[state]:
                        now[state], step[state] = value, before
            scores = now
            steps.append(step)
        state = "S" if scores["S"] > scores["E"] else "E"
        positions = [state]
        for step in reversed(steps):
            state = step[state]
            positions.append(state)
        return positions[::-1]

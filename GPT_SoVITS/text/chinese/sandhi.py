"""Tones that change inside a word: 不, 一, the neutral tone, the third tone.

The rules and their order are those of PaddleSpeech's front end, which the models were trained with. A final is pinyin
with its tone, ``ian4``; every method changes the finals of one word in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from GPT_SoVITS.text.chinese import tables
from GPT_SoVITS.text.chinese.merging import all_third

_NEUTRAL_PARTICLES = "吧呢哈啊呐噻嘛吖嗨呐哦哒额滴哩哟喽啰耶喔诶" + "的地得"
_BEFORE_MEASURE = "几有两半多各整每做是"
_BEFORE_DIRECTION = "上下进出回过起开"
_PUNCTUATION = "：，；。？！“”‘’':,;.?!"

_REMEMBERED_LENGTH = 8  # longer words are rare, and remembering hostile ones would only cost memory


def _retone(finals: list[str], index: int, tone: str) -> None:
    finals[index] = finals[index][:-1] + tone


class ToneSandhi:
    """The tone rules.

    Args:
        split: Returns the two parts of a word, see ``WordParts.split``.
    """

    def __init__(self, split: Callable[[str], tuple[str, str]]) -> None:
        self._split = split
        self._neutral_words = tables.words("neutral_tone")
        self._full_words = tables.words("full_tone")
        self._remembered = lru_cache(maxsize=16384)(self._apply)

    def apply(self, word: str, tag: str, read: Sequence[str]) -> list[str]:
        """Return the finals of ``word`` as they are spoken; one final per character is needed."""
        return list((self._remembered if len(word) <= _REMEMBERED_LENGTH else self._apply)(word, tag, tuple(read)))

    def _apply(self, word: str, tag: str, read: tuple[str, ...]) -> tuple[str, ...]:
        finals = list(read)
        self.bu(word, finals)
        self.yi(word, finals)
        self.neutral(word, tag, finals)
        self.third(word, finals)
        return tuple(finals)

    def bu(self, word: str, finals: list[str]) -> None:
        """不 is neutral in the middle of three (看不懂) and has the second tone before a fourth (不怕)."""
        if len(word) == 3 and word[1] == "不":
            _retone(finals, 1, "5")
            return
        for index in _positions(word, "不"):
            if finals[index + 1][-1] == "4":
                _retone(finals, index, "2")

    def yi(self, word: str, finals: list[str]) -> None:
        """一 keeps its tone in numbers and ordinals, else the next tone decides (一段, 一天); 看一看 is neutral."""
        if "一" not in word or all(character.isnumeric() for character in word):
            return
        if len(word) == 3 and word[1] == "一" and word[0] == word[2]:
            _retone(finals, 1, "5")
            return
        if word.startswith("第一"):
            _retone(finals, 1, "1")
            return
        for index in _positions(word, "一"):
            if finals[index + 1][-1] == "4":
                _retone(finals, index, "2")
            elif word[index + 1] not in _PUNCTUATION:
                _retone(finals, index, "4")

    def neutral(self, word: str, tag: str, finals: list[str]) -> None:
        """Neutral syllables: repetitions, particles, suffixes, and the listed words and parts of words."""
        self._repetition(word, tag, finals)
        self._suffix(word, tag, finals)
        if len(word) > 1:
            first, second = self._split(word)
            if self._is_neutral(first):
                _retone(finals, len(first) - 1, "5")
            if self._is_neutral(second):
                _retone(finals, -1, "5")

    def _is_neutral(self, word: str) -> bool:
        return word in self._neutral_words or word[-2:] in self._neutral_words

    def _repetition(self, word: str, tag: str, finals: list[str]) -> None:
        """奶奶, 试试: the second of two equal characters in nouns, verbs and adjectives."""
        if tag[0] not in "nva" or word in self._full_words:
            return
        for index in range(1, len(word)):
            if word[index] == word[index - 1]:
                _retone(finals, index, "5")

    def _suffix(self, word: str, tag: str, finals: list[str]) -> None:
        """The first of these that fits: particle, 了着过, 们子, 上下里, 来去, the measure 个, a listed word."""
        last, several = word[-1], len(word) > 1
        measure = word.find("个")
        if (
            last in _NEUTRAL_PARTICLES
            or (not several and last in "了着过" and tag in ("ul", "uz", "ug"))
            or (several and last in "们子" and tag in ("r", "n") and word not in self._full_words)
            or (several and last in "上下里" and tag in ("s", "l", "f"))
            or (several and last in "来去" and word[-2] in _BEFORE_DIRECTION)
        ):
            _retone(finals, -1, "5")
        elif word == "个" or (measure >= 1 and (word[measure - 1].isnumeric() or word[measure - 1] in _BEFORE_MEASURE)):
            _retone(finals, measure, "5")
        elif self._is_neutral(word):
            _retone(finals, -1, "5")

    def third(self, word: str, finals: list[str]) -> None:
        """A third tone before another becomes a second: in words of two, three (by their parts) and four."""
        if len(word) == 2:
            self._third_pair(finals, 0)
        elif len(word) == 3:
            self._third_triple(word, finals)
        elif len(word) == 4:
            self._third_pair(finals, 0)
            self._third_pair(finals, 2)

    def _third_pair(self, finals: list[str], start: int) -> None:
        if all_third(finals[start : start + 2]):
            _retone(finals, start, "2")

    def _third_triple(self, word: str, finals: list[str]) -> None:
        """蒙古+包, 纸+老虎; if not all three are third tones: 所有+人, 好+喜欢."""
        first = len(self._split(word)[0])
        if all_third(finals):
            if first == 2:
                _retone(finals, 0, "2")
            if first in (1, 2):
                _retone(finals, 1, "2")
            return
        if first == 2:
            self._third_pair(finals, 0)
        elif first == 1 and all_third(finals[1:]):
            _retone(finals, 1, "2")
        elif first == 1:
            self._third_pair(finals, 0)


def _positions(word: str, character: str) -> list[int]:
    """Where a character stands in a word, except at its end."""
    return [index for index, found in enumerate(word[:-1]) if found == character]

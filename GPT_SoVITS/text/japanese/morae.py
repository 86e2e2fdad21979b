"""Morae of a katakana pronunciation and their phonemes, asked of Open JTalk one mora at a time and remembered."""

from __future__ import annotations

import re
from collections.abc import Callable

from GPT_SoVITS.text.japanese.engine import Feature

Mora = tuple[str, ...]
LONG_VOWEL: Mora = ("ー",)  # repeats the last phoneme of the mora before

_UNVOICED_MARK = "’"
_SMALL = frozenset("ァィゥェォャュョヮ")
_PHONEME = re.compile(r"-(.*?)\+.*/F:(\d+)_")  # phoneme, morae of its accent phrase
_VOICED = {vowel: vowel.lower() for vowel in "AEIOU"}


def _word(pronunciation: str) -> Feature:
    """A word record of which only the pronunciation matters."""
    classes = dict.fromkeys(("pos_group2", "pos_group3", "ctype", "cform", "chain_rule"), "*")
    spellings = dict.fromkeys(("string", "orig", "read", "pron"), pronunciation)
    return {**classes, **spellings, "pos": "名詞", "pos_group1": "一般", "acc": 0, "mora_size": 1, "chain_flag": -1}


class Morae:
    """Cuts pronunciations into morae, with unvoiced vowels as voiced ones.

    Args:
        labels: Makes the full-context labels of words (``Engine.labels``).
    """

    def __init__(self, labels: Callable[[list[Feature]], list[str]]) -> None:
        self._labels = labels
        self._known: dict[str, Mora | None] = {"ー": LONG_VOWEL}

    def _ask(self, kana: str) -> Mora | None:
        found = [match.groups() for match in map(_PHONEME.search, self._labels([_word(kana)])) if match]
        if not found or any(morae != "1" for _, morae in found):
            return None
        return tuple(_VOICED.get(name, name) for name, _ in found)

    def _mora(self, kana: str) -> Mora | None:
        if kana not in self._known:
            self._known[kana] = self._ask(kana)
        return self._known[kana]

    def split(self, pronunciation: str) -> list[Mora]:
        """Return the phonemes of each mora, up to the first sign that is no kana (Open JTalk drops the rest)."""
        kana = pronunciation.replace(_UNVOICED_MARK, "")
        morae: list[Mora] = []
        position = 0
        while position < len(kana):
            pair = kana[position : position + 2]
            mora = self._mora(pair) if pair[0] != "ー" and pair[1:] in _SMALL else None
            position += 1 if mora is None else 2
            mora = mora or self._mora(pair[0])
            if mora is None:
                break
            morae.append(mora)
        return morae

"""The English front end."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence

from GPT_SoVITS.text.english.normaliser import normalise
from GPT_SoVITS.text.english.tokens import tokenise
from GPT_SoVITS.text.english.words import Budget, WordReader, with_s
from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.symbols import IDS

_LETTER = re.compile("[A-Za-z]")
_NO_SOUND = frozenset(("UW",))  # an artefact of the network: the vowel always carries a stress
_AS_SYMBOL = {"'": "-", "<unk>": "UNK"}


class EnglishFrontEnd:
    """English text to ARPABET phonemes (``text/english.py`` of the official program, with g2p_en)."""

    def __init__(self, reader: WordReader) -> None:
        self._reader = reader
        self._own: Mapping[str, Sequence[str]] = {}

    def with_words(self, words: Mapping[str, Sequence[str]]) -> EnglishFrontEnd:
        """Return a front end that says some words, given in small letters, with phonemes of their own."""
        other = copy.copy(self)
        other._own = words
        return other

    def normalise(self, text: str) -> str:
        """Return the text in ASCII letters, spaces and ``' . , ? ! -``, numbers and signs in words.

        Raises:
            NumberTooLargeError: a number has more than 36 digits.
        """
        return normalise(text)

    def has_word(self, word: str) -> bool:
        """Whether the dictionary has a word in small letters."""
        return self._reader.has_word(word)

    def _tags(self, words: list[str]) -> dict[int, str]:
        homographs = [index for index, word in enumerate(words) if self._reader.is_homograph(word)]
        if not homographs or self._reader.tagger is None:
            return {}
        return self._reader.tagger.tag(words, homographs)

    def _own_reading(self, word: str) -> Sequence[str] | None:
        owner = word.removesuffix("'s")
        spoken = self._own.get(owner)
        return spoken if spoken is None or owner == word else with_s(spoken)

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return phonemes and signs; an apostrophe alone is ``-``, what has no symbol is left out."""
        words = tokenise(norm_text)
        tags = self._tags(words)
        budget = Budget()
        phones: list[str] = []
        for index, word in enumerate(words):
            if not _LETTER.search(word):
                phones.append(word)
            elif (own := self._own_reading(word.lower())) is not None:
                phones += own
            elif len(word) == 1:
                phones += self._reader.letter(word)
            elif self._reader.is_homograph(word):
                phones += self._reader.homograph(word, tags.get(index))
            else:
                phones += self._reader.word(word, budget)
        spoken = (_AS_SYMBOL.get(phone, phone) for phone in phones if phone not in _NO_SOUND)
        return Pronunciation(norm_text, [phone for phone in spoken if phone in IDS["v2"]], None)

"""Reading one word: dictionary, names, letters, possessives, compounds, and a guess for the rest."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.english.guess import Guesser
from GPT_SoVITS.text.english.lexicon import COMMAND, load_lexicon, package_file
from GPT_SoVITS.text.english.tagger import Tagger
from GPT_SoVITS.text.errors import MissingResourceError

_POSSESSIVE = re.compile(r"[a-z]+'s")
_LONGEST_SPELT = 3
_HARD = frozenset(("P", "T", "K", "F", "TH", "HH"))
_HISSING = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))

# Cutting and guessing takes up to a third of a millisecond a letter; a text of more unknown letters is gibberish.
LETTERS_PER_TEXT = 3000
LONGEST_WORD = 100
_REMEMBERED_WORDS = 20_000


@dataclass
class Budget:
    """How many letters of unknown words may still be cut and guessed in this text; past that they are spelt."""

    letters: int = LETTERS_PER_TEXT

    def allows(self, word: str) -> bool:
        """Take a word's letters, if there are as many left and the word is no endless one."""
        if len(word) > min(self.letters, LONGEST_WORD):
            return False
        self.letters -= len(word)
        return True


def with_s(phones: Sequence[str]) -> list[str]:
    """Return the phonemes of a word with the ``'s`` of an owner."""
    last = phones[-1] if phones else ""
    if last in _HARD:
        return [*phones, "S"]
    return [*phones, *(("AH0", "Z") if last in _HISSING else ("Z",))]


class WordReader:
    """Reads words by the official program's order of sources. Threads may share it.

    Raises:
        MissingResourceError: a package or dictionary that it needs is not installed.
    """

    def __init__(self) -> None:
        self._lexicon = load_lexicon()
        self._guess = Guesser(package_file("g2p_en", "checkpoint20.npz"))
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[str, ...]] = {}

    def is_homograph(self, word: str) -> bool:
        """Whether the reading of a word of two letters or more depends on its part of speech."""
        return len(word) > 1 and word.lower() in self._lexicon.homographs

    def has_word(self, word: str) -> bool:
        """Whether the dictionary has a word in small letters."""
        return word in self._lexicon.words

    @cached_property
    def tagger(self) -> Tagger | None:
        """The part-of-speech tagger, None when the user has no data for it."""
        folder = resources.find("nltk_tagger")
        if folder is not None:
            return Tagger.load(folder)
        resources.say_once(
            "nltk_tagger",
            "English words like 'read' or 'live' get one fixed reading until the tagger's data is there: "
            + _commands.module("GPT_SoVITS.resources", "fetch", "nltk-tagger"),
        )
        return None

    def homograph(self, word: str, tag: str | None) -> list[str]:
        """Return the reading of a homograph for a Penn tag; the more frequent, second one without a tag."""
        first, second, wanted = self._lexicon.homographs[word.lower()]
        if not tag:
            return second
        # "VBP" of "read" stands for "VB" too.
        return first if tag.startswith(wanted) or wanted.startswith(tag) else second

    def letter(self, letter: str) -> list[str]:
        """Return the reading of a single letter as a word; a capital A is the letter, a small one the article."""
        return ["EY1"] if letter == "A" else self._entry(letter.lower())

    def _entry(self, word: str) -> list[str]:
        return self._lexicon.words[word].split()

    def _spelt(self, word: str) -> list[str]:
        phones: list[str] = []
        for sign in word:
            phones += self._entry(sign) if sign.isalpha() and sign != "a" else ["EY1" if sign == "a" else sign]
        return phones

    def word(self, word: str, budget: Budget) -> list[str]:
        """Return the phonemes of a word; signs inside it may come back as they are."""
        small = word.lower()
        if len(small) > 1 and small in self._lexicon.words:
            return self._entry(small)
        if word.istitle() and small in self._lexicon.names:
            return self._lexicon.names[small].split()
        if len(small) <= _LONGEST_SPELT:
            return self._spelt(small)
        if _POSSESSIVE.fullmatch(small):
            return with_s(self.word(small[:-2], budget))
        return self._unknown(small, budget)

    def _unknown(self, word: str, budget: Budget) -> list[str]:
        known = self._remembered.get(word)
        if known is not None:
            return list(known)
        if not budget.allows(word):
            return self._spelt(word)
        parts = self._cut(word)
        phones = (
            self._guess(word) if len(parts) == 1 else [phone for part in parts for phone in self.word(part, budget)]
        )
        with self._lock:
            if len(self._remembered) >= _REMEMBERED_WORDS:
                self._remembered.clear()
            self._remembered[word] = tuple(phones)
        return phones

    @cached_property
    def _segmenter(self) -> Any:
        """wordsegment's data, 100 MB and most of a second to load, therefore only for the first unknown word."""
        try:
            segmenter = importlib.import_module("wordsegment").Segmenter()
        except ImportError as error:
            raise MissingResourceError(f"English needs the package wordsegment; mend it: {COMMAND}") from error
        segmenter.load()
        return segmenter

    def _cut(self, word: str) -> list[str]:
        with self._lock:
            segmenter = self._segmenter
        parts: list[str] = segmenter.segment(word)
        return parts

"""Mandarin text to phonemes."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence

from GPT_SoVITS.text.chinese import dictionary, punctuation
from GPT_SoVITS.text.chinese.erhua import apply_erhua
from GPT_SoVITS.text.chinese.merging import join_words
from GPT_SoVITS.text.chinese.normalise import spoken_lines
from GPT_SoVITS.text.chinese.polyphones import Readings, correct
from GPT_SoVITS.text.chinese.sandhi import ToneSandhi
from GPT_SoVITS.text.chinese.syllables import UnknownSyllableError, cut_syllable, phonemes
from GPT_SoVITS.text.chinese.words import Segmenter
from GPT_SoVITS.text.frontend import Pronunciation

_MARKS = frozenset(punctuation.MARKS)
_PINYIN = re.compile("[a-zü]+[1-5]")

# Text of one piece -> pinyin with tone number per character (a mark stands for itself).
PolyphoneNetwork = Callable[[str], Sequence[str]]
# Text of one piece -> place of a character -> its pinyin, where the dictionaries would be wrong.
Phrases = Callable[[str], Mapping[int, str]]


class Mandarin:
    """Front end for Mandarin; agrees with the official ``chinese`` (v1) and ``chinese2`` (v2) modules.

    Args:
        segmenter: Cuts text into tagged words.
        erhua: Colour syllables with 儿 (v2).
        network: Reads characters in context (g2pW); None reads words by pypinyin's dictionary.
        readings: Words that overrule the network; needed with one.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        erhua: bool,
        network: PolyphoneNetwork | None = None,
        readings: Readings | None = None,
    ) -> None:
        self._segmenter = segmenter
        self._erhua = erhua
        self._network = network
        self._readings = readings
        self._sandhi = ToneSandhi(segmenter.split)
        self._phrases: Phrases | None = None

    def with_phrases(self, phrases: Phrases) -> Mandarin:
        """Return a front end that reads some characters by their phrase; a network reads better and is left alone."""
        other = copy.copy(self)
        other._phrases = None if self._network else phrases
        return other

    def normalise(self, text: str) -> str:
        """Return the text in Chinese characters and the marks ``! ? … , . -``, one mark at a time.

        Raises:
            UnreadableNumberError: a number has digits other than 0-9.
        """
        return punctuation.collapse(punctuation.keep_known(spoken_lines(text), punctuation.MANDARIN))

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return two phonemes per character and the marks as they are.

        Raises:
            UnknownSyllableError: a character has no reading, or one without phonemes.
        """
        phones: list[str] = []
        word2ph: list[int] = []
        for piece in punctuation.pieces(norm_text):
            for initial, final in self._syllables(piece):
                is_mark = initial == final and initial in _MARKS
                spoken = [initial] if is_mark else phonemes(initial, final)
                phones += spoken
                word2ph.append(len(spoken))
        if len(word2ph) != len(norm_text):
            raise UnknownSyllableError(
                f"{len(norm_text)} characters have {len(word2ph)} syllables and marks in {norm_text[:40]!r}; "
                "pronounce() takes what normalise() returns"
            )
        return Pronunciation(norm_text, phones, word2ph)

    def spell(self, syllable: str) -> Sequence[str]:
        """Return the two phonemes of a syllable in pinyin with its tone: ``chong2`` is ``ch``, ``ong2``.

        Raises:
            UnknownSyllableError: it is no syllable of Mandarin.
        """
        if not _PINYIN.fullmatch(syllable):
            raise UnknownSyllableError(f"{syllable!r:.40} is no pinyin with a tone 1-5")
        return phonemes(*cut_syllable(syllable.replace("ü", "v")))

    def _syllables(self, piece: str) -> list[tuple[str, str]]:
        """Initial and final of each character of a piece, as they are spoken."""
        pinyin = self._network(piece) if self._network else None
        phrases = self._phrases(piece) if self._phrases else {}
        spoken: list[tuple[str, str]] = []
        start = 0
        for word, tag in join_words(self._segmenter.words(piece)):
            end = start + len(word)
            initials, read = dictionary.read(word) if pinyin is None else self._corrected(word, pinyin[start:end])
            if len(read) != len(word) or not all(read):
                raise UnknownSyllableError(f"{word[:40]!r} has a character without a reading; write it in another way")
            if phrases:
                initials, read = _by_phrase(phrases, start, initials, read)
            finals = self._sandhi.apply(word, tag, read)
            if phrases:
                finals = _stressed(phrases, start, read, finals)
            if self._erhua:
                finals = apply_erhua(word, tag, finals)
            spoken += zip(initials, finals, strict=True)
            start = end
        return spoken

    def _corrected(self, word: str, pinyin: Sequence[str]) -> dictionary.Reading:
        """Initials and finals of a word that the network read."""
        syllables = correct(word, list(pinyin), self._readings) if self._readings else list(pinyin)
        cut = [cut_syllable(syllable) for syllable in syllables]
        return tuple(initial for initial, _ in cut), tuple(final for _, final in cut)


def _stressed(phrases: Mapping[int, str], start: int, read: Sequence[str], finals: Sequence[str]) -> list[str]:
    """Undo the neutral tone that particles get (得, 着, 的) where a phrase says that they are no particles."""
    return [
        before if after.endswith("5") and start + place in phrases else after
        for place, (before, after) in enumerate(zip(read, finals, strict=True))
    ]


def _by_phrase(
    phrases: Mapping[int, str], start: int, initials: tuple[str, ...], finals: tuple[str, ...]
) -> dictionary.Reading:
    """Put the readings of phrases into those of a word that begins at ``start``."""
    cut = [
        cut_syllable(phrases[start + place]) if start + place in phrases else (initial, final)
        for place, (initial, final) in enumerate(zip(initials, finals, strict=True))
    ]
    return tuple(initial for initial, _ in cut), tuple(final for _, final in cut)

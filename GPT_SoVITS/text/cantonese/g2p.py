"""Cantonese text to phonemes; agrees with the official ``cantonese`` module."""

from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Sequence
from functools import lru_cache

from GPT_SoVITS import _commands
from GPT_SoVITS.text.chinese import punctuation
from GPT_SoVITS.text.chinese.normalise import spoken_lines
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.symbols import IDS

# What is cut off as initial; it holds vowels too, because the models were trained with syllables cut so.
_INITIAL = re.compile("aa|a[iuptk]|kw|gw|ng|ong|o[nuik]|uk|ung|[aebpmfdtnlgkhscwzjo]")
_SYLLABLES = re.compile("(?:[a-z]+[1-6]+ ?)+")
_PREFIX = "Y"  # tells the syllable parts from Mandarin ones of the same spelling


class UnknownJyutpingError(TextError):
    """A character has no Cantonese reading, or one without phonemes."""


@lru_cache(maxsize=4096)
def phonemes(syllable: str) -> tuple[str, str]:
    """Return the two phonemes of a syllable in jyutping: ``oi3`` is ``Yoi``, ``Yi3``; ``m4`` is ``Ym``, ``Ym4``.

    A syllable that is all initial repeats its last letter as final.

    Raises:
        UnknownJyutpingError: it is no jyutping.
    """
    initial = _INITIAL.match(syllable)
    if initial is None or not _SYLLABLES.fullmatch(syllable):
        raise UnknownJyutpingError(f"{syllable!r:.40} is no syllable in jyutping with a tone 1-6")
    final = syllable[initial.end() : -1] or initial[0][-1]
    return _PREFIX + initial[0], _PREFIX + final + syllable[-1]


class Cantonese:
    """Front end for Cantonese (v2 symbols).

    Raises:
        MissingResourceError: the package ToJyutping is not installed.
    """

    _kept: re.Pattern[str] | None = None

    def __init__(self) -> None:
        try:
            self._read = importlib.import_module("ToJyutping").get_jyutping_list
        except ModuleNotFoundError as error:
            message = f"Cantonese needs the package ToJyutping: {_commands.pip_install('ToJyutping==3.2.0')}"
            raise MissingResourceError(message) from error

    def keeping(self, characters: str) -> Cantonese:
        """Return a front end that leaves some characters as they are, where they have a reading.

        Args:
            characters: Members of a character class of ``re``. Simplified, 隻 (zek3) would be 只 (zi2); characters of
                the extension blocks, such as 㗎, would be left out.
        """
        other = copy.copy(self)
        other._kept = re.compile(f"([{characters}])")
        return other

    def _is_read(self, character: str) -> bool:
        return bool(self._read(character)[0][1])

    def normalise(self, text: str) -> str:
        """Return the text in simplified characters and the marks ``! ? … , . -``; numbers are in Mandarin words.

        Raises:
            UnreadableNumberError: a number has digits other than 0-9.
        """
        # What is split off stands at every second place.
        parts = self._kept.split(text) if self._kept else [text]
        parts[::2] = [punctuation.keep_known(spoken_lines(part), punctuation.CANTONESE) for part in parts[::2]]
        parts[1::2] = [character if self._is_read(character) else "" for character in parts[1::2]]
        return "".join(parts)

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return two phonemes per character and the marks as they are.

        Raises:
            UnknownJyutpingError: a character has no reading.
        """
        phones: list[str] = []
        word2ph: list[int] = []
        for character, syllable in self._read(norm_text):
            if character not in punctuation.MARKS and not syllable:
                raise UnknownJyutpingError(f"{character!r} has no Cantonese reading; write it in another way")
            spoken = (character,) if character in punctuation.MARKS else phonemes(syllable)
            phones += spoken
            word2ph.append(len(spoken))
        return Pronunciation(norm_text, phones, word2ph)

    def spell(self, syllable: str) -> Sequence[str]:
        """Return the two phonemes of a syllable in jyutping with its tone: ``hong4`` is ``Yh``, ``Yong4``.

        Raises:
            UnknownJyutpingError: it is no syllable of Cantonese.
        """
        spoken = phonemes(syllable)
        if any(phone not in IDS["v2"] for phone in spoken):
            raise UnknownJyutpingError(f"{syllable!r:.40} is no syllable of Cantonese in jyutping")
        return spoken

"""Front ends that need no package: every letter is a phoneme, so tests of what is around them can be read."""

from __future__ import annotations

from collections.abc import Sequence

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import FrontEnd, Pronunciation

SYLLABLES = {"chong2": ("ch", "ong2"), "qing4": ("q", "ing4"), "li3": ("l", "i3")}


class Aligned:
    """Two phonemes for a Han character, one for a sign; everything else is left out."""

    def normalise(self, text: str) -> str:
        text = text.replace("，", ",").replace("。", ".").replace("國", "国")
        return "".join(char for char in text if "\u4e00" <= char <= "\u9fff" or char in ",.!?")

    def pronounce(self, norm_text: str) -> Pronunciation:
        phones: list[str] = []
        counts = []
        for char in norm_text:
            found = [char] if char in ",.!?" else ["b", "a1"]
            phones += found
            counts.append(len(found))
        return Pronunciation(norm_text, phones, counts)

    def spell(self, syllable: str) -> Sequence[str]:
        if syllable not in SYLLABLES:
            raise TextError(f"there is no syllable {syllable!r}")
        return SYLLABLES[syllable]


class Lettered:
    """One phoneme for every letter or sign: upper case, which ARPABET knows for some; blanks are left out."""

    def __init__(self, ending: str = "") -> None:
        self._ending = ending

    def normalise(self, text: str) -> str:
        return text

    def pronounce(self, norm_text: str) -> Pronunciation:
        phones = [char.upper() for char in norm_text if not char.isspace()]
        if self._ending and phones and phones[-1].isalpha():
            phones.append(self._ending)
        return Pronunciation(norm_text, phones, None)


def front_ends(language: str, symbols: str) -> FrontEnd:
    """Give a double for every language."""
    if language in ("zh", "yue"):
        return Aligned()
    return Lettered("." if language == "ko" else "")

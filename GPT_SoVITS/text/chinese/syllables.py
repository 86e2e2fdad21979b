"""Syllables: pinyin cut into initial and final, and the two phonemes that stand for them.

Initials and finals are the strict ones of Chinese phonology (``yan`` is ∅ + ``ian``), as pypinyin gives them, because
the tone rules work on finals. The phonemes are those of the OpenCpop set: a syllable without an initial gets ``y``,
``w`` or one of the placeholders ``AA``, ``EE``, ``OO``.
"""

from __future__ import annotations

from functools import cache, lru_cache

from pypinyin.contrib.tone_convert import to_finals_tone3, to_initials

from GPT_SoVITS.text.errors import TextError

TONES = "12345"

# The finals that each initial goes with, spelled as in the phoneme set.
_FINALS = {
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu v van ve vn",
    "q": "i ia ian iang iao ie in ing iong iu v van ve vn",
    "x": "i ia ian iang iao ie in ing iong iu v van ve vn",
    "zh": "a ai an ang ao e ei en eng ir ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng ir ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng ir ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng ir ong ou u ua uan ui un uo",
    "z": "a ai an ang ao e ei en eng i0 ong ou u uan ui un uo",
    "c": "a ai an ang ao e ei en eng i0 ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i0 ong ou u uan ui un uo",
    "y": "E En a ang ao i in ing o ong ou v van ve vn",
    "w": "a ai an ang ei en eng o u",
    "AA": "a ai an ang ao",
    "EE": "e ei en eng er",
    "OO": "o ou",
}
_SYLLABLES = {(initial, final) for initial, finals in _FINALS.items() for final in finals.split()}
_SHORT = {"uei": "ui", "iou": "iu", "uen": "un"}  # after an initial
_PLACEHOLDERS = {"a": "AA", "e": "EE", "o": "OO"}
_AFTER_Y = {"i": "i", "in": "in", "ing": "ing", "ie": "E", "ian": "En"}  # the others lose their i


class UnknownSyllableError(TextError):
    """A character has a reading for which the models have no phonemes, or none at all."""


def _without_initial(final: str) -> tuple[str, str]:
    if final.startswith("i"):
        return "y", _AFTER_Y.get(final, final[1:])
    if final.startswith("u"):
        return "w", final[1:] or "u"
    if final.startswith("v"):
        return "y", final
    return _PLACEHOLDERS.get(final[:1], ""), final


def _with_initial(initial: str, final: str) -> tuple[str, str]:
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        return initial, "ir"
    if final == "i" and initial in ("z", "c", "s"):
        return initial, "i0"
    return initial, _SHORT.get(final, final)


@cache
def phonemes(initial: str, final: str) -> tuple[str, str]:
    """Return the two phonemes of a syllable.

    Args:
        initial: Strict initial, ``""`` for none.
        final: Strict final with its tone, e.g. ``ian4``.

    Raises:
        UnknownSyllableError: the phoneme set has no such syllable.
    """
    bare, tone = final[:-1], final[-1:]
    first, second = _with_initial(initial, bare) if initial else _without_initial(bare)
    if (first, second) not in _SYLLABLES or not tone or tone not in TONES:
        raise UnknownSyllableError(
            f"the models have no phonemes for the reading {initial + final!r}; write the character in another way"
        )
    return first, second + tone


@lru_cache(maxsize=4096)
def cut_syllable(pinyin: str) -> tuple[str, str]:
    """Cut a syllable such as ``zhong1`` into strict initial and final with tone; a mark stands for itself in both."""
    if not pinyin[:1].isalpha():
        return pinyin, pinyin
    return to_initials(pinyin), to_finals_tone3(pinyin, neutral_tone_with_five=True)

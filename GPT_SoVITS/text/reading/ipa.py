"""English pronunciations in the International Phonetic Alphabet, as the phonemes of the models."""

from __future__ import annotations

import re
import unicodedata

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.symbols import ARPABET_VOWELS

LONGEST = 300
"""Characters of a pronunciation."""

_VOWELS = {
    **{"i": "IY", "ɪ": "IH", "ɨ": "IH", "e": "EY", "eɪ": "EY", "ei": "EY", "ɛ": "EH", "æ": "AE", "a": "AA", "ɑ": "AA"},
    **{"ɒ": "AA", "ɔ": "AO", "o": "OW", "oʊ": "OW", "əʊ": "OW", "ou": "OW", "ʊ": "UH", "u": "UW", "ʉ": "UW"},
    **{
        "ʌ": "AH",
        "ɐ": "AH",
        "ə": "AH",
        "ɜ": "ER",
        "ɝ": "ER",
        "ɚ": "ER",
        "ɜɹ": "ER",
        "ɜr": "ER",
        "əɹ": "ER",
        "ər": "ER",
    },
    **{
        "ə\u02de": "ER",
        "ɜ\u02de": "ER",
        "aɪ": "AY",
        "ai": "AY",
        "aʊ": "AW",
        "au": "AW",
        "ɔɪ": "OY",
        "ɔi": "OY",
        "oɪ": "OY",
    },
    **{"ɪə": "IH R", "eə": "EH R", "ɛə": "EH R", "ʊə": "UH R"},
}
_CONSONANTS = {
    **{"p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "g": "G", "ɡ": "G", "tʃ": "CH", "ʧ": "CH", "dʒ": "JH"},
    **{"ʤ": "JH", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH"},
    **{"ɦ": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɫ": "L", "r": "R", "ɹ": "R", "ɻ": "R", "ɾ": "D", "w": "W"},
    **{"ʍ": "W", "j": "Y", "x": "K", "ʔ": ""},
    **{"n\u0329": "AH0 N", "l\u0329": "AH0 L", "m\u0329": "AH0 M", "ɹ\u0329": "ER0", "r\u0329": "ER0"},
}
_NEVER_STRESSED = frozenset({"ə", "ɚ", "əɹ", "ər", "ɨ"})
_SIGNS = "|".join(sorted(map(re.escape, (*_VOWELS, *_CONSONANTS)), key=len, reverse=True))
# Length, tie bars, aspiration and the like change nothing in this set of phonemes; a dot or a blank is a border.
_UNHEARD = "ːˑ:\u0361\u035cʰ\u032f\u0325\u031a\u0303ʲʷ.()/\\[] \u200d‿-"
_TOKEN = re.compile(
    rf"(?P<stress>[ˈˌ',])|(?P<sign>{_SIGNS})|(?P<unheard>[{re.escape(_UNHEARD)}])|(?P<unknown>.)", re.DOTALL
)
_VOWEL_PHONES = frozenset(ARPABET_VOWELS)


class IpaError(TextError):
    """A pronunciation holds what is no sound of English in the International Phonetic Alphabet."""

    code = "markup_malformed"


def arpabet(pronunciation: str) -> tuple[str, ...]:
    """Return the phonemes of an English pronunciation in IPA: ``təˈmeɪtoʊ`` is T AH0 M EY1 T OW0.

    A stress mark belongs to the next vowel. Without any, the first vowel that is no schwa has the stress.

    Raises:
        IpaError: a sign is unknown, nothing is heard, or it is longer than 300 characters.
    """
    if len(pronunciation) > LONGEST:
        raise IpaError(f"a pronunciation of {len(pronunciation)} characters is over the limit of {LONGEST}")
    # A tie bar between the two signs of an affricate says what their table has.
    text = re.sub("[\u0361\u035c]", "", unicodedata.normalize("NFD", pronunciation))
    sounds: list[tuple[str, str]] = []  # of each sign what is heard, and "1", "2" or nothing for its stress
    stress = ""
    for match in _TOKEN.finditer(text):
        if match["unknown"]:
            raise IpaError(
                f"{match[0]!r} in {pronunciation!r:.60} is no sound of English in IPA; "
                'write it with IPA vowels and consonants, or give phonemes with alphabet="x-gpt-sovits"'
            )
        if match["stress"]:
            stress = "1" if match[0] in "ˈ'" else "2"
        elif match["sign"] in _VOWELS:
            sounds.append((match["sign"], stress))
            stress = ""
        elif match["sign"]:
            sounds.append((match["sign"], ""))
    if not any(sign in _VOWELS for sign, _ in sounds) and not any(_CONSONANTS.get(sign) for sign, _ in sounds):
        raise IpaError(f"{pronunciation!r:.60} has no sound; give the word's sounds in IPA")
    return tuple(phone for sign, mark in _stressed(sounds) for phone in _phones(sign, mark))


def _stressed(sounds: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the sounds with a stress on one vowel at least."""
    if any(mark == "1" for _, mark in sounds):
        return sounds
    vowels = [place for place, (sign, _) in enumerate(sounds) if sign in _VOWELS]
    full = [place for place in vowels if sounds[place][0] not in _NEVER_STRESSED]
    chosen = next(iter(full or vowels), -1)
    return [(sign, "1" if place == chosen else mark) for place, (sign, mark) in enumerate(sounds)]


def _phones(sign: str, mark: str) -> list[str]:
    phones = (_VOWELS.get(sign) or _CONSONANTS[sign]).split()
    return [phone + (mark or "0") if phone in _VOWEL_PHONES else phone for phone in phones]

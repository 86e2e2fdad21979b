"""The reading of a marked word: syllables, phonemes, or words; a slip in the first two is named, never spoken."""

from __future__ import annotations

import re
import unicodedata

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.symbols import ARPABET_VOWELS, IDS
from GPT_SoVITS.text.userdict import Entry

_SYLLABLE = re.compile("[a-zü]+[1-6]")
_LIKE_SYLLABLES = re.compile("[a-zü]+[0-9]")
_GLUED_SYLLABLES = re.compile("(?:[a-zü]+[1-6]){2,}")
_LIKE_PHONEME = re.compile("[A-Z]{1,3}[0-9]?")
_LIKE_VOWEL = re.compile(f"(?:{'|'.join(ARPABET_VOWELS)})[0-9]")
_HAN = re.compile("[\u4e00-\u9fff]+")
_STRESSED = frozenset(vowel + stress for vowel in ARPABET_VOWELS for stress in "012")
_APART = re.compile("[,，、;；]")
_TONES = re.compile("[\u0300\u0301\u0304\u030c]")  # accents over vowels, which pinyin writes for tones


class MarkupError(TextError):
    """SSML that cannot be read, a mark that is wrong, or too many of them."""

    code = "markup_malformed"


def entry_of(word: str, reading: str) -> Entry | str:
    """Return how a word is pronounced, or the words that are said instead of it.

    Raises:
        MarkupError: the reading is meant as syllables or phonemes and has a slip, which is named.
    """
    found = _given(word, reading)
    if found is not None:
        return found
    slip = _slip(word, _tokens(word, reading))
    if slip:
        raise MarkupError(f"[{word}]{{{reading}}}: {slip}")
    return reading


def is_meant(word: str, reading: str) -> bool:
    """Whether something in a reading is a syllable with a tone or a vowel with a stress."""
    pattern = _LIKE_SYLLABLES if _HAN.fullmatch(word) else _LIKE_VOWEL
    return any(pattern.fullmatch(token) or _LIKE_VOWEL.fullmatch(token) for token in _tokens(word, reading))


def is_pronunciation(reading: str) -> bool:
    """Whether a reading without its word can only be syllables with tones, or phonemes with stresses."""
    tokens = reading.split()
    if any(map(_LIKE_VOWEL.fullmatch, tokens)):
        return True
    return bool(tokens) and all(_SYLLABLE.fullmatch(token.lower()) for token in tokens) and _is_pinyin(tokens[0][:-1])


def _tokens(word: str, reading: str) -> tuple[str, ...]:
    """Return the parts of a reading; for Han characters commas part it too, and ``u:`` is ``ü``."""
    if _HAN.fullmatch(word):
        reading = _APART.sub(" ", reading).replace("u:", "ü").replace("U:", "ü")
    return tuple(reading.split())


def _given(word: str, reading: str) -> Entry | None:
    """Return the syllables or phonemes of a reading, None when it is neither."""
    tokens = _tokens(word, reading)
    han = _HAN.fullmatch(word) is not None
    small = tuple(token.lower() for token in tokens)
    if han and all(map(_SYLLABLE.fullmatch, small)):
        if len(tokens) != len(word):
            raise MarkupError(
                f"[{word}]{{{reading}}} has {len(tokens)} syllables for {len(word)} characters; give one for each"
            )
        return Entry(small, (), 0)
    known = all(token in IDS["v2"] for token in tokens)
    if known and ((han and len(tokens) == 2 * len(word)) or _STRESSED.intersection(tokens)):
        return Entry((), tokens, 0)
    large = tuple(token.upper() for token in tokens)
    if not han and _STRESSED.intersection(large) and all(token in IDS["v2"] for token in large):
        return Entry((), large, 0)
    return None


def _slip(word: str, tokens: tuple[str, ...]) -> str:
    """Return what is wrong with a reading that is meant as syllables or phonemes, nothing when it is words."""
    unknown = next((token for token in tokens if token not in IDS["v2"]), None)
    if any(map(_LIKE_VOWEL.fullmatch, tokens)) and all(map(_LIKE_PHONEME.fullmatch, tokens)):
        return f"{unknown!r:.40} is no phoneme of the symbol table"
    if not _HAN.fullmatch(word):
        if _without_stress(tokens):
            return "no vowel has a stress; write it as in EH1"
        syllables = len(tokens) > 1 and all(_SYLLABLE.fullmatch(token) and _is_pinyin(token[:-1]) for token in tokens)
        return "syllables are for Han characters; write words or phonemes" if syllables else ""
    if len(tokens) == 2 * len(word) and any(token in IDS["v2"] and token[-1].isdigit() for token in tokens):
        return f"{unknown!r:.40} is no phoneme of the symbol table"
    small = [token.lower() for token in tokens]
    glued = next(filter(_GLUED_SYLLABLES.fullmatch, small), None)
    if glued is not None:
        return f"{glued!r:.40} is several syllables; write blanks between them"
    if any(map(_LIKE_SYLLABLES.fullmatch, small)):
        wrong = next(token for token in small if not _SYLLABLE.fullmatch(token))
        return f"{wrong!r:.40} is no syllable with a tone such as chong2"
    if len(tokens) == len(word) and all(_is_pinyin(_without_tone(token)) for token in small):
        return f"{tokens[0]!r:.40} has no tone as a digit; write it as in chong2"
    return ""


def _without_stress(tokens: tuple[str, ...]) -> bool:
    """Whether these are phonemes of English of which no vowel has a stress: several, in small letters more than two."""
    large = [token.upper() for token in tokens]
    stressed = [f"{token}1" in _STRESSED for token in large]
    enough = len(tokens) > (1 if list(tokens) == large else 2)
    return (
        enough
        and any(stressed)
        and all(vowel or token in IDS["v2"] for vowel, token in zip(stressed, large, strict=True))
    )


def _without_tone(token: str) -> str:
    return unicodedata.normalize("NFC", _TONES.sub("", unicodedata.normalize("NFD", token)))


def _is_pinyin(token: str) -> bool:
    """Whether Mandarin has a syllable."""
    from GPT_SoVITS.text.chinese.syllables import UnknownSyllableError, cut_syllable, phonemes

    if not re.fullmatch("[a-zü]{1,6}", token):
        return False
    try:
        phonemes(*cut_syllable(token.replace("ü", "v") + "1"))
    except UnknownSyllableError:
        return False
    return True


def exact_entry_of(word: str, reading: str) -> Entry:
    """Return how a word is pronounced, where the reading cannot be words: of any language's phonemes too.

    Raises:
        MarkupError: it is neither syllables, one for each character, nor phonemes of the symbol table.
    """
    found = _given(word, reading)
    if found is not None:
        return found
    tokens = tuple(reading.split())
    unknown = next((token for token in tokens if token not in IDS["v2"]), None)
    if unknown is not None:
        raise MarkupError(f"{unknown!r:.40} in the pronunciation of {word!r:.40} is no phoneme of the symbol table")
    return Entry((), tokens, 0)

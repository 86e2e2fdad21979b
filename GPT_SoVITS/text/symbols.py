"""The phoneme symbols of the v1 and v2 models, in the order in which their embeddings are numbered.

Composed from the phonologies they describe. v1 holds Mandarin, Japanese and English, sorted by code point; v2 appends
the Japanese pitch marks, the Korean letters and the Cantonese syllable parts without renumbering the rest (``symbols``
and ``symbols2`` of the official text folder; the count and order are those of the published checkpoints).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.versions import version_of


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PAD = "_"
UNK = "UNK"
PUNCTUATION = ("!", "?", "…", ",", ".", "-")
PAUSES = ("SP", "SP2", "SP3")

MANDARIN_INITIALS = _names("AA EE OO b c ch d f g h j k l m n p q r s sh t w x y z zh")
MANDARIN_FINALS = _names(
    "E En a ai an ang ao e ei en eng er i i0 ia ian iang iao ie in ing iong ir iu "
    "o ong ou u ua uai uan uang ui un uo v van ve vn"
)
MANDARIN_TONES = "12345"

JAPANESE = _names("I N U a b by ch cl d dy e f g gy h hy i j k ky m my n ny o p py r ry s sh t ts u v w y z")
JAPANESE_PITCH = ("[", "]")  # rise, fall; v2 only

ARPABET_VOWELS = _names("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW")
ARPABET_CONSONANTS = _names("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH")
ARPABET_UNSTRESSED = ("ER", "IH")  # the two vowels that also occur without a stress digit

KOREAN_LETTERS = tuple("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅓㅔㅗㅜㅡㅣ")
KOREAN_BREAKS = ("停", "空")  # an unknown sign, a space

CANTONESE_INITIALS = _names("b c d f gw h j kw l ng s w z")
# The initials are cut off by a list that contains vowels as well, so these occur as initials and as finals.
CANTONESE_BOTH = _names("a aa ai ak au e g k m n o oi ok on ou p t uk")
CANTONESE_FINALS = _names(
    "aai aak aam aan aang aap aat aau am an ang ap at ei ek eng eoi eon eot i ik im in ing ip it iu "
    "oe oek oeng ong ot u ui un ung ut yu yun yut"
)
CANTONESE_TONES = "123456"


def _with(stems: Iterable[str], marks: Iterable[str]) -> set[str]:
    return {stem + mark for stem, mark in product(stems, marks)}


def _v1() -> tuple[str, ...]:
    english = _with(ARPABET_VOWELS, "012").union(ARPABET_CONSONANTS, ARPABET_UNSTRESSED)
    mandarin = _with(MANDARIN_FINALS, MANDARIN_TONES).union(MANDARIN_INITIALS)
    return tuple(sorted({PAD, UNK, *PAUSES, *PUNCTUATION, *JAPANESE} | mandarin | english))


def _v2() -> tuple[str, ...]:
    parts = _with(CANTONESE_BOTH + CANTONESE_FINALS, CANTONESE_TONES).union(CANTONESE_BOTH, CANTONESE_INITIALS)
    return (
        *_v1(),
        *JAPANESE_PITCH,
        *sorted(KOREAN_LETTERS + KOREAN_BREAKS),
        *sorted("Y" + part for part in parts),
    )


SYMBOLS: dict[str, tuple[str, ...]] = {"v1": _v1(), "v2": _v2()}
IDS: dict[str, dict[str, int]] = {
    version: {symbol: number for number, symbol in enumerate(symbols)} for version, symbols in SYMBOLS.items()
}


def symbol_set(version: str) -> str:
    """Return the symbol set, ``v1`` or ``v2``, of a model version."""
    return version_of(version).symbols


def known(phones: Iterable[str], symbols: str) -> list[str]:
    """Return the phonemes with every one that the symbol set lacks replaced by ``UNK``."""
    ids = IDS[symbols]
    return [phone if phone in ids else UNK for phone in phones]


def to_ids(phones: Iterable[str], symbols: str) -> list[int]:
    """Return the embedding numbers of phonemes (``cleaned_text_to_sequence`` of the official program).

    Raises:
        TextError: a phoneme is not in the symbol set; ``known`` maps those to ``UNK`` first.
    """
    ids = IDS[symbols]
    try:
        return [ids[phone] for phone in phones]
    except KeyError as error:
        raise TextError(
            f"phoneme {error.args[0]!r} is not one of the {len(ids)} symbols of {symbols}; "
            "give phonemes of that set, or map unknown ones to UNK"
        ) from None

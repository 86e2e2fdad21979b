"""Words to phonemes with pitch marks.

The marks are those of Kurihara et al., "Prosodic features control by symbols as input of sequence-to-sequence acoustic
modeling for neural TTS" (IEICE 2021), as ESPnet and the official program use them: ``[`` the pitch rises, ``]`` it
falls, ``#`` an accent phrase ends, ``_`` a pause. Both read them off the full-context labels of Open JTalk, whose
making takes time that grows with the square of the text. Here the accent phrases are put together directly, as
JPCommon does before it writes its labels, in time that grows with the text; the results are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from GPT_SoVITS.text.japanese.engine import Feature
from GPT_SoVITS.text.japanese.morae import LONG_VOWEL, Mora, Morae

PAUSES = frozenset("、？")
_MORA_ENDS = frozenset(("a", "e", "i", "o", "u", "N", "cl"))
_LARGEST = 49  # labels count no further


@dataclass
class Phrase:
    """An accent phrase.

    Attributes:
        accent: Number of the mora after which the pitch falls, from 1; 0 for a phrase without a fall.
        morae: Its morae in order.
        pauses: Indices of the morae that a pause precedes.
    """

    accent: int
    morae: list[Mora] = field(default_factory=list)
    pauses: set[int] = field(default_factory=set)


def phrases(features: Iterable[Feature], morae: Morae) -> list[Phrase]:
    """Join words into accent phrases.

    A word with ``chain_flag`` 1 continues the phrase before it. A lengthening sign at the head of a word belongs to the
    mora before, whatever the flag says, and is dropped where there is none or a pause lies between.
    """
    found: list[Phrase] = []
    paused = False
    for feature in features:
        pronunciation = str(feature["pron"])
        if pronunciation in PAUSES:
            paused = True
            continue
        joined = feature["chain_flag"] == 1
        for mora in morae.split(pronunciation):
            if mora == LONG_VOWEL:
                if found and not paused:
                    found[-1].morae.append(found[-1].morae[-1][-1:])
                continue
            if not found or not joined:
                found.append(Phrase(int(feature["acc"])))
                joined = True
            phrase = found[-1]
            if paused:
                phrase.pauses.add(len(phrase.morae))
                paused = False
            phrase.morae.append(mora)
    return found


def _mark(phrase: Phrase, index: int, name: str, following: int | None) -> str | None:
    """The mark after a phoneme of mora ``index``; ``following`` is the next phoneme's place, None before a silence."""
    size = min(len(phrase.morae), _LARGEST)
    place = min(index + 1, _LARGEST)
    if index + 1 == len(phrase.morae) and following == 1 and name in _MORA_ENDS:
        return "#"
    if index + 1 == (phrase.accent or len(phrase.morae)) and following == place + 1 and place != size:
        return "]"
    if place == 1 and following == 2:
        return "["
    return None


def _phonemes(found: list[Phrase]) -> Iterator[tuple[Phrase, int, str]]:
    for phrase in found:
        for index, mora in enumerate(phrase.morae):
            for name in mora:
                yield phrase, index, name


def _with_marks(found: list[Phrase]) -> Iterator[str]:
    current: tuple[Phrase, int, str] | None = None
    for phrase, index, name in _phonemes(found):
        starts_phrase = current is None or current[0] is not phrase
        starts_mora = starts_phrase or (current is not None and current[1] != index)
        pause = starts_mora and index in phrase.pauses
        if current is not None:
            mark = _mark(*current, None if pause else min(index + 1, _LARGEST))
            if mark is not None:
                yield mark
            if pause:
                yield "_"
        yield name
        current = phrase, index, name


def with_pitch_marks(features: Iterable[Feature], morae: Morae) -> list[str]:
    """Return the phonemes of analysed words with the pitch marks between them, without silences at the ends.

    Args:
        features: Open JTalk's word records; ``pron``, ``acc`` and ``chain_flag`` are read.
        morae: Cuts their pronunciations.
    """
    return list(_with_marks(phrases(features, morae)))

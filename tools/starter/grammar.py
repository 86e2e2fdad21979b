"""A small grammar of plain English sentences: what a person would type first."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

_SLOT = re.compile(r"\{(\w+)\}")
_FILE = Path(__file__).with_name("grammar.txt")


@cache
def rules() -> dict[str, list[str]]:
    """Return what may stand for each name; several lines of one name are one list."""
    result: dict[str, list[str]] = {}
    for line in _FILE.read_text().splitlines():
        if not line.startswith("#"):
            name, _, choices = line.partition(": ")
            result.setdefault(name, []).extend(choice.strip() for choice in choices.split("|"))
    return result


def plain_sentence(rng: random.Random) -> str:
    """Return one sentence of the grammar, with a capital at its beginning."""
    text = "{sentence}"
    while match := _SLOT.search(text):
        text = text[: match.start()] + rng.choice(rules()[match[1]]) + text[match.end() :]
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return text[0].upper() + text[1:]

"""A small grammar of plain sentences of each language: what a person would type first."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

_SLOT = re.compile(r"\{(\w+)\}")


@cache
def rules(language: str) -> dict[str, list[str]]:
    """Return what may stand for each name; several lines of one name are one list."""
    result: dict[str, list[str]] = {}
    for line in Path(__file__).with_name(f"grammar_{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, _, choices = line.partition(": ")
            result.setdefault(name, []).extend(choice.strip() for choice in choices.split("|"))
    return result


def plain_sentence(language: str, rng: random.Random) -> str:
    """Return one sentence of a language's grammar."""
    text = "{sentence}"
    while match := _SLOT.search(text):
        text = text[: match.start()] + rng.choice(rules(language)[match[1]]) + text[match.end() :]
    return text

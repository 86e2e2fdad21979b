"""Which weights are those that come with the program, and what their voices speak."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import LoadedWeights, WeightsPair


def is_starter(pair: WeightsPair | None) -> bool:
    """Whether weights are a pair that comes with the program."""
    return language_of(pair) is not None


def language_of(pair: WeightsPair | None) -> str | None:
    """Return the language of a pair that comes with the program; None of others."""
    return starter.language_of(pair.gpt, pair.sovits) if pair else None


def is_of_starter(path: str, kind: str) -> bool:
    """Whether a file is a half of a pair that comes with the program: ``gpt`` or ``sovits``."""
    place = ("gpt", "sovits").index(kind)
    return any(pair[place] == Path(path) for pair in starter.files().values())


def languages_of_starter(current: LoadedWeights | None) -> tuple[str, ...]:
    """Return what is spoken while a pair that comes with the program is the current one, nothing while none is.

    Its voices of other languages than the first pair's speak with pairs of their own.
    """
    if current is None or not is_starter(current.weights):
        return ()
    beside = (language for language, pair in starter.pairs().items() if pair != starter.pair())
    return tuple(dict.fromkeys((*current.languages, *beside)))

"""The weights that come with the program: they speak where nobody has chosen any and no others are installed."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import LoadedWeights, WeightsPair
from service.settings import Settings
from service.weights.choice import initial_weights


def starter_pair(settings: Settings) -> WeightsPair | None:
    """Return the weights that come with the program; None where they are left out or the settings leave them out."""
    found = starter.pair() if settings.starter else None
    return WeightsPair(*found) if found else None


def first_weights(settings: Settings) -> WeightsPair | None:
    """Return the weights to start with: those of :func:`initial_weights`, else the ones that come with the program."""
    return initial_weights(settings) or starter_pair(settings)


def is_starter(pair: WeightsPair | None) -> bool:
    """Whether weights are a pair that comes with the program."""
    return language_of(pair) is not None


def language_of(pair: WeightsPair | None) -> str | None:
    """Return the language of a pair that comes with the program; None of others."""
    paths = (Path(pair.gpt), Path(pair.sovits)) if pair else None
    return next((language for language, own in starter.files().items() if own == paths), None)


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

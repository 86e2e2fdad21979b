"""The weights that come with the program: they speak where nobody has chosen any and no others are installed."""

from __future__ import annotations

from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import WeightsPair
from service.settings import Settings
from service.weights.choice import initial_weights


def starter_pair(settings: Settings) -> WeightsPair | None:
    """Return the weights that come with the program; None where they are left out or the settings leave them out."""
    found = starter.pair() if settings.starter else None
    return WeightsPair(*found) if found else None


def first_weights(settings: Settings) -> WeightsPair | None:
    """Return the weights to start with: those of :func:`initial_weights`, else the ones that come with the program."""
    return initial_weights(settings) or starter_pair(settings)

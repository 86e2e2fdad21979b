"""Spoken forms: numbers, dates, times, money, units and signs as each language says them in their context."""

from __future__ import annotations

import importlib
from functools import cache

from GPT_SoVITS.text.reading.draft import Rule

_MODULES = {
    "zh": ("chinese", "MANDARIN"),
    "yue": ("chinese", "CANTONESE"),
    "en": ("english", "RULES"),
    "ja": ("japanese", "RULES"),
    "ko": ("korean", "RULES"),
}


@cache
def rules_for(language: str) -> tuple[Rule, ...]:
    """Return the rules of a language, in the order in which they take places of a text."""
    module, name = _MODULES[language]
    rules: tuple[Rule, ...] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return rules

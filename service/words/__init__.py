"""What the service says to people, in English and Chinese, by stable codes: one table that nobody else repeats.

Texts begin in lower case and end without a full stop where they are English, because clients put them after other
words; the page makes sentences of them. Every text says what was found, what was expected and the next step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from service.words import access, engine, fields, kept, requests, speech, tasks, training, voices
from service.words.terms import TERMS

LANGUAGES = ("en", "zh")
DEFAULT = "en"
TABLE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **access.WORDS,
        **requests.WORDS,
        **fields.WORDS,
        **voices.WORDS,
        **kept.WORDS,
        **speech.WORDS,
        **tasks.WORDS,
        **training.WORDS,
        **engine.WORDS,
    }
)
"""Code -> English and Chinese; ``{name}`` is a parameter."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_LONGEST = {"detail": 2000, "command": 1000, "folders": 2000}
_USUAL = 300


def parameters(text: str) -> list[str]:
    """Return the names of a text's parameters, in order."""
    return _PARAMETER.findall(text)


def shown(value: object, longest: int = _USUAL) -> str:
    """Return a value as messages show it: bounded, on one line, without characters that steer a terminal."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


@dataclass(frozen=True)
class Said:
    """Something to be said, in any language.

    Attributes:
        code: Its name in the table; never changes once published.
        params: What fills its words.
    """

    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    def text(self, language: str = DEFAULT) -> str:
        """Return the words in ``en`` or ``zh``."""
        place = LANGUAGES.index(language)

        def filled(found: re.Match[str]) -> str:
            name = found[1]
            value = self.params.get(name, "?")
            return TERMS.get(name, {}).get(value, (value, value))[place]

        return _PARAMETER.sub(filled, TABLE[self.code][place])

    @property
    def kept(self) -> dict[str, object]:
        """The code and its parameters, as they are stored beside the text."""
        return {"code": self.code, "params": dict(self.params)}

    @property
    def details(self) -> dict[str, object]:
        """The code and its parameters, as answers have them in ``data``."""
        return {"error": self.kept}


def said(code: str, **params: object) -> Said:
    """Return something to be said; a code that the table lacks is a mistake, which a test of the source finds.

    Raises:
        KeyError: the table has no such code.
    """
    if code not in TABLE:
        raise KeyError(code)
    return Said(code, {name: shown(value, _LONGEST.get(name, _USUAL)) for name, value in params.items()})


class Coded(Protocol):
    """An error from below the service, which has its own English and names its words."""

    @property
    def code(self) -> str:
        """In the table."""


def told_by(error: Coded) -> Said:
    """Return what an error from below says; its own text is the parameter ``detail``."""
    return said(error.code, **{**getattr(error, "params", {}), "detail": error})


def as_said(reason: str | Said) -> Said:
    """Return a reason as something to be said; prose that nobody gave a code is told as it is."""
    return reason if isinstance(reason, Said) else said("unexpected", detail=reason)


def language_of(header: str | None) -> str:
    """Return the language of ours that an ``Accept-Language`` likes best; English where it likes none or is absent."""
    liked = dict(_liked(header or ""))
    best = max(LANGUAGES, key=lambda name: liked.get(name, 0.0))  # of equals the first: English
    return best if liked.get(best, 0.0) > 0 else DEFAULT


def _liked(header: str) -> Iterable[tuple[str, float]]:
    for order, part in reversed(list(enumerate(header[:1000].split(",")[:50]))):
        tag, _, weight = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in LANGUAGES:
            found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight)
            # Of those liked equally the first is meant.
            quality = float(found[1]) if found else float(not weight)
            yield name, quality - order * 1e-6

"""The interface of a language front end, and the lazy registry of those we have.

A front end lives in its own folder with a ``create()`` in its ``__init__``; adding a language touches that folder and
one line here. Nothing of a language is imported before its first text.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from GPT_SoVITS.text.errors import UnsupportedLanguageError


@dataclass(frozen=True)
class Pronunciation:
    """What a front end makes of a text.

    Attributes:
        norm_text: The normalised text that was read.
        phones: Phoneme symbols before the symbol table (unknown ones become ``UNK`` later).
        word2ph: Phonemes per character of ``norm_text``; None for languages without character alignment.
    """

    norm_text: str
    phones: list[str]
    word2ph: list[int] | None


class FrontEnd(Protocol):
    """Turns text of one language into phonemes."""

    def normalise(self, text: str) -> str:
        """Return the text as it will be read: numbers in words, signs replaced, the rest removed."""
        ...

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return the phonemes of a normalised text (which may still be adjusted, see ``norm_text``)."""
        ...


@runtime_checkable
class Speller(Protocol):
    """What the front end of a language with a romanisation (``zh``, ``yue``) offers besides, for user dictionaries."""

    def spell(self, syllable: str) -> Sequence[str]:
        """Return the two phonemes of one romanised syllable with its tone, e.g. ``chong2`` -> ``ch``, ``ong2``.

        Raises:
            TextError: the language has no such syllable.
        """
        ...


# language code -> package; the symbol version ("v1" or "v2") is given to its create().
FRONT_ENDS: dict[str, str] = {
    "zh": "chinese",
    "en": "english",
    "ja": "japanese",
    "ko": "korean",
    "yue": "cantonese",
}
LANGUAGES_BY_SYMBOLS: dict[str, tuple[str, ...]] = {"v1": ("zh", "en", "ja"), "v2": ("zh", "en", "ja", "ko", "yue")}

_loaded: dict[tuple[str, str], FrontEnd] = {}
_lock = threading.Lock()


def front_end(language: str, symbols: str) -> FrontEnd:
    """Return the front end of a language for a symbol version, loading it on first use.

    Args:
        language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue``.
        symbols: ``v1`` or ``v2`` (every model version but v1 uses the v2 symbols).

    Raises:
        UnsupportedLanguageError: the version does not speak the language.
        MissingResourceError: a package of that language is not installed.
    """
    if language not in LANGUAGES_BY_SYMBOLS[symbols]:
        spoken = ", ".join(LANGUAGES_BY_SYMBOLS[symbols])
        raise UnsupportedLanguageError(f"language {language!r} is not spoken by {symbols} models, which know {spoken}")
    with _lock:
        key = (language, symbols)
        if key not in _loaded:
            module = importlib.import_module(f"GPT_SoVITS.text.{FRONT_ENDS[language]}")
            _loaded[key] = module.create(symbols)
        return _loaded[key]

"""Cantonese: the Mandarin normaliser, jyutping from ToJyutping, phonemes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from GPT_SoVITS.text.cantonese.g2p import Cantonese


def create(symbols: str) -> Cantonese:
    """Return the front end.

    Args:
        symbols: ``v2``; v1 models do not speak Cantonese.

    Raises:
        UnsupportedLanguageError: the symbols are those of v1.
        MissingResourceError: the package ToJyutping is not installed.
    """
    from GPT_SoVITS.text.cantonese.g2p import Cantonese
    from GPT_SoVITS.text.errors import UnsupportedLanguageError

    if symbols == "v1":
        raise UnsupportedLanguageError("v1 models do not speak Cantonese; use a model of version v2 or later")
    return Cantonese()

"""English: numbers and signs in words, dictionaries, then a small network for the words that are in none."""

from __future__ import annotations

from GPT_SoVITS.text.frontend import FrontEnd


def create(symbols: str) -> FrontEnd:
    """Return the English front end; the phonemes are the same for the ``v1`` and ``v2`` symbols.

    Raises:
        MissingResourceError: a package that it needs is not installed, or there is no dictionary.
    """
    from GPT_SoVITS.text.english.reading import EnglishFrontEnd
    from GPT_SoVITS.text.english.words import WordReader

    return EnglishFrontEnd(WordReader())

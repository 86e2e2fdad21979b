"""Korean: spelling to sounds by g2pk2's rules, as single Hangul letters."""

from __future__ import annotations

from GPT_SoVITS.text.frontend import FrontEnd


def create(symbols: str) -> FrontEnd:
    """Return the Korean front end; only the ``v2`` symbols have Korean letters.

    Raises:
        MissingResourceError: g2pk2 or python-mecab-ko is not installed.
    """
    from GPT_SoVITS.text.korean.analysis import Analyser
    from GPT_SoVITS.text.korean.letters import KoreanFrontEnd
    from GPT_SoVITS.text.korean.rules import Rules

    return KoreanFrontEnd(Analyser(), Rules())

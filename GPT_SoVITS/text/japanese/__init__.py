"""Japanese: Open JTalk's analysis as phonemes with pitch marks."""

from __future__ import annotations

from GPT_SoVITS.text.frontend import FrontEnd


def create(symbols: str) -> FrontEnd:
    """Return the Japanese front end; the phonemes are the same for the ``v1`` and ``v2`` symbols.

    Raises:
        MissingResourceError: no Open JTalk engine or no dictionary is installed.
    """
    from GPT_SoVITS.text.japanese.engine import load_engine
    from GPT_SoVITS.text.japanese.reading import JapaneseFrontEnd

    return JapaneseFrontEnd(load_engine())

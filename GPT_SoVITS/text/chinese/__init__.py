"""Mandarin: normalisation, words, readings, tone rules, phonemes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from GPT_SoVITS.text.chinese.g2p import Mandarin, PolyphoneNetwork


def create(symbols: str, g2pw: PolyphoneNetwork | None = None) -> Mandarin:
    """Return the front end for a symbol version.

    Args:
        symbols: ``v1`` or ``v2``. v1 models know neither 儿 colouring nor the polyphone network.
        g2pw: Stands in for the network: text of a piece -> pinyin with tone number per character. By default the
            user's g2pW folder is used if there is one, else pypinyin's dictionary.

    Raises:
        MissingResourceError: a package that Chinese needs is not installed.
    """
    from GPT_SoVITS.text.chinese.words import segmenter

    segments = segmenter()  # first, because it names the package that is missing
    from GPT_SoVITS.text.chinese.g2p import Mandarin

    if symbols == "v1":
        return Mandarin(segments, erhua=False)
    if g2pw is None:
        from GPT_SoVITS.text.chinese.g2pw.opening import open_user_network

        g2pw = open_user_network()
    if g2pw is None:
        return Mandarin(segments, erhua=True)
    from GPT_SoVITS.text.chinese.polyphones import load_readings

    return Mandarin(segments, erhua=True, network=g2pw, readings=load_readings())

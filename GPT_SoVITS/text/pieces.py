"""How a text will be cut, without reading it: no dictionary is loaded."""

from __future__ import annotations

from GPT_SoVITS.text.cutting import LONGEST_PIECE, hard_split, pre_seg_text, replace_consecutive_punctuation
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language, resolve_reading
from GPT_SoVITS.text.reading import NATURAL
from GPT_SoVITS.text.reading.natural import natural_passages


def without_lone_surrogates(text: str) -> str:
    """Return the text without halves of surrogate pairs; pairs become their character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def official_pieces(text: str, code: str, method: str) -> list[str]:
    """Return the pieces of a text as the official program cuts it, none of them over 510 characters.

    Args:
        text: Any text.
        code: Code of a text language.
        method: Code of a cutting method.
    """
    text = replace_consecutive_punctuation(without_lone_surrogates(text))
    pieces = [part for piece in pre_seg_text(text, code, method) for part in hard_split(piece, LONGEST_PIECE)]
    return [piece for piece in pieces if piece.strip()]


def pieces_of(text: str, language: str, version: str, how_to_cut: str, reading: str = NATURAL) -> list[str]:
    """Return the pieces that a text is cut into; some may turn out to have no sound.

    Raises:
        TextError: the language, cutting method or reading is unknown, or there is nothing to read.
    """
    return pieces_and_left_out(text, language, version, how_to_cut, reading)[0]


def pieces_and_left_out(
    text: str, language: str, version: str, how_to_cut: str, reading: str = NATURAL
) -> tuple[list[str], list[str]]:
    """Return the pieces of a text, and what no front end reads of it; the official reading does not tell.

    Raises:
        TextError: see :func:`pieces_of`.
    """
    code, method = resolve_language(language, version), resolve_cutting(how_to_cut)
    if resolve_reading(reading) != NATURAL:
        return official_pieces(text, code, method), []
    passages = natural_passages(text, code, version, method)
    return [passage.text for passage in passages], [word for passage in passages for word in passage.left_out]

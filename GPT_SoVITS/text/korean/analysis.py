"""Word classes that Korean sound changes depend on, marked in the text as g2pk2's rules expect."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.korean.packages import MeCab

# MeCab's time and memory grow faster than the text; a longer one is analysed in pieces, cut behind a space if possible.
LARGEST_PIECE = 4_000

_BASE, _FINALS = 0xAC00, 28
_RIEUL = 8
# Finals of verb stems after which a lax consonant tenses: ㄴ ㄵ ㄺ ㄻ ㄼ ㄾ ㅁ, by their number in the syllable block.
_STEM_FINALS = frozenset((4, 5, 9, 10, 11, 13, 16))


def _final(character: str) -> int:
    """The number of a syllable's final consonant, 0 for none and for other characters."""
    offset = ord(character) - _BASE
    return offset % _FINALS if 0 <= offset < 11172 else 0


def _class(tag: str) -> str:
    last = tag.split("+")[-1]
    return "B" if last == "NNBC" else last[0]


def _classes(words: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One class per character: a word's class on its last character, ``_`` on the others."""
    for word, tag in words:
        yield from "_" * (len(word) - 1)
        yield _class(tag)


def _marked(character: str, word_class: str) -> str:
    if character == "의" and word_class == "J":
        return "의/J"
    if word_class == "E" and _final(character) == _RIEUL:
        return f"{character}/E"
    if word_class == "V" and _final(character) in _STEM_FINALS:
        return f"{character}/P"
    if word_class == "B":
        return f"{character}/B"
    return character


def pieces(text: str) -> Iterator[str]:
    """Cut a text into pieces of at most ``LARGEST_PIECE`` characters, behind spaces where there are any."""
    start = 0
    while len(text) - start > LARGEST_PIECE:
        end = text.rfind(" ", start, start + LARGEST_PIECE) + 1 or start + LARGEST_PIECE
        yield text[start:end]
        start = end
    yield text[start:]


class Analyser:
    """Marks word classes with MeCab; calls from several threads take turns.

    Raises:
        MissingResourceError: python-mecab-ko is not installed.
    """

    def __init__(self) -> None:
        self._mecab = MeCab()
        self._lock = threading.Lock()

    def annotate(self, text: str) -> str:
        """Return the text with ``/J`` ``/E`` ``/P`` ``/B`` behind particles, endings, stems and counters.

        A text whose words MeCab does not give back whole (other blanks than the space) comes back unmarked.

        Raises:
            TextError: the text holds half of a surrogate pair.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise TextError(
                f"character {error.start + 1} of the text is half of a surrogate pair; send valid Unicode"
            ) from error
        return "".join(map(self._annotate_piece, pieces(text)))

    def _annotate_piece(self, text: str) -> str:
        with self._lock:
            words = self._mecab.words(text)
        if text.replace(" ", "") != "".join(word for word, _ in words):
            return text
        classes = _classes(words)
        return "".join(character if character == " " else _marked(character, next(classes)) for character in text)

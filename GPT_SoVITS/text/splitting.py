"""Taking a mixed text apart into pieces of one language each.

The rules are those of split-lang 2.1.1 with the settings of the official program (merged across punctuation and
newlines, not across digits); ours because that package always asks for a model that it downloads, configures the
root logger, and takes quadratic time on long texts. Words are found by BudouX, languages by an ``Identify`` function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise

from GPT_SoVITS import _commands
from GPT_SoVITS.text.errors import MissingResourceError
from GPT_SoVITS.text.identification import Identify

UNKNOWN = "x"
DIGIT = "digit"
PUNCTUATION = "punctuation"
NEWLINE = "newline"

_SIGNS = frozenset("""〜~,.;:!?，。！？；：、·([{<（【《〈「『“‘)]}>）】》〉」』”’"-_—#$%&…￥'*+=@\\^`|""")
_KANA = re.compile("[\u3040-\u30ff々]")
_HAN_OR_KANA = re.compile("[\u4e00-\u9fff\u3040-\u30ff々]")
_HANGUL = re.compile("[\uac00-\ud7af]")

_HAN_LANGUAGES = {"zh": "zh", "yue": "zh", "wuu": "zh", "zh-cn": "zh", "ja": "ja"}
_LANGUAGES = {"zh": "zh", "yue": "zh", "wuu": "zh", "zh-cn": "zh", "ko": "ko", "ja": "ja", "en": "en"}


class Kind(Enum):
    """What the characters of a section are."""

    HAN_OR_KANA = auto()
    HANGUL = auto()
    DIGITS = auto()
    PUNCTUATION = auto()
    NEWLINE = auto()
    OTHER = auto()


_LANGUAGE_OF_KIND = {
    Kind.PUNCTUATION: PUNCTUATION,
    Kind.NEWLINE: NEWLINE,
    Kind.DIGITS: DIGIT,
    Kind.HANGUL: "ko",
}


@dataclass
class Piece:
    """Text of one language, as parts so that joining pieces costs nothing."""

    language: str
    parts: list[str]
    length: int

    @classmethod
    def of(cls, language: str, text: str) -> Piece:
        return cls(language, [text], len(text))

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def has_kana(self) -> bool:
        return any(_KANA.search(part) for part in self.parts)

    def take(self, other: Piece) -> None:
        """Append the text of another piece."""
        self.parts.extend(other.parts)
        self.length += other.length


@dataclass
class Section:
    """Neighbouring pieces from characters of one kind."""

    kind: Kind
    pieces: list[Piece]


@lru_cache(maxsize=8192)
def _kind(char: str) -> Kind | None:
    """Return the kind of a character, None for white space within a line, which joins what it follows."""
    if _HAN_OR_KANA.match(char):
        return Kind.HAN_OR_KANA
    if _HANGUL.match(char):
        return Kind.HANGUL
    if char.isdigit():
        return Kind.DIGITS
    if char in _SIGNS:
        return Kind.PUNCTUATION
    if char in "\n\r":
        return Kind.NEWLINE
    return None if char.isspace() else Kind.OTHER


def _runs(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield runs of one kind; every sign and every newline is a run of its own, with the blanks behind it."""
    current = Kind.OTHER
    start = 0
    for index, char in enumerate(text):
        kind = _kind(char)
        if char == "'" and index > 0 and not text[index - 1].isspace():
            kind = None  # an apostrophe belongs to the word
        if kind is None or (kind is current and kind not in (Kind.PUNCTUATION, Kind.NEWLINE)):
            continue
        if index > start:
            yield current, text[start:index]
        current, start = kind, index
    if start < len(text):
        yield current, text[start:]


class _Words:
    """BudouX's phrase boundaries in time linear in the text."""

    _WINDOW = 1000
    _CONTEXT = 3  # a boundary depends on three characters before and after it

    def __init__(self, parse: Callable[[str], list[str]]) -> None:
        self._parse = parse

    def _boundaries(self, text: str) -> Iterator[int]:
        for start in range(0, len(text), self._WINDOW):
            end = min(start + self._WINDOW, len(text))
            position = max(0, start - self._CONTEXT)
            for word in self._parse(text[position : end + self._CONTEXT]):
                if position > 0 and start <= position < end:
                    yield position
                position += len(word)

    def split(self, text: str) -> list[str]:
        """Return the phrases of a text that is not empty."""
        if len(text) == 1:
            return [text]
        boundaries = [0, *self._boundaries(text), len(text)]
        return [text[start:end] for start, end in pairwise(boundaries)]


@lru_cache(maxsize=1)
def _word_finders() -> tuple[_Words, _Words]:
    try:
        import budoux
    except ImportError as error:
        raise MissingResourceError(
            "mixed-language text needs budoux, which is not installed: " + _commands.pip_install("budoux==0.10.1")
        ) from error
    japanese = budoux.load_default_japanese_parser()
    chinese = budoux.load_default_simplified_chinese_parser()
    return _Words(japanese.parse), _Words(chinese.parse)


def _han_and_kana_words(text: str) -> list[str]:
    """Split at phrase borders of Japanese, then of Chinese; join kana to kana, single characters to Han."""
    japanese, chinese = _word_finders()
    words: list[list[str]] = []
    kana_before = False
    for word in (part for phrase in japanese.split(text) for part in chinese.split(phrase)):
        kana = bool(_KANA.search(word))
        if words and kana == kana_before and (kana or len(word) == 1):
            words[-1].append(word)
        else:
            words.append([word])
        kana_before = kana
    texts = ["".join(parts) for parts in words]
    if len(texts) >= 2 and len(texts[0]) == 1:
        texts[:2] = [texts[0] + texts[1]]
    return texts


_WORD_WITH_SPACE = re.compile(r"\S+\s*|\s+")


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Join neighbours of the same language."""
    result: list[Piece] = []
    for piece in pieces:
        if result and result[-1].language == piece.language:
            result[-1].take(piece)
        else:
            result.append(piece)
    return result


class Splitter:
    """Splits text by language with one identification function.

    Args:
        identify: Answers which languages a text may be; see ``identification.identify``.
    """

    def __init__(self, identify: Identify) -> None:
        self._identify = identify

    def split(self, text: str) -> list[Piece]:
        """Return the pieces of a text in order.

        Languages are ``zh``, ``ja``, ``ko``, ``en``, ``x`` (unknown), ``digit``, ``punctuation`` (the whole text is)
        and ``newline``. White space around the text is left out; the result is empty when nothing else is there.
        """
        sections = [Section(kind, self._section(kind, run)) for kind, run in _runs(text.strip())]
        sections = _across_newlines(_across_punctuation(sections))
        for section in sections:
            if section.kind is Kind.HAN_OR_KANA:
                section.pieces = _settle_han(section.pieces)
        return [piece for section in sections for piece in section.pieces]

    def _section(self, kind: Kind, run: str) -> list[Piece]:
        if kind in _LANGUAGE_OF_KIND:
            return [Piece.of(_LANGUAGE_OF_KIND[kind], run)]
        if kind is Kind.HAN_OR_KANA:
            pieces = [Piece.of(self._language_of_han(word), word) for word in _han_and_kana_words(run)]
        else:
            words = _WORD_WITH_SPACE.findall(run)
            pieces = [Piece.of(_LANGUAGES.get(self._best(word), UNKNOWN), word) for word in words]
        return self._merge(pieces) if len(pieces) > 1 else pieces

    def _best(self, text: str) -> str:
        return self._identify(text, 1, 0.0)[0][0].lower()

    def _language_of_han(self, word: str) -> str:
        return "ja" if _KANA.search(word) else _HAN_LANGUAGES.get(self._best(word), UNKNOWN)

    def _may_be(self, piece: Piece, language: str) -> bool:
        text = piece.text.replace("\n", "").strip()
        return language in (answer for answer, _ in self._identify(text, 5, 0.01))

    def _merge(self, pieces: list[Piece]) -> list[Piece]:
        """Let short and unknown pieces take the language of their neighbours, and join."""
        pieces = self._between(joined(pieces))
        pieces = self._between(joined(pieces))
        pieces = joined(pieces)
        _fill_unknown(pieces)
        self._edges(pieces)
        return joined(self._between(joined(pieces)))

    def _between(self, pieces: list[Piece]) -> list[Piece]:
        for left, middle, right in zip(pieces, pieces[1:], pieces[2:], strict=False):
            if left.language != right.language or left.language in (UNKNOWN, NEWLINE):
                continue
            if middle.language == UNKNOWN or self._yields(left, middle, right):
                middle.language = left.language
        return pieces

    def _yields(self, left: Piece, middle: Piece, right: Piece) -> bool:
        if middle.has_kana:
            return False
        short_between_long = middle.length <= 4 and left.length + right.length >= 6
        return short_between_long or self._may_be(middle, left.language)

    def _edges(self, pieces: list[Piece]) -> None:
        if pieces[0].language == UNKNOWN or (len(pieces) >= 2 and self._joins(pieces[0], pieces[1])):
            pieces[0].language = _nearest(pieces, 0, 1)
        if pieces[-1].language == UNKNOWN or (len(pieces) >= 2 and self._joins(pieces[-1], pieces[-2])):
            pieces[-1].language = _nearest(pieces, len(pieces) - 1, -1)

    def _joins(self, piece: Piece, near: Piece) -> bool:
        without_kana = not piece.has_kana and not near.has_kana
        if without_kana and near.language == "zh" and near.length > piece.length and near.length >= 6:
            return True
        return (without_kana or near.length <= 5) and self._may_be(piece, near.language)


def _nearest(pieces: list[Piece], index: int, step: int) -> str:
    """Return the first known language from ``index`` in a direction, its own where there is none."""
    position = index + step
    while 0 <= position < len(pieces):
        if pieces[position].language not in (UNKNOWN, DIGIT):
            return pieces[position].language
        position += step
    return pieces[index].language


def _fill_unknown(pieces: list[Piece]) -> None:
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        if piece.language != UNKNOWN:
            continue
        left_is_longer = 0 < index < last and pieces[index - 1].length >= pieces[index + 1].length
        to_left = index > 0 and (index == last or left_is_longer)
        piece.language = _nearest(pieces, index, -1 if to_left else 1)


def _regrouped(sections: list[Section], join: Callable[[list[Piece]], list[Piece]]) -> list[Section]:
    """Join neighbouring sections of one kind, then the pieces within each."""
    groups: list[Section] = []
    for section in sections:
        if groups and groups[-1].kind is section.kind:
            groups[-1].pieces.extend(section.pieces)
        else:
            groups.append(section)
    for group in groups:
        group.pieces = join(group.pieces)
    return groups


def _across_punctuation(sections: list[Section]) -> list[Section]:
    """Give every sign to what stands before it, signs at the start to what follows."""
    merged: list[Section] = []
    for section in sections:
        last = merged[-1] if merged else None
        if last is not None and last.kind is Kind.PUNCTUATION:
            first, *others = section.pieces
            last.kind = section.kind
            last.pieces[-1].take(first)
            last.pieces[-1].language = first.language
            last.pieces.extend(others)
        elif last is not None and section.kind is Kind.PUNCTUATION:
            last.pieces[-1].take(section.pieces[0])
        else:
            merged.append(section)
    return _regrouped(merged, joined)


def _across_newlines(sections: list[Section]) -> list[Section]:
    """Give every newline to the piece before it; a newline still separates pieces of the same language."""
    merged: list[Section] = []
    for section in sections:
        last = merged[-1] if merged else None
        if last is not None and last.kind is Kind.NEWLINE:
            last.kind = section.kind
            last.pieces.extend(section.pieces)
        elif last is not None and section.kind is Kind.NEWLINE:
            last.pieces.extend(section.pieces)
        else:
            merged.append(section)
    return _regrouped(merged, _joined_around_newlines)


def _joined_around_newlines(pieces: list[Piece]) -> list[Piece]:
    result: list[Piece] = []
    before = ""
    for piece in pieces:
        if result and piece.language in (NEWLINE, before):
            result[-1].take(piece)
        else:
            result.append(piece)
        before = piece.language
    return result


def _settle_han(pieces: list[Piece]) -> list[Piece]:
    """Let pieces of less than a tenth of their neighbours join them, and the rarer language yield."""
    if len(pieces) == 1:
        return pieces
    settled: list[Piece] = []
    lengths = {"zh": 0, "ja": 0, UNKNOWN: 0, DIGIT: 0, PUNCTUATION: 0, NEWLINE: 0}
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        lengths[piece.language] += piece.length
        right = pieces[index + 1] if index + 1 < len(pieces) else None
        # A right neighbour that is swallowed here is not counted, as in the original.
        index += 1 + _swallow(settled, piece, right)
    if lengths[UNKNOWN] > 0:
        commonest = max(lengths, key=lambda language: lengths[language])
        _rename(settled, UNKNOWN, commonest)
    if lengths["ja"] >= lengths["zh"] * 10:
        _rename(settled, "zh", "ja")
    return joined(settled)


def _swallow(settled: list[Piece], piece: Piece, right: Piece | None) -> int:
    """Append a piece or join it to its neighbours; return how many pieces after it went along."""
    han = ("zh", "ja")
    if not settled:
        small = right is not None and piece.length * 10 < right.length
        if right is not None and small and right.language in han and piece.language in (*han, UNKNOWN):
            settled.append(Piece(right.language, [*piece.parts, *right.parts], piece.length + right.length))
            return 1
        settled.append(piece)
        return 0
    left = settled[-1]
    if right is None:
        if left.language in han and piece.language in (*han, UNKNOWN) and piece.length * 10 < left.length:
            left.take(piece)
        else:
            settled.append(piece)
        return 0
    if left.language == right.language and left.language in han and piece.length * 10 < left.length + right.length:
        left.take(piece)
        left.take(right)
        return 1
    settled.append(piece)
    return 0


def _rename(pieces: list[Piece], old: str, new: str) -> None:
    for piece in pieces:
        if piece.language == old:
            piece.language = new

"""Dividing a text into stretches that one language's front end reads.

Agrees with ``LangSegmenter.getTexts`` of the official program (its rules on top of ``splitting``). Another divider can
be chosen by name, see ``segmenters``.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from GPT_SoVITS.text.errors import EmptyTextError, TextError
from GPT_SoVITS.text.identification import Identify, identify
from GPT_SoVITS.text.splitting import DIGIT, UNKNOWN, Piece, Splitter, joined
from GPT_SoVITS.text.stretches import Stretch

_SURROGATE = re.compile("[\ud800-\udfff]")
_LATIN_TEXT = re.compile(r"[A-Za-z0-9\s\u0020-\u007e\u2000-\u206f\u3000-\u303f\uff00-\uffef]+")
_KANA_STRETCH = re.compile(
    "[\u3041-\u3096\u3099\u309a\u30a1-\u30fa\u30fc][\u3041-\u3096\u3099\u309a\u30a1-\u30fa\u30fc0-9、-〜。！？.!?… ]*"
)
_HANGUL_STRETCH = re.compile(
    "[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af][\u1100-\u11ff\u3130-\u318f\uac00-\ud7af0-9、-〜。！？.!?… ]*"
)
# Han characters with the extensions A to I, and the signs that may stand between them.
_HAN_AND_SIGNS = re.compile(
    "[\u4e00-\u9fff\u3400-\u4db5\U00020000-\U0002a6dd\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf"
    "\U0002ceb0-\U0002ebef\U00030000-\U0003134a\U00031350-\U000323af\U0002ebf0-\U0002ee5d0-9、-〜。！？.!?… /]+"
)
_SENTENCE_SIGNS = frozenset(",.!?，。！？")


def _is_english(text: str) -> bool:
    """Whether a text has only Latin letters and signs, with a letter in its first line."""
    first_line = text.split("\n", 1)[0]
    return re.search("[A-Za-z]", first_line) is not None and _LATIN_TEXT.fullmatch(text) is not None


def _carve(stretch: Stretch, pattern: re.Pattern[str], language: str) -> list[Stretch]:
    """Take what matches out of a stretch and give it another language."""
    carved: list[Stretch] = []
    done = 0
    for match in pattern.finditer(stretch.text):
        if match.start() > done:
            carved.append(Stretch(stretch.language, stretch.text[done : match.start()]))
        carved.append(Stretch(language, match.group()))
        done = match.end()
    if done < len(stretch.text):
        carved.append(Stretch(stretch.language, stretch.text[done:]))
    return carved


def _carve_kana_and_hangul(stretch: Stretch) -> list[Stretch]:
    pieces = [stretch] if stretch.language == "ja" else _carve(stretch, _KANA_STRETCH, "ja")
    carved = [
        part
        for piece in pieces
        for part in ([piece] if piece.language == "ko" else _carve(piece, _HANGUL_STRETCH, "ko"))
    ]
    # A stretch that is kana or Hangul throughout keeps the language that was identified.
    return carved if len(carved) > 1 else [stretch]


def _han_of_unknown(stretch: Stretch) -> Stretch:
    if stretch.language != UNKNOWN:
        return stretch
    han = "".join(_HAN_AND_SIGNS.findall(stretch.text))
    return Stretch("zh", han) if han else stretch


def _language_of_digits(before: Piece | None, digits: Piece, after: Piece | None) -> str:
    if before is None:
        return after.language if after else "zh"
    if after is None or before.language == after.language:
        return before.language
    if before.parts[-1][-1] in _SENTENCE_SIGNS:
        return after.language
    after_a_stop = after.parts[0][0] in _SENTENCE_SIGNS or digits.parts[-1][-1] in "。."
    return before.language if after_a_stop or before.length >= after.length else after.language


def _settle_digits(pieces: list[Piece]) -> list[Piece]:
    settled: list[Piece] = []
    for piece, after in zip_longest(pieces, pieces[1:]):
        if piece.language == DIGIT:
            piece.language = _language_of_digits(settled[-1] if settled else None, piece, after)
        if settled and settled[-1].language == piece.language:
            settled[-1].take(piece)
        else:
            settled.append(piece)
    return settled


def _settle_unknown(pieces: list[Piece]) -> list[Piece]:
    before = ""
    for piece in pieces:
        if piece.language == UNKNOWN:
            piece.language = before or (pieces[1].language if len(pieces) > 1 else "zh")
        before = piece.language
    return joined(pieces)


class OfficialSegmenter:
    """The default segmenter.

    Args:
        identify: Answers which languages a text may be; recorded answers can stand in.
    """

    def __init__(self, identify: Identify = identify) -> None:
        self._splitter = Splitter(identify)

    def __call__(self, text: str, default: str = "") -> list[Stretch]:
        """Return the stretches of a text.

        Args:
            text: Text without lone surrogates.
            default: Language of all that is not English; empty to decide for every piece.

        Returns:
            Stretches whose language is ``zh``, ``ja``, ``ko`` or ``en``; ``punctuation`` or ``newline`` when there is
            nothing but signs.

        Raises:
            EmptyTextError: the text is blank.
            TextError: the text holds a lone surrogate.
            MissingResourceError: a package for mixed-language text is not installed.
        """
        if _SURROGATE.search(text):
            raise TextError("the text holds half of a UTF-16 surrogate pair, which is no character; remove it")
        pieces = self._splitter.split(text)
        if not pieces:
            raise EmptyTextError("the text is blank; give at least one word")
        found = [
            Piece.of(stretch.language, stretch.text)
            for piece in pieces
            for stretch in self._read(Stretch(piece.language, piece.text), default)
        ]
        settled = _settle_unknown(_settle_digits(joined(found)))
        return [Stretch(piece.language, piece.text) for piece in settled]

    @staticmethod
    def _read(stretch: Stretch, default: str) -> list[Stretch]:
        if stretch.language == DIGIT:
            return [Stretch(default or DIGIT, stretch.text)]
        if _is_english(stretch.text):
            return [Stretch("en", stretch.text)]
        if default:
            return [Stretch(default, stretch.text)]
        return [_han_of_unknown(part) for part in _carve_kana_and_hangul(stretch)]

"""Cutting a text into sentences: the six methods of the interfaces and the rules around them.

Agrees with ``TTS_infer_pack/text_segmentation_method.py`` and ``TextPreprocessor.pre_seg_text`` of the official
program; where those fail with an IndexError or ValueError, an ``EmptyTextError`` is raised. All of it takes time
linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from GPT_SoVITS.text.errors import EmptyTextError
from GPT_SoVITS.text.languages import resolve_cutting

# Signs that end a piece when a text is taken apart.
SPLITTERS = frozenset("，。？！,.?!~:：—…")
# A piece of nothing but these is dropped by cut0 .. cut4, one of nothing but CUT5_SIGNS by cut5.
_SILENT = frozenset("!?…,.- ")
CUT5_SIGNS = frozenset(",.;?!、，。？！：…")
LONGEST_PIECE = 510  # the BERT of the Chinese front end takes 512 tokens, two of which are its own
_SHORT_PIECE = 5
_SHORT_HEAD = 4
_PER_GROUP = 4
_CHARACTERS_PER_GROUP = 50

_REPEATED_PUNCTUATION = re.compile(r"([!?…,.\-])[!?…,.\-]+")
_SPLITTER = re.compile("[" + "".join(re.escape(sign) for sign in sorted(SPLITTERS)) + "]")
_FULL_STOP = re.compile(r"(?<!\d)\.(?!\d)")
_NOTHING = "there is nothing to read in the text; give at least one word"


def replace_consecutive_punctuation(text: str) -> str:
    """Return the text with the first sign left of every run of ``! ? … , . -``."""
    return _REPEATED_PUNCTUATION.sub(r"\1", text)


def get_first(text: str) -> str:
    """Return what stands before the first splitter, stripped."""
    return _SPLITTER.split(text, maxsplit=1)[0].strip()


def merge_short_text_in_array(texts: list[str], threshold: int) -> list[str]:
    """Join pieces until each has ``threshold`` characters; a short tail joins the piece before it."""
    if len(texts) < 2:
        return texts
    merged: list[str] = []
    waiting: list[str] = []
    length = 0
    for text in texts:
        waiting.append(text)
        length += len(text)
        if length >= threshold:
            merged.append("".join(waiting))
            waiting, length = [], 0
    tail = "".join(waiting)
    if tail and merged:
        merged[-1] += tail
    elif tail:
        merged.append(tail)
    return merged


def split_big_text(text: str, longest: int = LONGEST_PIECE) -> list[str]:
    """Split a text at splitters into parts of at most ``longest`` characters.

    A stretch without splitters is never cut, so a part can be longer, and the first part is empty when the text
    begins with such a stretch (as in the official program; ``hard_split`` mends both).
    """
    parts: list[str] = []
    current: list[str] = []
    length = 0
    for stretch in _tokens(text):
        if length + len(stretch) > longest:
            parts.append("".join(current))
            current, length = [], 0
        current.append(stretch)
        length += len(stretch)
    if length:
        parts.append("".join(current))
    return parts


def _tokens(text: str) -> Iterable[str]:
    start = 0
    for match in _SPLITTER.finditer(text):
        yield text[start : match.start()]
        yield match.group()
        start = match.end()
    yield text[start:]


def hard_split(text: str, longest: int = LONGEST_PIECE) -> list[str]:
    """Cut a text into parts of at most ``longest`` characters, at the last space of a part where there is one."""
    parts = []
    start = 0
    while len(text) - start > longest:
        space = text.rfind(" ", start + longest // 2, start + longest)
        end = start + longest if space < 0 else space + 1
        parts.append(text[start:end])
        start = end
    return [*parts, text[start:]] if start < len(text) else parts


def _spoken(pieces: Iterable[str], silent: frozenset[str] = _SILENT) -> str:
    return "\n".join(piece for piece in pieces if not silent.issuperset(piece))


def _sentences(text: str) -> list[str]:
    """Take a text apart after every splitter, with ``……`` and ``——`` as one sign each."""
    if not text:
        raise EmptyTextError(_NOTHING)
    text = text.replace("……", "。").replace("——", "，")
    if text[-1] not in SPLITTERS:
        text += "。"
    ends = [match.end() for match in _SPLITTER.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def cut0(text: str) -> str:
    """Leave the text in one piece; text of nothing but signs becomes a newline."""
    return "\n" if _SILENT.issuperset(text) else text


def cut1(text: str) -> str:
    """Group four sentences; the last group takes the remainder as well."""
    text = text.strip("\n")
    sentences = _sentences(text)
    starts = list(range(0, len(sentences), _PER_GROUP))[:-1]
    if not starts:
        return _spoken([text])
    ends = [*starts[1:], len(sentences)]
    return _spoken("".join(sentences[start:end]) for start, end in zip(starts, ends, strict=True))


def cut2(text: str) -> str:
    """Group sentences until a group exceeds 50 characters; a shorter tail joins the group before it."""
    text = text.strip("\n")
    sentences = _sentences(text)
    if len(sentences) < 2:
        return text
    groups: list[str] = []
    current: list[str] = []
    length = 0
    for sentence in sentences:
        current.append(sentence)
        length += len(sentence)
        if length > _CHARACTERS_PER_GROUP:
            groups.append("".join(current))
            current, length = [], 0
    if current:
        groups.append("".join(current))
    if len(groups) > 1 and len(groups[-1]) < _CHARACTERS_PER_GROUP:
        tail = groups.pop()
        groups[-1] += tail
    return _spoken(groups)


def cut3(text: str) -> str:
    """Cut at the Chinese full stop, which is lost."""
    return _spoken(text.strip("\n").strip("。").split("。"))


def cut4(text: str) -> str:
    """Cut at full stops that have no digit on either side; they are lost."""
    return _spoken(_FULL_STOP.split(text.strip("\n").strip(".")))


def cut5(text: str) -> str:
    """Cut after every sign of ``CUT5_SIGNS`` but the point between two digits."""
    text = text.strip("\n")
    pieces = []
    start = 0
    for index, char in enumerate(text):
        if char not in CUT5_SIGNS:
            continue
        in_number = (
            char == "." and 0 < index < len(text) - 1 and text[index - 1].isdigit() and text[index + 1].isdigit()
        )
        if not in_number:
            pieces.append(text[start : index + 1])
            start = index + 1
    pieces.append(text[start:])
    return _spoken(pieces, CUT5_SIGNS)


_METHODS: dict[str, Callable[[str], str]] = {
    "cut0": cut0,
    "cut1": cut1,
    "cut2": cut2,
    "cut3": cut3,
    "cut4": cut4,
    "cut5": cut5,
}


def cut(text: str, method: str) -> str:
    """Return the text with a newline at every cut.

    Args:
        text: Any text.
        method: A code or name of a cutting method.

    Raises:
        UnknownCuttingError: there is no such method.
        EmptyTextError: ``cut1`` or ``cut2`` were given an empty text.
    """
    return _METHODS[resolve_cutting(method)](text)


def pre_seg_text(text: str, language: str, method: str) -> list[str]:
    """Return the sentences of a text, each ending in a splitter.

    Args:
        text: What is to be read.
        language: Code of the text language; ``en`` adds ``.`` where others add ``。``.
        method: A code or name of a cutting method.

    Returns:
        Sentences of at most 510 characters where a splitter allows it (see ``split_big_text``); an empty list when no
        piece holds a word.

    Raises:
        UnknownCuttingError: there is no such method.
        EmptyTextError: nothing is left after cutting.
    """
    stop = "." if language == "en" else "。"
    text = text.strip("\n")
    if not text:
        return []
    if text[0] not in SPLITTERS and len(get_first(text)) < _SHORT_HEAD:
        text = stop + text
    pieces = re.sub(r"\n{2,}", "\n", cut(text, method)).split("\n")
    if all(piece in ("", " ") for piece in pieces):
        raise EmptyTextError(_NOTHING)
    pieces = merge_short_text_in_array([piece for piece in pieces if piece not in ("", " ")], _SHORT_PIECE)
    sentences: list[str] = []
    for piece in pieces:
        if not re.search(r"\w", piece):
            continue
        sentence = piece if piece[-1] in SPLITTERS else piece + stop
        sentences.extend(split_big_text(sentence) if len(sentence) > LONGEST_PIECE else [sentence])
    return sentences

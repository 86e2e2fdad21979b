"""The six cutting methods on a text whose numbers, abbreviations and addresses stay whole.

Ordinary text is cut as ``GPT_SoVITS.text.cutting`` cuts it. What differs: no cut inside an edit, a sign keeps its
closing quotes, no sign is lost, and every line and every mark of the notation ends a piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from GPT_SoVITS.text.cutting import CUT5_SIGNS, LONGEST_PIECE, SPLITTERS

_CLOSING = r"[”’\"'」』）)\]】》]*"
_SIGN = re.compile(rf"([{re.escape(''.join(sorted(SPLITTERS | CUT5_SIGNS | {'；'})))}]){_CLOSING}")
_SHORTEST = 5
_PER_GROUP = 4
_PER_GROUP_CHARACTERS = 50

Range = tuple[int, int]
# Where the word begins and ends in which a place is; the place itself twice where it is between two.
WordAround = Callable[[int], Range]
# Whether a border lies inside something that is one word.
Inside = Callable[[int], bool]


def _borders(text: str, signs: frozenset[str], inside: Inside) -> list[int]:
    """Return the places after each sign that ends a clause."""
    borders = []
    for match in _SIGN.finditer(text):
        if match[1] not in signs or inside(match.start() + 1):
            continue
        if match[1] in ".:,~" and _between_words(text, match.start()):
            continue
        if match[1] == "." and _before_letter(text, match.end()):
            continue
        borders.append(match.end())
    return borders


def _between_words(text: str, place: int) -> bool:
    """Whether a sign has letters or digits on both sides, as in a file name."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _before_letter(text: str, place: int) -> bool:
    """Whether a Latin letter or a digit follows without a blank: 报告.docx."""
    after = text[place : place + 1]
    return after.isascii() and after.isalnum()


def _ranges(length: int, borders: list[int]) -> list[Range]:
    starts = [0, *borders]
    return [(start, end) for start, end in zip(starts, [*borders, length], strict=True) if start < end]


def _grouped(clauses: list[Range]) -> list[int]:
    """cut1: a border after every fourth clause; the last group takes the remainder."""
    starts = list(range(0, len(clauses), _PER_GROUP))[:-1]
    return [clauses[start][0] for start in starts[1:]]


def _fifty(clauses: list[Range]) -> list[int]:
    """cut2: a border where a group exceeds 50 characters; a shorter tail joins the group before it."""
    borders, start = [], 0
    for begin, end in clauses:
        if end - start > _PER_GROUP_CHARACTERS:
            borders.append(end)
            start = end
        del begin
    total = clauses[-1][1] if clauses else 0
    if (borders and borders[-1] == total) or (borders and total - borders[-1] < _PER_GROUP_CHARACTERS):
        borders.pop()
    return borders


def _method_borders(text: str, method: str, inside: Inside) -> list[int]:
    if method == "cut0":
        return []
    if method == "cut3":
        return _borders(text, frozenset("。"), inside)
    if method == "cut4":
        return _borders(text, frozenset("."), inside)
    if method == "cut5":
        return _borders(text, CUT5_SIGNS | {"；"}, inside)
    clauses = _ranges(len(text), _borders(text, SPLITTERS, inside))
    return _grouped(clauses) if method == "cut1" else _fifty(clauses)


def pieces(
    text: str,
    method: str,
    inside: Inside,
    breaks: list[int],
    silent: Callable[[Range], bool],
    word: WordAround = lambda place: (place, place),
) -> list[Range]:
    """Return the pieces of a text.

    Args:
        text: Text in the forms of ``typography`` and ``structure``.
        method: Code of a cutting method.
        inside: Whether a border lies inside one word.
        breaks: Places where a piece ends whatever the method.
        silent: Whether a range has nothing to say; such a range is dropped, or joins its neighbour.
        word: Where a long piece may be cut at worst: before or after a word.
    """
    lines = [match.end() for match in re.finditer("\n", text)]
    borders = sorted({*_method_borders(text, method, inside), *lines, *breaks})
    merged = _merged(text, _ranges(len(text), borders), frozenset(breaks), silent)
    return [part for piece in merged for part in _fitting(text, piece, inside, word)]


def _merged(text: str, ranges: list[Range], breaks: frozenset[int], silent: Callable[[Range], bool]) -> list[Range]:
    """Join neighbours until each has five characters; a short tail joins what stands before it."""
    result: list[Range] = []
    waiting: Range | None = None
    for start, end in ranges:
        if silent((start, end)):
            if end in breaks and waiting is not None:
                result.append(waiting)
                waiting = None
            continue
        joins = waiting is not None and waiting[1] not in breaks
        if waiting is not None and not joins:
            result.append(waiting)
        current = (waiting[0], end) if waiting is not None and joins else (start, end)
        if len(text[current[0] : current[1]].strip()) >= _SHORTEST:
            result.append(current)
            waiting = None
        else:
            waiting = current
    if waiting is None:
        return result
    if result and result[-1][1] not in breaks:
        result[-1] = (result[-1][0], waiting[1])
        return result
    return [*result, waiting]


def _fitting(text: str, piece: Range, inside: Inside, word: WordAround) -> Iterator[Range]:
    """Cut a piece that is too long for the text features: after a sign, else a blank, else between two words.

    A word that is too long alone is a piece of its own: none is read twice.
    """
    start, end = piece
    while end - start > LONGEST_PIECE:
        before, after = word(start + LONGEST_PIECE)
        place = _last_place(text, start, inside) or (before if before > start else after)
        if place >= end:
            break
        yield start, place
        start = place
    if start < end:
        yield start, end


def _last_place(text: str, start: int, inside: Inside) -> int:
    """Return the best place for a cut in what fits from a place on, 0 where there is none."""
    window = range(start + LONGEST_PIECE, start, -1)
    signs = (place for place in window if text[place - 1] in SPLITTERS and not inside(place))
    blanks = (place for place in window if text[place - 1] == " " and not inside(place))
    return next(signs, 0) or next(blanks, 0) or next((place for place in window if not inside(place)), 0)

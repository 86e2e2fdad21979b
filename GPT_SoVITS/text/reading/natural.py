"""From a text to passages: what is spoken in one go, as it is written and as it is said, by language.

The order is that of the package: characters, structure, spoken forms, cutting. Everything is decided on the whole
text, so that a number, a Han character or a dash is read by what stands around it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from GPT_SoVITS.text.cutting import SPLITTERS, get_first
from GPT_SoVITS.text.reading import cutting, structure, typography
from GPT_SoVITS.text.reading.dividing import Divider, Span
from GPT_SoVITS.text.reading.draft import Area, Draft, Edit, Edits
from GPT_SoVITS.text.reading.marks import MARKERS, Script
from GPT_SoVITS.text.reading.notation import parse
from GPT_SoVITS.text.reading.said import Said
from GPT_SoVITS.text.reading.scripts import HAN, HANGUL, KANA
from GPT_SoVITS.text.reading.spoken import addresses, keys, rules_for
from GPT_SoVITS.text.reading.spoken.said_as import LONG_NUMBER, digit_by_digit, said_as
from GPT_SoVITS.text.reading.unspoken import unspoken
from GPT_SoVITS.text.userdict import Pin

_RUN = re.compile(r"([!?…,.])[!?…,.]*(?:\s(?=[!?,.](?!\w)))?[!?…,.]+")
_SHORT_HEAD = 4
_SCRIPTS = ((re.compile(f"[{HAN}]"), "一"), (re.compile(f"[{KANA}]"), "あ"), (re.compile(f"[{HANGUL}]"), "한"))
_ENDS = SPLITTERS - {"~"}


@dataclass(frozen=True)
class Part:
    """A stretch of a passage for one front end.

    Attributes:
        language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue``.
        text: As it is written.
        spoken: As it is said, without digits and signs that nobody says.
        pins: Pronunciations that the notation gives, with their places in ``spoken``.
    """

    language: str
    text: str
    spoken: str
    pins: tuple[Pin, ...] = ()

    def led(self, sign: str) -> Part:
        """Return the part with a sign said before it."""
        pins = tuple(Pin(pin.start + len(sign), pin.end + len(sign), pin.tokens) for pin in self.pins)
        return Part(self.language, self.text, sign + self.spoken, pins)


@dataclass(frozen=True)
class Passage:
    """What is spoken in one go.

    Attributes:
        parts: Its stretches.
        pause: Seconds of silence after it; None leaves it to the request.
        rate: Its pace, 1 as the request has it.
        lead: Seconds of silence before it.
    """

    parts: tuple[Part, ...]
    pause: float | None = None
    rate: float = 1.0
    lead: float = 0.0

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of it the front ends do not read."""
        return tuple(word for part in self.parts for word in unspoken(part.spoken, part.language, part.pins))

    @property
    def text(self) -> str:
        """The passage as it is written."""
        return "".join(part.text for part in self.parts)


def _is_inside(match: re.Match[str]) -> bool:
    """Whether Latin letters touch a run of signs on both sides: "Wait...what"."""
    around = match.string[match.start() - 1 : match.start()] + match.string[match.end() : match.end() + 1]
    return len(around) == 2 and around.isascii() and around.isalpha()


def _strongest(match: re.Match[str]) -> str:
    """Return the sign that a run of signs stands for: a question or an exclamation, else the first."""
    signs = [sign for sign in match[0] if not sign.isspace()]
    if len(signs) > 1 and set(signs) == {"."} and _is_inside(match):
        return "… "
    if signs == [".", ","]:  # the stop of an abbreviation
        return ".,"
    return signs[0] if signs[0] in "!?…" else next((sign for sign in signs if sign in "!?"), signs[0])


def prepared(text: str) -> str:
    """Return a text in one form of every character and without what only structures it."""
    text = typography.unify(structure.unescape_html(text))
    return structure.phrases(_RUN.sub(_strongest, structure.plain(text)))


class Natural:
    """The natural reading as far as the front ends. Threads may share it.

    Args:
        divider: Divides texts by language.
    """

    def __init__(self, divider: Divider | None = None) -> None:
        self._divider = divider or Divider()

    def passages(self, text: str, language: str, how_to_cut: str) -> list[Passage]:
        """Return the passages of a text, none when nothing in it can be said.

        Args:
            text: What is to be read, in plain text with the notation, or SSML.
            language: Code of a text language.
            how_to_cut: Code of a cutting method.

        Raises:
            MarkupError: the text is SSML that cannot be read.
        """
        script = parse(text, prepared)
        text = script.text
        draft = Draft(text)
        draft.edit(script.edits)
        draft.edit(addresses.edits(text))
        draft.edit(keys.edits(text))
        found = draft.edits()
        spans = self._divider.divide(_as_letters(text, found, script), language)
        _say_meanings(draft, spans, script)
        draft.edit(_long_numbers(text, spans))
        _apply_rules(draft, spans)
        edits = Edits(draft.edits())
        stop = "." if language == "en" else "。"
        composer = _Composer(text, edits, spans, script)
        ranges = cutting.pieces(text, how_to_cut, edits.covers, script.breaks, composer.is_silent, edits.around)
        if not ranges:
            return []
        sounds = [composer.first_sound(start, end) for start, end in ranges]
        passages = [
            replace(composer.passage(start, end, stop), pause=script.pause_within(sound, following))
            for (start, end), sound, following in zip(ranges, sounds, [*sounds[1:], len(text)], strict=True)
        ]
        # A pause belongs to what stands before it; before the first word nothing does.
        passages[0] = replace(passages[0], lead=script.pause_within(-1, sounds[0]) or 0.0)
        return _with_head(MARKERS.sub("", text), passages, stop)


def _as_letters(text: str, edits: Sequence[Edit], script: Script) -> str:
    """Return a text for the divider: an address is one English word, and words said instead have their own script."""
    marked = {edit.start for edit in script.edits}
    parts, done = [], 0
    for edit in edits:
        filler = _script_of(edit.spoken) if edit.start in marked else "a"
        if filler and text[edit.start : edit.end] != edit.spoken:
            parts += [text[done : edit.start], filler * (edit.end - edit.start)]
            done = edit.end
    return "".join([*parts, text[done:]])


def _script_of(words: str) -> str:
    """Return a letter of the script in which words are written, nothing for words without letters."""
    first = next(filter(str.isalpha, words), "")
    return "" if not first else next((letter for pattern, letter in _SCRIPTS if pattern.match(first)), "a")


def _say_meanings(draft: Draft, spans: Sequence[Span], script: Script) -> None:
    """Put in what say-as asks for, in the language that reads it."""
    if not script.meanings:
        return
    starts = [span.start for span in spans]
    texts = {edit.start: edit.spoken for edit in script.edits}
    draft.reword(
        {
            start: said_as(texts[start], meaning, spans[bisect_right(starts, start) - 1].language)
            for start, meaning in script.meanings.items()
        }
    )


def _long_numbers(text: str, spans: Sequence[Span]) -> Iterator[Edit]:
    starts = [span.start for span in spans]
    for match in LONG_NUMBER.finditer(text):
        yield from digit_by_digit(match, spans[bisect_right(starts, match.end() - 1) - 1].language)


def _apply_rules(draft: Draft, spans: Sequence[Span]) -> None:
    # English comes last: its signs are the context of the numbers that stand between Latin letters.
    languages = sorted({span.language for span in spans}, key=lambda language: (language == "en", language))
    owners = b"".join(bytes([languages.index(span.language)]) * (span.end - span.start) for span in spans)
    for own, language in enumerate(languages):
        draft.apply(rules_for(language), Area(owners, own) if len(languages) > 1 else None)


class _Composer:
    """Makes passages of ranges of a text."""

    def __init__(self, text: str, edits: Edits, spans: Sequence[Span], script: Script) -> None:
        self._text, self._edits, self._spans, self._script = text, edits, spans, script
        self._starts = [span.start for span in spans]

    def is_silent(self, piece: cutting.Range) -> bool:
        """Whether a range of the text has no letter and no digit, written or said."""
        start, end = piece
        if any(char.isalnum() for char in self._text[start:end]):
            return False
        return not any(char.isalnum() for edit in self._edits.within(start, end) for char in edit.spoken)

    def passage(self, start: int, end: int, stop: str) -> Passage:
        """Return what is said for ``text[start:end]``, with a sign at its end."""
        parts = _joined(self._parts(start, end))
        last, ending = parts[-1], parts[-1].spoken.rstrip()
        ending += stop if ending[-1:] not in _ENDS else ""
        parts[-1] = Part(last.language, last.text.rstrip(), ending, last.pins)
        return Passage(tuple(parts), rate=self._script.rate_at(start))

    def first_sound(self, start: int, end: int) -> int:
        """Return the place of the first letter or digit of a range, written or said."""
        said = (edit.start for edit in self._edits.within(start, end) if any(map(str.isalnum, edit.spoken)))
        written = (place for place in range(start, end) if self._text[place].isalnum())
        return min(next(said, end), next(written, end))

    def _parts(self, start: int, end: int) -> Iterator[Part]:
        """Yield the stretches: of every span, what is written and what is said; an edit belongs to where it begins."""
        place = start
        while place < end:
            span = self._spans[bisect_right(self._starts, place) - 1]
            stop = min(span.end, end)
            written, said = place, Said(apart=span.language == "en")
            for edit in self._edits.within(place, stop):
                said.add(self._text[place : edit.start])
                said.add(edit.spoken, self._script.pins.get(edit.start))
                place = edit.end
            said.add(self._text[place:stop])
            place = max(place, stop)
            yield Part(span.language, MARKERS.sub("", self._text[written:place]), said.text, tuple(said.pins))


def _joined(parts: Iterator[Part]) -> list[Part]:
    """Join neighbours of one language, and what says nothing to what stands before it."""
    result: list[Part] = []
    for part in parts:
        part = Part(part.language, part.text.replace("\n", " "), part.spoken.replace("\n", " "), part.pins)
        silent = not any(char.isalnum() for char in part.spoken)
        if result and (silent or result[-1].language == part.language):
            last = result.pop()
            part = _both(last, part, last.language)
        elif result and not any(char.isalnum() for char in result[-1].spoken):
            part = _both(result.pop(), part, part.language)
        result.append(part)
    return result


def _both(first: Part, second: Part, language: str) -> Part:
    shift = len(first.spoken)
    pins = tuple(Pin(pin.start + shift, pin.end + shift, pin.tokens) for pin in second.pins)
    return Part(language, first.text + second.text, first.spoken + second.spoken, first.pins + pins)


def _with_head(text: str, passages: list[Passage], stop: str) -> list[Passage]:
    """Put a stop before a text whose first clause is short, which steadies the models' first sounds."""
    first = passages[0]
    if text[:1] in SPLITTERS or len(get_first(text)) >= _SHORT_HEAD:
        return passages
    return [replace(first, parts=(first.parts[0].led(stop), *first.parts[1:])), *passages[1:]]


@cache
def _reading(*, cantonese: bool) -> Natural:
    return Natural(Divider(cantonese=cantonese))


def natural_passages(text: str, language: str, version: str, how_to_cut: str) -> list[Passage]:
    """Return the passages of a text for a model version; see :meth:`Natural.passages`."""
    return _reading(cantonese=version != "v1").passages(text, language, how_to_cut)

"""Text of one language to the phonemes of a symbol table.

Agrees with ``clean_text`` of the official ``text/cleaner.py``, and puts the user's pronunciations in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import LANGUAGES_BY_SYMBOLS, FrontEnd, Pronunciation, Speller, front_end
from GPT_SoVITS.text.reading.readings import MarkupError
from GPT_SoVITS.text.symbols import IDS, known, symbol_set
from GPT_SoVITS.text.userdict import Entries, Entry, Match, Matcher, Pin, UserDictionary, merged

FrontEnds = Callable[[str, str], FrontEnd]

# Signs of a Chinese text that turn every comma of it into a pause; only the first that occurs counts.
_PAUSE_SIGNS = (("￥", "SP2"), ("^", "SP3"))
_FEWEST_ENGLISH_PHONES = 4
_ALIGNED = ("zh", "yue")
# Texts of several languages have many short stretches, which come again and again.
_REMEMBERED_LENGTH = 12
_REMEMBERED_TEXTS = 8192

# Normalised text, phonemes and their numbers by character.
_Short = tuple[str, tuple[str, ...], "tuple[int, ...] | None"]


class Cleaner:
    """Turns text of one language into phonemes. Threads may share it.

    Args:
        dictionaries: The user's dictionaries; a later one wins over an earlier one.
        front_ends: Gives the front end of a language for a symbol set.
    """

    def __init__(self, dictionaries: Sequence[UserDictionary] = (), front_ends: FrontEnds = front_end) -> None:
        self._dictionaries = tuple(dictionaries)
        self._front_ends = front_ends
        self._lock = threading.Lock()
        self._matchers: dict[tuple[str, str], tuple[tuple[Entries, ...], Matcher | None]] = {}
        self._remembered = lru_cache(maxsize=_REMEMBERED_TEXTS)(self._read_short)

    def clean(
        self, text: str, language: str, version: str, pins: Sequence[Pin] = (), *, led: bool = True
    ) -> Pronunciation:
        """Return the normalised text and its phonemes, all of them symbols of the version.

        Args:
            text: Text of one language.
            language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue``. Any other, and one that the version does not speak,
                gives a single comma, as in the official program (the segmenter answers ``punctuation`` for such texts).
            version: Model version.
            pins: Pronunciations of places in the text; they win over those of the dictionaries.
            led: Put a comma before English of fewer than four phonemes, as the official program does.

        Raises:
            TextError: the front end cannot read the text; its subclasses say why.
        """
        symbols = symbol_set(version)
        if language not in LANGUAGES_BY_SYMBOLS[symbols]:
            language, text = "en", " "
        pause = next(((sign, symbol) for sign, symbol in _PAUSE_SIGNS if language == "zh" and sign in text), None)
        if pause is not None:
            spoken = self._pronounce(text.replace(pause[0], ","), language, symbols)
            phones = [pause[1] if phone == "," else phone for phone in spoken.phones]
            return Pronunciation(spoken.norm_text, known(phones, symbols), spoken.word2ph)
        spoken = self._pronounce(text, language, symbols, pins)
        phones = spoken.phones
        if led and language == "en" and len(phones) < _FEWEST_ENGLISH_PHONES:
            phones = [",", *phones]
        return Pronunciation(spoken.norm_text, known(phones, symbols), spoken.word2ph)

    def _pronounce(self, text: str, language: str, symbols: str, pins: Sequence[Pin] = ()) -> Pronunciation:
        reader = self._front_ends(language, symbols)
        matcher = self._matcher(language, symbols, reader)
        if not pins and len(text) <= _REMEMBERED_LENGTH:
            norm_text, phones, counts = self._remembered(text, language, symbols, matcher)
            return Pronunciation(norm_text, list(phones), None if counts is None else list(counts))
        return self._read(text, language, symbols, reader, matcher, pins)

    def _read_short(self, text: str, language: str, symbols: str, matcher: Matcher | None) -> _Short:
        spoken = self._read(text, language, symbols, self._front_ends(language, symbols), matcher, ())
        counts = None if spoken.word2ph is None else tuple(spoken.word2ph)
        return spoken.norm_text, tuple(spoken.phones), counts

    def _read(
        self, text: str, language: str, symbols: str, reader: FrontEnd, matcher: Matcher | None, pins: Sequence[Pin]
    ) -> Pronunciation:
        pinned = [match for pin in pins for match in _pinned(text, pin, language, symbols, reader)]
        if language in _ALIGNED:
            spoken = reader.pronounce(reader.normalise(text))
            _check_alignment(spoken, language)
            found = [] if matcher is None else matcher.find(spoken.norm_text)
            return _replaced(spoken, _without_overlaps(found, _moved(pinned, text, spoken.norm_text)))
        found = [] if matcher is None else matcher.find(text)
        return _spliced(text, reader, _without_overlaps(found, pinned))

    def _matcher(self, language: str, symbols: str, reader: FrontEnd) -> Matcher | None:
        layers = tuple(dictionary.entries() for dictionary in self._dictionaries)
        key = (language, symbols)
        with self._lock:
            built = self._matchers.get(key)
        if built is not None and all(former is now for former, now in zip(built[0], layers, strict=True)):
            return built[1]
        phones: dict[str, tuple[str, ...]] = {}
        for word, entry in merged(layers, language).items():
            found = _usable(word, entry, language, symbols, reader)
            if found is not None:
                phones[found[0]] = found[1]
        matcher = Matcher(phones) if phones else None
        with self._lock:
            self._matchers[key] = (layers, matcher)
        return matcher


def _check_alignment(spoken: Pronunciation, language: str) -> None:
    counts = spoken.word2ph
    if counts is None or len(counts) != len(spoken.norm_text) or sum(counts) != len(spoken.phones):
        raise TextError(
            f"the {language} front end aligned {len(spoken.phones)} phonemes to {len(spoken.norm_text)} characters "
            f"wrongly; report this text: {spoken.norm_text!r:.200}"
        )


def _usable(
    word: str, entry: Entry, language: str, symbols: str, reader: FrontEnd
) -> tuple[str, tuple[str, ...]] | None:
    """Return the word as normalised text has it, with its phonemes; None, and a warning, when it cannot be used."""
    try:
        phones = entry.phones
        if entry.syllables:
            phones = _spelled(entry.syllables, language, reader)
        strange = [phone for phone in phones if phone not in IDS[symbols]]
        if strange:
            raise TextError(f"{strange[0]!r} is no phoneme of {symbols} models")
        form = reader.normalise(word) if language in _ALIGNED else word
        if language in _ALIGNED and len(form) != len(word):
            raise TextError(f"it is read as {form!r}")
    except TextError as error:
        resources.say_once(
            f"user dictionary {language} {symbols} {word} {entry}",
            f"{f'user dictionary, line {entry.line}' if entry.line else 'marked word'}: {word!r} is not used: {error}",
        )
        return None
    return form, phones


def _spelled(syllables: Sequence[str], language: str, reader: FrontEnd) -> tuple[str, ...]:
    if not isinstance(reader, Speller):
        raise TextError(f"the {language} front end knows no syllables; give two phonemes for each character")
    return tuple(phone for syllable in syllables for phone in reader.spell(syllable))


def _pinned(text: str, pin: Pin, language: str, symbols: str, reader: FrontEnd) -> Iterator[Match]:
    """Yield the place of a marked word with its phonemes.

    Raises:
        MarkupError: a syllable is none of the language that reads the word.
    """
    word = text[pin.start : pin.end]
    for syllable in pin.tokens.syllables:
        _check_syllable(syllable, f"[{word}]{{{' '.join(pin.tokens.syllables)}}}", language, reader)
    usable = _usable(word, pin.tokens, language, symbols, reader)
    if usable is not None:
        yield Match(pin.start, pin.end, usable[1])


def _check_syllable(syllable: str, mark: str, language: str, reader: FrontEnd) -> None:
    try:
        _spelled((syllable,), language, reader)
    except TextError as error:
        raise MarkupError(f"{mark}: {syllable!r:.40} is no syllable of {language} ({error})") from error


def _moved(pins: Sequence[Match], text: str, norm_text: str) -> list[Match]:
    """Return the pins of a text at their places in its normalised form: the same occurrence of the same word."""
    moved = []
    for pin in pins:
        word = text[pin.start : pin.end]
        place = -1
        for _ in range(text.count(word, 0, pin.start) + 1):
            place = norm_text.find(word, place + 1)
        if place >= 0:
            moved.append(Match(place, place + len(word), pin.phones))
    return moved


def _without_overlaps(matches: Sequence[Match], pins: Sequence[Match]) -> list[Match]:
    """Return both from left to right; where they overlap, the pins."""
    kept = [match for match in matches if not any(match.start < pin.end and pin.start < match.end for pin in pins)]
    return sorted([*kept, *pins], key=lambda match: match.start)


def _replaced(spoken: Pronunciation, matches: Sequence[Match]) -> Pronunciation:
    """Put the user's phonemes in the place of those of the matched characters, two for each."""
    if not matches or spoken.word2ph is None:
        return spoken
    counts = list(spoken.word2ph)
    starts = [0]
    for count in counts:
        starts.append(starts[-1] + count)
    phones: list[str] = []
    done = 0
    for match in matches:
        phones += spoken.phones[starts[done] : starts[match.start]]
        phones += match.phones
        counts[match.start : match.end] = [2] * (match.end - match.start)
        done = match.end
    phones += spoken.phones[starts[done] :]
    return Pronunciation(spoken.norm_text, phones, counts)


def _spliced(text: str, reader: FrontEnd, matches: Sequence[Match]) -> Pronunciation:
    """Pronounce what stands between the user's words apart and put the words' phonemes between."""
    if not matches:
        return reader.pronounce(reader.normalise(text))
    norms: list[str] = []
    phones: list[str] = []
    done = 0
    for match in matches:
        _append(text[done : match.start], reader, norms, phones, inside=True)
        norms.append(text[match.start : match.end])
        phones += match.phones
        done = match.end
    _append(text[done:], reader, norms, phones, inside=False)
    return Pronunciation("".join(norms), phones, None)


def _append(text: str, reader: FrontEnd, norms: list[str], phones: list[str], *, inside: bool) -> None:
    if not text.strip():
        norms.append(text)
        return
    spoken = reader.pronounce(reader.normalise(text))
    found = spoken.phones
    if inside and found[-1:] == ["."] and not spoken.norm_text.rstrip().endswith((".", "。")):
        found = found[:-1]  # the Korean front end ends every text with a full stop, but this one goes on
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :]
    norms.append(before + spoken.norm_text.strip() + after)
    phones += found

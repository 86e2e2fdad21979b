"""The user's pronunciation dictionary: a text file that is checked line by line and read again when it changes.

Every line is ``language<TAB>word<TAB>pronunciation``; blank lines and lines that begin with ``#`` are left out::

    zh	重楼	chong2 lou2
    en	nginx	EH1 N JH AH0 N EH2 K S
    ja	初音	h a [ ts u n e
    ko	값	ㄱ ㅏ ㅂ
    yue	行	hong4

``zh`` and ``yue`` words are Han characters with one syllable each (pinyin, tones 1-5; jyutping, tones 1-6), or with two
phonemes each. Every other language, and these when there are two per character, is written in the phonemes of the
models' symbol table. A word counts in the stretches that its language's front end reads. In ``zh`` and ``yue`` it
replaces the phonemes of its characters and leaves the rest of the sentence as it was; in ``en``, ``ja`` and ``ko`` the
text before and after it is pronounced apart. The longest word at a place wins; letters match in either case, and
Latin words only as whole words.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import DictionaryError
from GPT_SoVITS.text.symbols import IDS

VARIABLE = "GPT_SOVITS_USER_DICTIONARY"
LANGUAGES = ("zh", "en", "ja", "ko", "yue")
FILE = "user_dictionary.tsv"
LARGEST_FILE = 4 * 2**20  # bytes
LONGEST_WORD = 64  # characters; bounds the time of a look-up
_SHOWN_PROBLEMS = 20

_HAN = re.compile("[\u4e00-\u9fff]+")
_SYLLABLE = {
    "zh": re.compile("[a-zü]+[1-5]"),
    "yue": re.compile("[a-z]+[1-6]"),
}


class EntryError(ValueError):
    """An entry of a dictionary cannot be used.

    Args:
        message: What was found and what was expected.
        field: ``language``, ``word`` or ``pronunciation``.
        code: Stable name, for programs and for words in other languages.
        params: What fills those words.
    """

    def __init__(self, message: str, field: str, *, code: str, **params: object) -> None:
        super().__init__(message)
        self.field, self.code, self.params = field, code, params


@dataclass(frozen=True)
class Entry:
    """How one word is pronounced.

    Attributes:
        syllables: One romanised syllable per character, or empty.
        phones: Phonemes of the symbol table, or empty when syllables are given.
        line: Where it stands in its file.
    """

    syllables: tuple[str, ...]
    phones: tuple[str, ...]
    line: int


# language -> word -> entry
Entries = Mapping[str, Mapping[str, Entry]]


def _pronunciation(language: str, word: str, tokens: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (syllables, phones) of which one is empty.

    Raises:
        EntryError: with what is wrong about the tokens.
    """
    known = IDS["v2"]
    if language in _SYLLABLE:
        if len(tokens) == len(word):
            _check_syllables(language, tokens)
            return tokens, ()
        if len(tokens) != 2 * len(word):
            raise EntryError(
                f"{word!r} has {len(word)} characters, which need {len(word)} syllables or {2 * len(word)} phonemes, "
                f"but {len(tokens)} are given",
                "pronunciation",
                code="dictionary_count",
                word=word,
                syllables=len(word),
                phonemes=2 * len(word),
                found=len(tokens),
            )
    wrong = [token for token in tokens if token not in known]
    if wrong:
        raise EntryError(
            f"{wrong[0]!r:.40} is no phoneme of the symbol table",
            "pronunciation",
            code="dictionary_phoneme",
            found=wrong[0],
        )
    return (), tokens


def _check_syllables(language: str, tokens: tuple[str, ...]) -> None:
    wrong = [token for token in tokens if not _SYLLABLE[language].fullmatch(token)]
    if wrong and language == "zh":
        message = f"{wrong[0]!r:.40} is no syllable in pinyin with tones 1-5"
        raise EntryError(message, "pronunciation", code="dictionary_pinyin", found=wrong[0])
    if wrong:
        message = f"{wrong[0]!r:.40} is no syllable in jyutping with tones 1-6"
        raise EntryError(message, "pronunciation", code="dictionary_jyutping", found=wrong[0])


def entry(language: str, word: str, pronunciation: str, line: int = 0) -> Entry:
    """Return the entry of a word, checked.

    Args:
        language: One of :data:`LANGUAGES`.
        word: Without blanks around it.
        pronunciation: Syllables or phonemes with blanks between them.
        line: Where it stands in its file.

    Raises:
        EntryError: a field cannot be used.
    """
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        message = f"{language!r:.40} is none of the languages {known}"
        raise EntryError(message, "language", code="dictionary_language", found=language, known=known)
    if not word or not word.isprintable():
        message = "the word is empty or has signs that cannot be seen, such as a tab"
        raise EntryError(message, "word", code="dictionary_word")
    if len(word) > LONGEST_WORD:
        message = f"the word has {len(word)} characters, more than {LONGEST_WORD}"
        raise EntryError(message, "word", code="dictionary_word_long", found=len(word), limit=LONGEST_WORD)
    if language in _SYLLABLE and not _HAN.fullmatch(word):
        message = f"{word!r} is not of Han characters only; enter words in Latin letters under en"
        raise EntryError(message, "word", code="dictionary_not_han", word=word)
    tokens = tuple(pronunciation.split())
    if not tokens:
        raise EntryError("the pronunciation is empty", "pronunciation", code="dictionary_pronunciation")
    syllables, phones = _pronunciation(language, word, tokens)
    return Entry(syllables, phones, line)


def _entry(line: str, number: int) -> tuple[str, str, Entry]:
    fields = [part.strip() for part in line.split("\t")]
    if len(fields) != 3 or not all(fields):
        raise ValueError("expected language, word and pronunciation with a tab between them")
    language, word, pronunciation = fields
    return language, word, entry(language, word, pronunciation, number)


def parse(text: str, name: str = "user dictionary") -> Entries:
    """Return the entries of a dictionary.

    Args:
        text: The content of the file.
        name: How error messages call it.

    Raises:
        DictionaryError: lines cannot be used; the message names the first twenty with their numbers.
    """
    entries: dict[str, dict[str, Entry]] = {language: {} for language in LANGUAGES}
    problems: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        problem = _add(entries, line, number)
        if problem:
            problems.append(f"line {number}: {problem}")
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        shown = [*problems[:_SHOWN_PROBLEMS], *([f"and {more} more lines"] if more > 0 else [])]
        raise DictionaryError(f"{name}: " + "; ".join(shown))
    return entries


def _add(entries: dict[str, dict[str, Entry]], line: str, number: int) -> str:
    """Add a line's entry and return an empty string, or what is wrong with the line."""
    try:
        language, word, found = _entry(line, number)
    except ValueError as error:
        return str(error)
    earlier = entries[language].get(word)
    if earlier is not None:
        return f"{word!r} stands in line {earlier.line} already"
    entries[language][word] = found
    return ""


def read(path: Path) -> Entries:
    """Return the entries of a dictionary file (UTF-8, at most 4 MiB).

    Raises:
        DictionaryError: it cannot be read, is too large, is not UTF-8, or has lines that cannot be used.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise DictionaryError(f"{path.name}: has {size} bytes, more than the {LARGEST_FILE} that are read")
        content = path.read_bytes()
    except OSError as error:
        raise DictionaryError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DictionaryError(f"{path.name}: line {line}: is not UTF-8; save the file as UTF-8") from error
    return parse(text, path.name)


class UserDictionary:
    """A dictionary file that is read again when it changes. Threads may share it.

    A missing file is an empty dictionary. When a change makes the file invalid, the entries before it stay in use and
    the log says why, once for each change.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._entries: Entries = {}

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        # A file that took the place of another one within a tick of the clock has another number.
        return status.st_mtime_ns, status.st_size, status.st_ino

    def entries(self) -> Entries:
        """Return the entries as the file has them now; the same object as long as it does not change."""
        stamp = self._stamp()
        with self._lock:
            if stamp != self._seen:
                self._seen = stamp
                self._load(stamp)
            return self._entries

    def _load(self, stamp: tuple[int, int, int] | None) -> None:
        if stamp is None:
            self._entries = {}
            return
        try:
            self._entries = read(self._path)
        except DictionaryError as error:
            kept = "its former entries stay in use" if self._entries else "it is not used"
            resources.say_once(f"user dictionary {self._path} {stamp}", f"{error}; {kept} until the file is corrected")


def installation_dictionary() -> UserDictionary:
    """Return the dictionary of the installation.

    Its file is the one that ``GPT_SOVITS_USER_DICTIONARY`` names, or ``user_dictionary.tsv`` in the first folder of
    text resources that has it.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else resources.find("user_dictionary")
    return UserDictionary(path or resources.folders()[0] / FILE)


def voice_dictionary(reference: str) -> UserDictionary | None:
    """Return the dictionary of a voice, a ``user_dictionary.tsv`` beside its reference audio; None without one."""
    path = Path(reference).parent / FILE
    return UserDictionary(path) if path.is_file() else None


def save(path: Path, text: str) -> Entries:
    """Check the content of a dictionary and put it in the place of the file, whole or not at all.

    Raises:
        DictionaryError: lines cannot be used, or it is over 4 MiB; the file stays as it was.
    """
    content = text.encode("utf-8", "replace")
    if len(content) > LARGEST_FILE:
        raise DictionaryError(f"{path.name}: has {len(content)} bytes, more than the {LARGEST_FILE} that are read")
    entries = parse(text, path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        written.write_bytes(content)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
    return entries


def _folded(text: str) -> str:
    """Lower case that keeps every character's place."""
    return "".join(lower if len(lower := char.lower()) == 1 else char for char in text)


@dataclass(frozen=True)
class Match:
    """A dictionary word in a text: ``text[start:end]``."""

    start: int
    end: int
    phones: tuple[str, ...]


@dataclass(frozen=True)
class Pin:
    """``text[start:end]`` is pronounced as an entry says, whatever the dictionaries have."""

    start: int
    end: int
    tokens: Entry


@dataclass(eq=False)
class Matcher:
    """Finds words in texts, in time linear in the text.

    Args:
        phones: Phonemes by word. Words that begin or end with a Latin letter or digit match only where no other one
            adjoins.
    """

    phones: dict[str, tuple[str, ...]]
    _lengths: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.phones = {_folded(word): phones for word, phones in self.phones.items()}
        lengths: dict[str, set[int]] = {}
        for word in self.phones:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def find(self, text: str) -> list[Match]:
        """Return the words in a text from left to right, the longest at each place, without overlaps."""
        folded = _folded(text)
        matches: list[Match] = []
        position = 0
        while position < len(folded):
            end = self._end(folded, position)
            if end:
                matches.append(Match(position, end, self.phones[folded[position:end]]))
            position = end or position + 1
        return matches

    def _end(self, text: str, start: int) -> int:
        for length in self._lengths.get(text[start], ()):
            end = start + length
            if text[start:end] in self.phones and not (_joins(text, start) or _joins(text, end)):
                return end
        return 0


def _joins(text: str, border: int) -> bool:
    """Whether Latin letters or digits stand on both sides of a border."""
    around = text[border - 1 : border + 1] if border else ""
    return len(around) == 2 and around.isascii() and around.isalnum()


def merged(layers: Iterable[Entries], language: str) -> dict[str, Entry]:
    """Return the words of a language; a later layer (the voice) wins over an earlier one (the installation)."""
    words: dict[str, Entry] = {}
    for layer in layers:
        words.update(layer.get(language, {}))
    return words

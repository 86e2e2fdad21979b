"""Dictionaries as files, which the engine reads again when they change: checked word by word, replaced whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.locks import locked
from GPT_SoVITS.text import userdict
from GPT_SoVITS.text.errors import DictionaryError
from GPT_SoVITS.text.userdict import EntryError
from service.errors import ConflictError, FieldsError
from service.voices.records import Voice
from service.voices.store import VoiceStore
from service.words import Said, said, told_by


@dataclass(frozen=True)
class Word:
    """How one word is pronounced.

    Attributes:
        language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue``.
        word: The word.
        pronunciation: Syllables or phonemes with blanks between them.
    """

    language: str
    word: str
    pronunciation: str


@dataclass(frozen=True)
class Dictionary:
    """A dictionary as it was read.

    Attributes:
        words: In the order of the file.
        revision: Changes with the file.
    """

    words: tuple[Word, ...]
    revision: str


class Dictionaries:
    """The dictionary of the installation and those of voices. Every method blocks.

    Args:
        installation: File of the installation's; need not exist.
        voices: Whose folders have those of voices.
        lock: Held while the installation's is replaced.
    """

    def __init__(self, installation: Path, voices: VoiceStore, lock: Path) -> None:
        self._installation, self._voices, self._lock = installation, voices, lock

    def of_all(self) -> Dictionary:
        """Return the installation's.

        Raises:
            ConflictError: its file was edited into something that cannot be used.
        """
        return _read(self._installation)

    def of_voice(self, model_id: str) -> Dictionary:
        """Return a voice's; empty where it has none.

        Raises:
            MissingError: there is no such voice.
            ConflictError: see :meth:`of_all`.
        """
        return _read(self._of(self._voices.find(model_id)))

    def replace(self, words: Sequence[Word], revision: str | None = None) -> Dictionary:
        """Replace the installation's, whole or not at all.

        Args:
            words: All that it is to have.
            revision: What the change is based on; None replaces whatever is there.

        Raises:
            FieldsError: words cannot be used; it names each.
            ConflictError: it was changed since that revision.
        """
        with locked(self._lock):
            return _replaced(self._installation, words, revision)

    def replace_of_voice(self, model_id: str, words: Sequence[Word], revision: str | None = None) -> Dictionary:
        """Replace a voice's, see :meth:`replace`.

        Raises:
            MissingError: there is no such voice.
        """
        self._voices.find(model_id)
        with self._voices.folders.alone(model_id):
            voice = self._voices.find(model_id)  # still
            replaced = _replaced(self._of(voice), words, revision)
            self._voices.keep(model_id, userdict.FILE)
            return replaced

    def _of(self, voice: Voice) -> Path:
        return self._voices.folders.beside(voice.model_id, userdict.FILE, voice.marks)


def _revision(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""


def _read(path: Path) -> Dictionary:
    revision = _revision(path)
    if not revision:
        return Dictionary((), "")
    try:
        entries = userdict.read(path)
    except DictionaryError as error:
        raise ConflictError("dictionary_unreadable", detail=error) from error
    found = [
        (entry.line, Word(language, word, " ".join(entry.syllables or entry.phones)))
        for language, words in entries.items()
        for word, entry in words.items()
    ]
    return Dictionary(tuple(word for _, word in sorted(found, key=lambda each: each[0])), revision)


def _replaced(path: Path, words: Sequence[Word], revision: str | None) -> Dictionary:
    words = [Word(each.language, each.word.strip(), " ".join(each.pronunciation.split())) for each in words]
    if problems := list(_problems(words)):
        raise FieldsError("dictionary_entries", problems, found=len({where for where, _ in problems}))
    if revision is not None and revision != _revision(path):
        raise ConflictError("dictionary_changed")
    if words:
        userdict.save(path, "".join(f"{each.language}\t{each.word}\t{each.pronunciation}\n" for each in words))
    else:
        path.unlink(missing_ok=True)
    return _read(path)


def _problems(words: Sequence[Word]) -> Iterator[tuple[str, Said]]:
    """Yield the place of each field that is wrong, and what is wrong with it."""
    places: dict[tuple[str, str], int] = {}
    for number, each in enumerate(words):
        try:
            userdict.entry(each.language, each.word, each.pronunciation)
        except EntryError as error:
            yield f"entries.{number}.{error.field}", told_by(error)
            continue
        place = places.setdefault((each.language, each.word), number)
        if place != number:
            yield f"entries.{number}.word", said("dictionary_repeated", word=each.word, place=place + 1)

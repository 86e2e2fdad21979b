"""Lists of what is said in recordings: read with a revision, changed by operations, written whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from convert.locks import locked
from GPT_SoVITS.dataset.labels.lists import ALIASES, clean_path
from service.datasets.sounds import joined, parted
from service.errors import ConflictError, MissingError, ParameterError, TooLargeError, size_text
from service.files.whole import write_whole

LANGUAGES = tuple(dict.fromkeys(ALIASES.values()))
MOST_BYTES = 32 << 20


@dataclass(frozen=True)
class Line:
    """A line of a list.

    Attributes:
        path: The recording, as the list names it.
        speaker: Who speaks.
        language: Code of the language.
        text: What is said.
        wrong: Why it is no line of a list: ``fields`` or ``language``; empty where it is one.
    """

    path: str
    speaker: str
    language: str
    text: str
    wrong: str = ""

    @classmethod
    def of(cls, text: str) -> Line:
        """Return what a line says; one that is none keeps its text."""
        parts = text.split("|")
        if len(parts) != 4:
            return cls("", "", "", text, "fields")
        given = parts[2].strip().lower()
        wrong = "" if given in ALIASES else "language"
        return cls(clean_path(parts[0]), parts[1], ALIASES.get(given, given), parts[3].strip(), wrong)

    def __str__(self) -> str:
        """The line as files have it."""
        if self.wrong == "fields":
            return self.text
        return "|".join((self.path, self.speaker, self.language.upper(), self.text))


@dataclass(frozen=True)
class Labels:
    """A list.

    Attributes:
        lines: In order.
        revision: Tells whether it is still the same.
    """

    lines: tuple[Line, ...]
    revision: str


@dataclass(frozen=True)
class Change:
    """One operation on a list. Numbers are places from 0, as the list is when the operation comes.

    Attributes:
        op: What is done: ``edit`` a line's fields, ``delete`` it, ``merge`` it with the next, ``split`` it in two.
        index: The line.
        speaker: New value; None keeps it.
        language: New value; None keeps it.
        text: New value; of ``split`` that of the first half.
        second: Of ``split``: seconds from the beginning of the recording.
        rest: Of ``split``: what is said in the second half.
    """

    op: Literal["edit", "delete", "merge", "split"]
    index: int
    speaker: str | None = None
    language: str | None = None
    text: str | None = None
    second: float | None = None
    rest: str | None = None


Find = Callable[[str], Path]
"""The path of a line's recording -> the file; raises what is wrong with it."""


def read(path: Path) -> Labels:
    """Read a list. Blocks.

    Raises:
        TooLargeError: it is larger than lists are.
        MissingError: there is none.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise TooLargeError("list_too_large", found=size_text(size), limit=size_text(MOST_BYTES))
        content = path.read_bytes()
    except FileNotFoundError:
        raise MissingError("file_missing", field="path", name=path.name) from None
    text = content.decode("utf-8-sig", "replace")
    lines = tuple(Line.of(line) for line in text.replace("\r\n", "\n").split("\n") if line.strip())
    return Labels(lines, _revision(content))


def change(path: Path, revision: str, changes: Sequence[Change], find: Find) -> Labels:
    """Change a list: all operations, one after the other, or none; new recordings come before the list that names them.

    Args:
        path: The list.
        revision: The one that the client has seen.
        changes: What to do.
        find: Finds recordings.

    Raises:
        ConflictError: somebody has changed it since.
        ParameterError: an operation cannot be done.
    """
    with locked(path.with_name(f".{path.name}.lock")):
        labels = read(path)
        _check_revision(labels, revision)
        lines = list(labels.lines)
        for each in changes:
            _apply(lines, each, find)
        return _written(path, lines)


def replace_all(path: Path, revision: str | None, lines: Sequence[Line]) -> Labels:
    """Write a list anew.

    Args:
        path: The list; made where it is missing.
        revision: The one that the client has seen; None where it has seen none.
        lines: All of them. A line that was none before may stay as it was.

    Raises:
        ConflictError: somebody has changed it since, or made it.
        ParameterError: a field has what divides fields, or a new line is none.
    """
    with locked(path.with_name(f".{path.name}.lock")):
        before: tuple[Line, ...] = ()
        if path.exists():
            labels = read(path)
            _check_revision(labels, revision)
            before = labels.lines
        elif revision is not None:
            raise ConflictError("list_changed", name="")
        wrong = {replace(line, wrong=""): line for line in before if line.wrong}
        return _written(path, [wrong.get(line) or checked(line) for line in lines])


def _check_revision(labels: Labels, revision: str | None) -> None:
    if labels.revision != revision:
        raise ConflictError("list_changed", name=labels.revision)


def _written(path: Path, lines: Sequence[Line]) -> Labels:
    content = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    if len(content) > MOST_BYTES:
        raise TooLargeError("list_too_large", found=size_text(len(content)), limit=size_text(MOST_BYTES))
    write_whole(path, [content], durable=True)
    return Labels(tuple(lines), _revision(content))


def _revision(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def checked(line: Line) -> Line:
    """Return a line with the code of its language; lists have ``EN`` and ``JP`` too.

    Raises:
        ParameterError: a field has what divides fields or lines, it names no recording, or its language is none.
    """
    language = ALIASES.get(line.language.strip().lower())
    if language is None:
        raise ParameterError("list_language", found=line.language, known=" ".join(LANGUAGES))
    if not line.path.strip():
        raise ParameterError("path_malformed", field="path")
    for name in ("path", "speaker", "language", "text"):
        value = getattr(line, name)
        if "|" in value or "\n" in value or "\r" in value or "\0" in value:
            raise ParameterError("list_divider", field=name)
    return replace(line, language=language, wrong="")


def _apply(lines: list[Line], each: Change, find: Find) -> None:
    needed = each.index + (2 if each.op == "merge" else 1)
    if not each.index >= 0 or needed > len(lines):
        raise ParameterError("list_index", index=each.index, found=len(lines))
    line = lines[each.index]
    if each.op == "delete":
        del lines[each.index]
    elif each.op == "edit":
        lines[each.index] = checked(_edited(line, each))
    elif each.op == "merge":
        other = lines[each.index + 1]
        sound = joined(find(line.path), find(other.path))
        text = each.text if each.text is not None else _together(line, other)
        lines[each.index : each.index + 2] = [
            checked(replace(_edited(line, each), path=_beside(line, sound), text=text))
        ]
    else:
        if each.second is None:
            raise ParameterError("split_needs_second")
        first, second = parted(find(line.path), each.second)
        edited = _edited(line, each)
        halves = (replace(edited, path=_beside(line, first)), replace(edited, path=_beside(line, second)))
        lines[each.index : each.index + 1] = [checked(halves[0]), checked(replace(halves[1], text=each.rest or ""))]


def _edited(line: Line, each: Change) -> Line:
    given = {name: getattr(each, name) for name in ("speaker", "language", "text")}
    return replace(line, **{name: value for name, value in given.items() if value is not None})


def _together(line: Line, other: Line) -> str:
    """Join texts; words of languages that divide them by spaces stay apart."""
    between = " " if line.language in ("en", "ko") else ""
    return f"{line.text}{between}{other.text}"


def _beside(line: Line, sound: Path) -> str:
    """Return the path of a new recording, named as the line names its own."""
    folder, slash, _ = line.path.replace("\\", "/").rpartition("/")
    return f"{folder}{slash}{sound.name}"

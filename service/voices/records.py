"""What is known of a voice, and what its fields may hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from GPT_SoVITS.text.languages import resolve_language
from service.categories.store import clean_line, clean_text
from service.errors import ParameterError

MALE, FEMALE = 1, 2
NAME_LENGTH, TEXT_LENGTH, DESCRIPTION_LENGTH, MAX_AUXILIARY = 100, 500, 2000, 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Voice:
    """A voice. Names of files are relative to its folder.

    Attributes:
        model_id: Its id, also the name of its folder.
        model_name: What people call it.
        description: Any text.
        gender: 1 male, 2 female.
        prompt_text: What is said in the reference.
        prompt_language: Code of that language.
        avatar: Picture; None for a voice without one.
        reference: What the engine hears.
        original: What was uploaded.
        auxiliary: More clips of the voice, for its timbre.
        gpt_path: GPT weights of its own, relative to the project or absolute.
        sovits_path: SoVITS weights of its own.
        report: Figures of the reference, see :mod:`service.voices.clips`.
        categories: Ids, in order.
        created_at: Unix seconds.
        updated_at: Unix seconds.
        marks: Name of a file -> its mark, see :mod:`service.files.carrier`; of files that are carried.
    """

    model_id: str
    model_name: str
    description: str
    gender: int
    prompt_text: str
    prompt_language: str
    avatar: str | None
    reference: str | None
    original: str | None
    auxiliary: tuple[str, ...]
    gpt_path: str | None
    sovits_path: str | None
    report: Mapping[str, Any] | None
    categories: tuple[str, ...]
    created_at: int
    updated_at: int
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Upload:
    """A file that a client sent.

    Attributes:
        field: Name of the field, for messages.
        content: Open at its beginning.
        cut: Seconds from and to which it is used; None uses all of it. Of a reference alone.
    """

    field: str
    content: BinaryIO
    cut: tuple[float, float] | None = None


@dataclass(frozen=True)
class Files:
    """Files of a voice that are to be stored; None leaves what is there."""

    avatar: Upload | None = None
    reference: Upload | None = None
    auxiliary: tuple[Upload, ...] | None = None


def check_id(model_id: str) -> str:
    """Return an id; it is refused where it is not in its alphabet, never rewritten into another.

    Raises:
        ParameterError: see above.
    """
    if not _ID.fullmatch(model_id):
        raise ParameterError("model_id_form")
    return model_id


def search_form(name: str) -> str:
    """Return a name as searches compare it: without case, width and composition."""
    return unicodedata.normalize("NFKC", name).casefold()


def _gender(value: Any) -> int:
    if value not in (MALE, FEMALE):
        raise ParameterError("gender_unknown")
    return int(value)


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "model_name": lambda value: clean_line(value, NAME_LENGTH, "model_name"),
    "description": lambda value: clean_text(value, DESCRIPTION_LENGTH, "description"),
    "gender": _gender,
    "prompt_text": lambda value: clean_text(value, TEXT_LENGTH, "prompt_text"),
    "prompt_language": lambda value: resolve_language(value or "all_zh", "v2"),
}


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a voice as they are stored; absent ones stay absent.

    Raises:
        ParameterError: a value is wrong.
        UnsupportedLanguageError: the language is none.
    """
    found = {name: check(fields[name]) for name, check in _CHECKS.items() if name in fields}
    if "model_name" in found:
        found["search_name"] = search_form(found["model_name"])
    return found

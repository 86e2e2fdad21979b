"""A voice as one zip file, to be taken to another installation."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from convert.locks import locked
from GPT_SoVITS.text import userdict
from GPT_SoVITS.text.errors import DictionaryError
from service.categories.store import NAME_LENGTH, clean_line
from service.errors import ParameterError, TooLargeError, size_text
from service.voices.records import MAX_AUXILIARY, Files, Upload, Voice
from service.voices.store import VoiceStore

FORMAT = "gpt-sovits-voice"
_RECORD = "voice.json"
_FIELDS = ("model_name", "description", "gender", "prompt_text", "prompt_language")
_MAX_ENTRIES = MAX_AUXILIARY + 8
_END_BYTES = 22 + 65_535
"""The end record of a zip file and its longest comment."""
_MAX_RECORD = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def exported(store: VoiceStore, model_id: str, category_names: Mapping[str, str]) -> bytes:
    """Return a voice as a zip file.

    Args:
        store: Of voices.
        model_id: Which.
        category_names: Names of categories by id.

    Raises:
        MissingError: there is no such voice.
    """
    with store.folders.alone(model_id), locked(store.folders.audio / ".lock", shared=True):
        voice = store.find(model_id)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            record = _record(voice, category_names)
            archive.writestr(_RECORD, json.dumps(record, ensure_ascii=False, indent=2))
            for name in filter(None, (voice.avatar, voice.original or voice.reference, *voice.auxiliary)):
                archive.write(store.folders.file(model_id, name, voice.marks), PurePosixPath(name).name)
            words = store.folders.beside(model_id, userdict.FILE, voice.marks)
            if words.is_file():
                archive.write(words, userdict.FILE)
    return stream.getvalue()


def _record(voice: Voice, category_names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": 1,
        "model_id": voice.model_id,
        **{name: getattr(voice, name) for name in _FIELDS},
        "created_at": voice.created_at,
        "categories": [
            {"category_id": each, "category_name": category_names.get(each, each)} for each in voice.categories
        ],
        "avatar": voice.avatar,
        "reference": voice.original or voice.reference,
        "auxiliary": list(voice.auxiliary),
        "weights": {"gpt": voice.gpt_path, "sovits": voice.sovits_path},
    }


def _refuse_crowd(content: BinaryIO) -> None:
    """Refuse a list of millions of entries before it is read into memory."""
    size = content.seek(0, 2)
    content.seek(max(0, size - _END_BYTES))
    tail = content.read(_END_BYTES)
    content.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise ParameterError("archive_damaged")
    count, list_bytes = struct.unpack_from("<HI", tail, at + 10)
    if count > _MAX_ENTRIES or list_bytes > _MAX_ENTRIES * 512 or b"PK\x06\x07" in tail[max(0, at - 64) : at]:
        raise ParameterError("archive_crowded", limit=_MAX_ENTRIES)


class Archive:
    """A voice in a zip file that somebody sent. Nothing is unpacked to disk under a name from within.

    Args:
        content: The file.
        limit: Bytes of everything in it, unpacked.

    Raises:
        ParameterError: it is no archive of a voice.
        TooLargeError: it unfolds into more than its limit.
    """

    def __init__(self, content: BinaryIO, limit: int) -> None:
        self._left = limit
        self._limit = limit
        _refuse_crowd(content)
        try:
            self._zip = zipfile.ZipFile(content)
            entries = self._zip.infolist()
        except _UNREADABLE:
            raise ParameterError("archive_damaged") from None
        if len(entries) > _MAX_ENTRIES:
            raise ParameterError("archive_crowded", limit=_MAX_ENTRIES)
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) < len(entries):
            raise ParameterError("archive_repeats")
        try:
            self.record = json.loads(self._read(_RECORD, _MAX_RECORD))
        except (ValueError, RecursionError):
            raise ParameterError("archive_not_json", name=_RECORD) from None
        if not isinstance(self.record, dict) or self.record.get("format") != FORMAT:
            raise ParameterError("archive_foreign", name=_RECORD, expected=FORMAT)

    @property
    def model_id(self) -> str:
        """The voice's id where it came from."""
        return self._text("model_id")

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields; checked where they are stored."""
        found = {name: self._text(name) for name in _FIELDS if name != "gender"}
        return {**found, "gender": self.record.get("gender")}

    @property
    def weights(self) -> dict[str, str | None]:
        """Paths of its own weights where it came from."""
        found = self.record.get("weights")
        paths = found if isinstance(found, dict) else {}
        return {
            f"{kind}_path": path if isinstance(path := paths.get(kind), str) else None for kind in ("gpt", "sovits")
        }

    @property
    def categories(self) -> list[tuple[str, str]]:
        """Ids and names of its categories.

        Raises:
            ParameterError: a name cannot be one.
        """
        found = self.record.get("categories")
        records = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        pairs = [(each.get("category_id"), each.get("category_name")) for each in records[:100]]
        named = [(key, name) for key, name in pairs if isinstance(key, str) and isinstance(name, str)]
        return [(key, clean_line(name, NAME_LENGTH, "category_name")) for key, name in named]

    def files(self) -> Files:
        """Return its files, to be checked like any upload."""
        auxiliary = self.record.get("auxiliary")
        names = auxiliary if isinstance(auxiliary, list) else []
        reference = self._upload("reference", self.record.get("reference"))
        if reference is None:
            raise ParameterError("archive_without_reference")
        return Files(
            avatar=self._upload("avatar", self.record.get("avatar")),
            reference=reference,
            auxiliary=tuple(upload for name in names if (upload := self._upload("auxiliary", name))) or None,
        )

    @property
    def dictionary(self) -> str | None:
        """Its pronunciations, as their file has them; None where it has none.

        Raises:
            ParameterError: they cannot be used.
        """
        if userdict.FILE not in self._entries:
            return None
        content = self._read(userdict.FILE, userdict.LARGEST_FILE)
        try:
            text = content.decode("utf-8-sig")
            userdict.parse(text, userdict.FILE)
        except (UnicodeDecodeError, DictionaryError) as error:
            raise ParameterError("archive_dictionary", name=userdict.FILE, detail=error) from None
        return text

    def _text(self, name: str) -> str:
        value = self.record.get(name, "")
        if not isinstance(value, str):
            raise ParameterError("archive_not_text", field=name, name=_RECORD)
        return value

    def _upload(self, field: str, name: Any) -> Upload | None:
        if name is None:
            return None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ParameterError("archive_name", field=field, name=_RECORD)
        return Upload(field, io.BytesIO(self._read(name, self._left)))

    def _read(self, name: str, limit: int) -> bytes:
        """Unpack an entry, as far as the limit: sizes that an archive states are only claims."""
        entry = self._entries.get(name)
        if entry is None:
            raise ParameterError("archive_lacks", name=name)
        allowed = min(limit, self._left)
        try:
            with self._zip.open(entry) as stream:
                content = stream.read(allowed + 1)
        except _UNREADABLE:
            raise ParameterError("archive_entry_damaged", name=name) from None
        if len(content) > allowed:
            if allowed == limit < self._limit:
                raise TooLargeError("archive_entry_too_large", name=name, limit=size_text(limit))
            raise TooLargeError("archive_too_large", limit=size_text(self._limit))
        self._left -= len(content)
        return content

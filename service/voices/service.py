"""Voices together with what they need of other parts: categories for their archives, weights of their own."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from GPT_SoVITS.text import userdict
from service.categories.store import CategoryStore
from service.errors import MissingError, ParameterError, ServiceError
from service.voices.archive import Archive, exported
from service.voices.clips import judged
from service.voices.records import Files, Upload, Voice, check_id
from service.voices.store import VoiceStore


class Voices:
    """What routes do with voices. Every method blocks.

    Args:
        store: Of voices.
        categories: Of categories.
        archive_limit: Bytes of an archive, packed and unpacked.
    """

    def __init__(self, store: VoiceStore, categories: CategoryStore, archive_limit: int) -> None:
        self.store, self._categories, self._archive_limit = store, categories, archive_limit

    def exported(self, model_id: str) -> bytes:
        """Return a voice as a zip file.

        Raises:
            MissingError: there is no such voice.
        """
        names = {category.category_id: category.category_name for category in self._categories.all()}
        return exported(self.store, model_id, names)

    def change(
        self,
        model_id: str,
        fields: Mapping[str, Any],
        files: Files,
        categories: Iterable[str] | None = None,
        keep: Iterable[str] | None = None,
    ) -> Voice:
        """As :meth:`VoiceStore.change`, and some of the auxiliary clips may stay.

        Args:
            model_id: Whose.
            fields: What is changed, by name.
            files: New files; its auxiliary clips come after those that stay.
            categories: New ones; None keeps those that it has.
            keep: Names or addresses of the auxiliary clips that stay, the others go; None leaves it to ``files``.

        Raises:
            ParameterError: the voice has no such clip, or see there.
        """
        if keep is None:
            return self.store.change(model_id, fields, files, categories)
        with ExitStack() as opened:
            kept = [self._kept(model_id, each, opened) for each in keep]
            files = replace(files, auxiliary=(*kept, *(files.auxiliary or ())))
            return self.store.change(model_id, fields, files, categories)

    def _kept(self, model_id: str, address: str, opened: ExitStack) -> Upload:
        voice, name = self.store.find(model_id), PurePosixPath(urlsplit(address).path).name
        try:
            if name in voice.auxiliary:
                return Upload("keep_aux_refer_wavs", opened.enter_context(self._file(voice, name).open("rb")))
        except FileNotFoundError:  # replaced a moment ago
            pass
        known = ", ".join(voice.auxiliary) or "-"
        raise ParameterError("clip_unknown", field="keep_aux_refer_wavs", name=address, known=known)

    def clips(self, model_id: str) -> dict[str, dict[str, Any]]:
        """Return the verdict on every auxiliary clip of a voice, by its name.

        Raises:
            MissingError: there is no such voice.
        """
        voice = self.store.find(model_id)
        found = {}
        for name in voice.auxiliary:
            with suppress(FileNotFoundError):  # replaced a moment ago
                found[name] = judged(self._file(voice, name))
        return found

    def _file(self, voice: Voice, name: str) -> Path:
        return self.store.folders.file(voice.model_id, name, voice.marks)

    def imported_bytes(self, content: bytes, model_id: str | None = None) -> Voice:
        """As :meth:`imported`, from memory."""
        return self.imported(io.BytesIO(content), model_id)

    def imported(self, content: BinaryIO, model_id: str | None = None) -> Voice:
        """Make a voice from a zip file; everything in it is checked like an upload.

        Categories that do not exist are made; weights that are not installed here are left out.

        Args:
            content: The archive.
            model_id: Id here; None takes the archive's.

        Raises:
            ParameterError: it is no archive of a voice, or something in it is wrong.
            ConflictError: the id is taken.
            TooLargeError: it, or a file in it, is over its limit.
        """
        archive = Archive(content, self._archive_limit)
        chosen = check_id(archive.model_id if model_id is None else model_id)
        self.store.refuse_taken(chosen)
        fields = {**archive.fields, **self._installed(archive.weights)}
        categories, files, words = archive.categories, archive.files(), archive.dictionary
        voice = self.store.create(chosen, fields, files)
        try:
            if words is not None:
                with self.store.folders.alone(chosen):
                    userdict.save(self.store.folders.of(chosen) / userdict.FILE, words)
                    self.store.keep(chosen, userdict.FILE)
            known = [self._category(*pair) for pair in categories]
            return self.store.set_categories(chosen, known) if known else voice
        except BaseException:
            self.store.remove(chosen, force=True)
            raise

    def _installed(self, weights: dict[str, str | None]) -> dict[str, str | None]:
        return {name: self._here(path, name) if path else None for name, path in weights.items()}

    def _here(self, path: str, name: str) -> str | None:
        try:
            return self.store.weights(path, name)
        except (MissingError, ParameterError):
            return None

    def _category(self, category_id: str, name: str) -> str:
        """Return the id here of a category from elsewhere: the same id, else the same name, else a new one."""
        known = self._categories.all()
        if any(category.category_id == category_id for category in known):
            return category_id
        if same := next((category for category in known if category.category_name == name.strip()), None):
            return same.category_id
        try:
            return self._categories.create(name, category_id).category_id
        except ServiceError:
            return self._categories.create(name).category_id

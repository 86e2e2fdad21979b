"""Voices and reference files as synthesis needs them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.text import userdict
from service.container import Container
from service.errors import MissingError
from service.files.carrier import FileCarrier
from service.paths import confined
from service.starter import is_starter
from service.synthesis.requests import DEFAULT_PROMPT_LANGUAGE, Speaker
from service.voices.folders import VoiceFolders
from service.voices.models import VoiceRow
from service.voices.store import MARKS


class StoredSpeakers:
    """Stored voices and their reference audio, read from the voices' table and folder.

    Args:
        container: Database, folders and settings.
    """

    def __init__(self, container: Container) -> None:
        self._container = container

    @property
    def default_reading(self) -> str:
        """The reading of requests that name none."""
        return self._container.settings.default_reading

    def speaker(self, model_id: str) -> Speaker:
        """Return a voice. Blocks.

        Raises:
            MissingError: there is no such voice, or it has no reference audio, or that is lost.
            StorageAwayError: its audio cannot be brought now.
        """
        with self._container.database.reading() as session:
            row = session.scalar(select(VoiceRow).where(VoiceRow.model_id == model_id))
        if row is None:
            raise MissingError("voice_missing", model_id=model_id)
        if row.reference is None:
            raise MissingError("voice_without_reference", model_id=model_id)
        self._bring_words(row)
        return Speaker(
            path=self._file(row, row.reference),
            text=row.prompt_text,
            language=row.prompt_language or DEFAULT_PROMPT_LANGUAGE,
            auxiliary=tuple(self._file(row, name) for name in row.auxiliary),
            weights=self._weights(row),
            name=row.model_name,
        )

    def _folders(self) -> VoiceFolders:
        return VoiceFolders(self._container.folders.audio, self._container.get(FileCarrier))

    def _file(self, row: VoiceRow, name: str) -> str:
        return str(self._folders().file(row.model_id, name, row.extra.get(MARKS, {})))

    def _bring_words(self, row: VoiceRow) -> None:
        """Let the voice's dictionary be here: the engine looks for it beside the clip."""
        self._folders().beside(row.model_id, userdict.FILE, row.extra.get(MARKS, {}))

    def bring(self, path: str) -> None:
        """Let a clip of a stored voice, and its dictionary, be here that another process names. Blocks.

        It lies at the same path there.

        Raises:
            FileLostError, StorageAwayError: it cannot be brought.
        """
        parts = Path(path).parts[-2:]
        if len(parts) < 2 or Path(path) != self._container.folders.audio.joinpath(*parts):
            return
        with self._container.database.reading() as session:
            row = session.scalar(select(VoiceRow).where(VoiceRow.model_id == parts[0]))
        if row is not None and parts[1] in row.extra.get(MARKS, {}):
            self._bring_words(row)
            self._file(row, parts[1])

    def _weights(self, row: VoiceRow) -> WeightsPair | None:
        """Return a voice's own weights; a half that it lacks is the current one.

        Other weights take the place of those that come with the program for their own voices too.
        """
        if row.gpt_path is None and row.sovits_path is None:
            return None
        current = self._container.engine.status().current
        gpt = row.gpt_path or (current.weights.gpt if current else None)
        sovits = row.sovits_path or (current.weights.sovits if current else None)
        if gpt is None or sovits is None:
            raise MissingError("voice_half_weights", model_id=row.model_id)
        settings = self._container.settings
        own = WeightsPair(str(settings.root / gpt), str(settings.root / sovits))
        aside = not settings.starter or (current is not None and not is_starter(current.weights))
        return None if aside and is_starter(own) else own

    def confined(self, path: str) -> Path:
        """Return the reference audio that a client's path names. Blocks.

        Raises:
            ParameterError: it lies outside the allowed folders.
            MissingError: there is no such file.
        """
        settings = self._container.settings
        return confined(
            path,
            settings.audio_places,
            settings.root,
            "the path of the reference audio",
            also_from=Path.cwd(),
            outside="audio_path_outside",
        )

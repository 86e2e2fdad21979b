"""Voices and reference files as synthesis needs them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from GPT_SoVITS.engine.messages import WeightsPair
from service.container import Container
from service.errors import MissingError
from service.paths import confined
from service.synthesis.requests import DEFAULT_PROMPT_LANGUAGE, Speaker
from service.voices.models import VoiceRow


class StoredSpeakers:
    """See :class:`service.synthesis.requests.Speakers`; reads the voices' table and folder.

    Args:
        container: Database, folders and settings.
    """

    def __init__(self, container: Container) -> None:
        self._container = container

    def speaker(self, model_id: str) -> Speaker:
        """Return a voice. Blocks.

        Raises:
            MissingError: there is no such voice, or it has no reference audio.
        """
        with self._container.database.reading() as session:
            row = session.scalar(select(VoiceRow).where(VoiceRow.model_id == model_id))
        if row is None:
            raise MissingError(f"there is no voice {model_id!r:.80}")
        if row.reference is None:
            raise MissingError(f"voice {model_id} has no reference audio: upload one")
        folder = self._container.folders.audio / model_id
        return Speaker(
            path=str(folder / row.reference),
            text=row.prompt_text,
            language=row.prompt_language or DEFAULT_PROMPT_LANGUAGE,
            auxiliary=tuple(str(folder / name) for name in row.auxiliary),
            weights=self._weights(row),
        )

    def _weights(self, row: VoiceRow) -> WeightsPair | None:
        """Return a voice's own weights; a half that it lacks is the current one."""
        if row.gpt_path is None and row.sovits_path is None:
            return None
        current = self._container.engine.status().current
        gpt = row.gpt_path or (current.weights.gpt if current else None)
        sovits = row.sovits_path or (current.weights.sovits if current else None)
        if gpt is None or sovits is None:
            raise MissingError(
                f"voice {row.model_id} has one weight file of its own, and no other is loaded to go with it"
            )
        root = self._container.settings.root
        return WeightsPair(str(root / gpt), str(root / sovits))

    def confined(self, path: str) -> Path:
        """Return the reference audio that a client's path names. Blocks.

        Raises:
            ParameterError: it lies outside the allowed folders.
            MissingError: there is no such file.
        """
        settings = self._container.settings
        return confined(
            path, settings.within_root(settings.audio_roots), settings.root, "the path of the reference audio"
        )

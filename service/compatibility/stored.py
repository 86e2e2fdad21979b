"""Stored voices by id or name, as the dialects name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from service.container import Container
from service.voices.models import VoiceRow


@dataclass(frozen=True)
class NamedVoice:
    """A stored voice's id and name, and the code of the language in its clip."""

    model_id: str
    model_name: str
    language: str


class StoredVoices:
    """Names of stored voices, read from their table."""

    def __init__(self, container: Container) -> None:
        self._database = container.database

    def newest(self, limit: int) -> Sequence[NamedVoice]:
        """Return voices with reference audio, newest first."""
        query = (
            select(VoiceRow.model_id, VoiceRow.model_name, VoiceRow.prompt_language)
            .where(VoiceRow.reference.is_not(None))
            .order_by(VoiceRow.created_at.desc(), VoiceRow.key.desc())
            .limit(limit)
        )
        with self._database.reading() as session:
            return [NamedVoice(*row) for row in session.execute(query)]

    def find(self, name: str) -> str | None:
        """Return the id of the voice with this id, else of the newest with this name."""
        with self._database.reading() as session:
            exact = session.scalar(select(VoiceRow.model_id).where(VoiceRow.model_id == name))
            return exact or session.scalar(
                select(VoiceRow.model_id)
                .where(VoiceRow.model_name == name)
                .order_by(VoiceRow.created_at.desc(), VoiceRow.key.desc())
                .limit(1)
            )

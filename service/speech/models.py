"""What speech knows of its jobs, beside the queue's own tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base
from service.jobs.models import NUMBER


class SpeechRow(Base):
    """A job's own side; :class:`service.speech.records.SpeechFacts` says what the columns mean."""

    __tablename__ = "speech_jobs"

    key: Mapped[int] = mapped_column(
        NUMBER, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    model_id: Mapped[str | None] = mapped_column(String(64), index=True)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    weights_gpt: Mapped[str | None] = mapped_column(Text)
    weights_sovits: Mapped[str | None] = mapped_column(Text)
    version: Mapped[str | None] = mapped_column(String(16))
    sample_rate: Mapped[int | None] = mapped_column(Integer)
    audio_seconds: Mapped[float | None] = mapped_column(Float)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    result_mark: Mapped[str | None] = mapped_column(String(100))
    pinned_mark: Mapped[str | None] = mapped_column(String(100))


class SegmentRow(Base):
    """A segment; :class:`service.speech.records.Segment` says what the columns mean."""

    __tablename__ = "speech_segments"

    key: Mapped[int] = mapped_column(NUMBER, ForeignKey("speech_jobs.key", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    frames: Mapped[int | None] = mapped_column(Integer)
    file: Mapped[str | None] = mapped_column(String(64))
    mark: Mapped[str | None] = mapped_column(String(100))
    start: Mapped[float] = mapped_column(Float, default=0.0)
    end: Mapped[float] = mapped_column(Float, default=0.0)
    tokens: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    warning: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[float | None] = mapped_column(Float)

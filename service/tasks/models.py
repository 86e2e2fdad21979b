"""The queue's tables. A task's row is the truth; files and announcements follow it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base

# SQLite counts only INTEGER primary keys; PostgreSQL should not run out of numbers.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class TaskRow(Base):
    """See :class:`service.tasks.records.Task`."""

    __tablename__ = "voice_tasks"
    __table_args__ = (
        Index("ix_voice_tasks_waiting", "status", "user_id", "priority", "key"),
        Index("ix_voice_tasks_user", "user_id", "key"),
        Index("ix_voice_tasks_status_updated", "status", "updated_at"),
        {"sqlite_autoincrement": True},
    )

    key: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    task_id: Mapped[str] = mapped_column(String(128), unique=True)
    user_id: Mapped[str] = mapped_column(String(128))
    body_hash: Mapped[str] = mapped_column(String(64))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    model_id: Mapped[str | None] = mapped_column(String(64), index=True)
    characters: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(8))
    priority: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[float] = mapped_column(Float)
    total_segments: Mapped[int] = mapped_column(Integer, default=0)
    segments_done: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    deaths: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_expires: Mapped[float | None] = mapped_column(Float)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[float] = mapped_column(Float, default=0.0)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    weights_gpt: Mapped[str | None] = mapped_column(Text)
    weights_sovits: Mapped[str | None] = mapped_column(Text)
    version: Mapped[str | None] = mapped_column(String(16))
    sample_rate: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    audio_seconds: Mapped[float | None] = mapped_column(Float)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    removed: Mapped[bool] = mapped_column(Boolean, default=False)


class SegmentRow(Base):
    """See :class:`service.tasks.records.Segment`."""

    __tablename__ = "voice_task_segments"

    task_key: Mapped[int] = mapped_column(_NUMBER, ForeignKey("voice_tasks.key", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    frames: Mapped[int | None] = mapped_column(Integer)
    file: Mapped[str | None] = mapped_column(String(64))
    start: Mapped[float] = mapped_column(Float, default=0.0)
    end: Mapped[float] = mapped_column(Float, default=0.0)
    tokens: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    warning: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[float | None] = mapped_column(Float)


class HappeningRow(Base):
    """See :class:`service.tasks.records.Happening`. Numbers are never used twice: streams resume from them."""

    __tablename__ = "voice_task_events"
    __table_args__ = (Index("ix_voice_task_events_task", "task_id", "number"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    task_id: Mapped[str] = mapped_column(String(128))
    user_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[float] = mapped_column(Float, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class TurnRow(Base):
    """When a user had the last turn, as a growing number."""

    __tablename__ = "voice_task_turns"

    user_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    turn: Mapped[int] = mapped_column(_NUMBER)

"""What training knows of its jobs, beside the queue's own tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base
from service.jobs.models import NUMBER


class TrainingRow(Base):
    """A job's own side; :class:`service.training.records.TrainingFacts` says what the columns mean."""

    __tablename__ = "training_jobs"
    __table_args__ = (Index("ix_training_jobs_session", "session_id", "key"),)

    key: Mapped[int] = mapped_column(
        NUMBER, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    session_id: Mapped[str] = mapped_column(String(128))
    exp_name: Mapped[str | None] = mapped_column(String(128), index=True)
    started_at: Mapped[float | None] = mapped_column(Float)
    ended_at: Mapped[float | None] = mapped_column(Float)
    reached: Mapped[int] = mapped_column(Integer, default=0)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    problems: Mapped[int] = mapped_column(Integer, default=0)


class PointRow(Base):
    """What a training measured at a step: losses and rates."""

    __tablename__ = "training_points"

    key: Mapped[int] = mapped_column(NUMBER, ForeignKey("training_jobs.key", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)


class NoteRow(Base):
    """Something to keep of a job: a problem, or an artefact by its path."""

    __tablename__ = "training_notes"
    __table_args__ = (
        Index("ix_training_notes_job", "key", "type", "number", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    key: Mapped[int] = mapped_column(NUMBER, ForeignKey("training_jobs.key", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[float] = mapped_column(Float)
    path: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)

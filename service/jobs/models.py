"""The queue's tables. A job's row is the truth; files and announcements follow it. Nothing here is of any kind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts only INTEGER primary keys; PostgreSQL should not run out of numbers."""


class JobRow(Base):
    """A job; :class:`service.jobs.records.Job` says what the columns mean."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_waiting", "status", "kind", "user_id", "priority", "key"),
        Index("ix_jobs_user", "user_id", "key"),
        Index("ix_jobs_status_updated", "status", "updated_at"),
        {"sqlite_autoincrement": True},
    )

    key: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(128))
    body_hash: Mapped[str] = mapped_column(String(64))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(8))
    priority: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[float] = mapped_column(Float)
    size: Mapped[int] = mapped_column(Integer, default=0)
    steps_total: Mapped[int] = mapped_column(Integer, default=0)
    steps_done: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    deaths: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_expires: Mapped[float | None] = mapped_column(Float)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[float] = mapped_column(Float, default=0.0)
    error: Mapped[str | None] = mapped_column(Text)
    error_said: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    parent: Mapped[int | None] = mapped_column(NUMBER, ForeignKey("jobs.key", ondelete="CASCADE"), index=True)
    blocked: Mapped[int] = mapped_column(Integer, default=0)
    composed: Mapped[bool] = mapped_column(Boolean, default=False)
    removed: Mapped[bool] = mapped_column(Boolean, default=False)


class JobDependencyRow(Base):
    """A job, and one that must be done before it is claimed: steps of one job, or the job and its steps."""

    __tablename__ = "job_dependencies"

    key: Mapped[int] = mapped_column(NUMBER, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True)
    needs: Mapped[int] = mapped_column(NUMBER, ForeignKey("jobs.key", ondelete="CASCADE"), primary_key=True, index=True)


class JobEventRow(Base):
    """A line of the event log. Numbers are never used twice: streams resume from them."""

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_job", "job_id", "number"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[float] = mapped_column(Float, index=True)
    type: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class JobTurnRow(Base):
    """When a user had the last turn among the jobs of a kind, as a growing number."""

    __tablename__ = "job_turns"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    turn: Mapped[int] = mapped_column(NUMBER)

"""Tables of the broker: what came, what is to go out, and who sends it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base
from service.jobs.models import NUMBER


class InboxRow(Base):
    """A message that came: under its id, else under a digest of its body."""

    __tablename__ = "broker_inbox"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[float] = mapped_column(Float, index=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """How often it came again unsettled: each time somebody may have died of it."""
    settled: Mapped[bool] = mapped_column(Boolean, default=False)
    refused: Mapped[str | None] = mapped_column(Text)
    """Why it became no job."""
    job_id: Mapped[str | None] = mapped_column(String(160), index=True)
    correlation_id: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """All fields, also those that nobody here knows."""


class OutboxRow(Base):
    """A message that is to go out: written with what it tells of, gone once the broker has confirmed it."""

    __tablename__ = "broker_outbox"
    __table_args__ = (
        Index("ix_broker_outbox_lane", "exchange", "routing_key", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(36), unique=True)
    exchange: Mapped[str] = mapped_column(String(64))
    routing_key: Mapped[str] = mapped_column(String(255))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    correlation_id: Mapped[str | None] = mapped_column(String(255))
    at: Mapped[float] = mapped_column(Float)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[float] = mapped_column(Float, default=0.0)


class SenderRow(Base):
    """Who sends what is in the outbox: one process at a time, so that order is kept."""

    __tablename__ = "broker_senders"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    expires: Mapped[float] = mapped_column(Float)

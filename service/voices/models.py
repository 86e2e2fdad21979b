"""The tables of voices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class VoiceRow(Base):
    """A voice. Names of files are relative to ``audio/<model_id>/``; the engine hears ``reference``."""

    __tablename__ = "voices"

    key: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    model_id: Mapped[str] = mapped_column(String(64), unique=True)
    model_name: Mapped[str] = mapped_column(String(200))
    search_name: Mapped[str] = mapped_column(String(400), index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    gender: Mapped[int] = mapped_column(Integer)
    prompt_text: Mapped[str] = mapped_column(Text, default="")
    prompt_language: Mapped[str] = mapped_column(String(32))
    avatar: Mapped[str | None] = mapped_column(String(200))
    reference: Mapped[str | None] = mapped_column(String(200))
    original: Mapped[str | None] = mapped_column(String(200))
    auxiliary: Mapped[list[str]] = mapped_column(JSON, default=list)
    gpt_path: Mapped[str | None] = mapped_column(Text)
    sovits_path: Mapped[str | None] = mapped_column(Text)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class VoiceCategoryRow(Base):
    """That a voice is in a category, at a place in its list."""

    __tablename__ = "voice_category_links"

    voice_key: Mapped[int] = mapped_column(_NUMBER, ForeignKey("voices.key", ondelete="CASCADE"), primary_key=True)
    category_key: Mapped[int] = mapped_column(
        _NUMBER, ForeignKey("voice_categories.key", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int] = mapped_column(Integer, default=0)

"""The table of categories."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.database.base import Base


class CategoryRow(Base):
    """A category; ``key`` is the order in which they were made, ``extra`` what an imported record had besides."""

    __tablename__ = "voice_categories"

    key: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    category_id: Mapped[str] = mapped_column(String(64), unique=True)
    category_name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[int] = mapped_column(BigInteger)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

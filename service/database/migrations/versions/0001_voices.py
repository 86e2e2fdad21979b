"""API keys, categories and voices."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
        sa.UniqueConstraint("name", name="uq_api_keys_name"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    op.create_table(
        "voice_categories",
        sa.Column("key", _number(), nullable=False),
        sa.Column("category_id", sa.String(length=64), nullable=False),
        sa.Column("category_name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_voice_categories"),
        sa.UniqueConstraint("category_id", name="uq_voice_categories_category_id"),
    )
    op.create_table(
        "voices",
        sa.Column("key", _number(), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("model_name", sa.String(length=200), nullable=False),
        sa.Column("search_name", sa.String(length=400), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("gender", sa.Integer(), nullable=False),
        sa.Column("prompt_text", sa.Text(), nullable=False),
        sa.Column("prompt_language", sa.String(length=32), nullable=False),
        sa.Column("avatar", sa.String(length=200), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("original", sa.String(length=200), nullable=True),
        sa.Column("auxiliary", sa.JSON(), nullable=False),
        sa.Column("gpt_path", sa.Text(), nullable=True),
        sa.Column("sovits_path", sa.Text(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_voices"),
        sa.UniqueConstraint("model_id", name="uq_voices_model_id"),
    )
    op.create_index("ix_voices_search_name", "voices", ["search_name"], unique=False)
    op.create_table(
        "voice_category_links",
        sa.Column("voice_key", _number(), nullable=False),
        sa.Column("category_key", _number(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_key"],
            ["voice_categories.key"],
            name="fk_voice_category_links_category_key_voice_categories",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["voice_key"], ["voices.key"], name="fk_voice_category_links_voice_key_voices", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("voice_key", "category_key", name="pk_voice_category_links"),
    )
    op.create_index("ix_voice_category_links_category_key", "voice_category_links", ["category_key"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("voice_category_links", "voices", "voice_categories", "secrets", "api_keys"):
        op.drop_table(table)

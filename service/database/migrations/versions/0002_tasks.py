"""The queue of voice tasks: tasks, their segments and events, whose turn it is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "voice_tasks",
        sa.Column("key", _number(), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("total_segments", sa.Integer(), nullable=False),
        sa.Column("segments_done", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_expires", sa.Float(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("weights_gpt", sa.Text(), nullable=True),
        sa.Column("weights_sovits", sa.Text(), nullable=True),
        sa.Column("version", sa.String(length=16), nullable=True),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("audio_seconds", sa.Float(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_voice_tasks"),
        sa.UniqueConstraint("task_id", name="uq_voice_tasks_task_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_voice_tasks_waiting", "voice_tasks", ["status", "user_id", "priority", "key"])
    op.create_index("ix_voice_tasks_user", "voice_tasks", ["user_id", "key"])
    op.create_index("ix_voice_tasks_status_updated", "voice_tasks", ["status", "updated_at"])
    op.create_index("ix_voice_tasks_model_id", "voice_tasks", ["model_id"])
    op.create_table(
        "voice_task_segments",
        sa.Column("task_key", _number(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=True),
        sa.Column("file", sa.String(length=64), nullable=True),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("end", sa.Float(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_key"], ["voice_tasks.key"], name="fk_voice_task_segments_task_key_voice_tasks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_key", "index", name="pk_voice_task_segments"),
    )
    op.create_table(
        "voice_task_events",
        sa.Column("number", _number(), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_voice_task_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_voice_task_events_task", "voice_task_events", ["task_id", "number"])
    op.create_index("ix_voice_task_events_at", "voice_task_events", ["at"])
    op.create_table(
        "voice_task_turns",
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("turn", _number(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_voice_task_turns"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("voice_task_turns", "voice_task_events", "voice_task_segments", "voice_tasks"):
        op.drop_table(table)

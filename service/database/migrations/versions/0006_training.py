"""What trainings keep of their jobs: facts, measurements, problems and artefacts.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "training_jobs",
        sa.Column("key", _number(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("exp_name", sa.String(length=128), nullable=True),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["jobs.key"], name="fk_training_jobs_key_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_training_jobs"),
    )
    op.create_index("ix_training_jobs_session", "training_jobs", ["session_id", "key"])
    op.create_index("ix_training_jobs_exp_name", "training_jobs", ["exp_name"])
    op.create_table(
        "training_points",
        sa.Column("key", _number(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key"], ["training_jobs.key"], name="fk_training_points_key_training_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "step", name="pk_training_points"),
    )
    op.create_table(
        "training_notes",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        sa.Column("key", _number(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key"], ["training_jobs.key"], name="fk_training_notes_key_training_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_notes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_training_notes_job", "training_notes", ["key", "type", "number"], unique=True)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("training_notes", "training_points", "training_jobs"):
        op.drop_table(table)

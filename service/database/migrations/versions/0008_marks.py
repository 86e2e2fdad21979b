"""Marks of files that are carried between machines.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = (("speech_jobs", "result_mark"), ("speech_jobs", "pinned_mark"), ("speech_segments", "mark"))


def upgrade() -> None:
    """Add the columns."""
    for table, name in _COLUMNS:
        op.add_column(table, sa.Column(name, sa.String(100), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for table, name in _COLUMNS:
        with op.batch_alter_table(table) as altered:
            altered.drop_column(name)

"""What came from a message broker, what is to go out, and who sends it.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "broker_inbox",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("job_id", sa.String(length=160), nullable=True),
        sa.Column("correlation_id", sa.String(length=255), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_broker_inbox"),
    )
    op.create_index("ix_broker_inbox_at", "broker_inbox", ["at"])
    op.create_index("ix_broker_inbox_job_id", "broker_inbox", ["job_id"])
    op.create_table(
        "broker_outbox",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("exchange", sa.String(length=64), nullable=False),
        sa.Column("routing_key", sa.String(length=255), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("correlation_id", sa.String(length=255), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_broker_outbox"),
        sa.UniqueConstraint("message_id", name="uq_broker_outbox_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_broker_outbox_lane", "broker_outbox", ["exchange", "routing_key", "number"])
    op.create_table(
        "broker_senders",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_broker_senders"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("broker_senders", "broker_outbox", "broker_inbox"):
        op.drop_table(table)

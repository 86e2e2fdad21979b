"""Jobs of any kind: voice tasks become jobs of the kind ``speech``, what only speech knows goes to its own tables.

Numbers of rows and events go on where they were: clients resume streams from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# new table, its counted column, the old table whose numbers it goes on with, its counted column
_COUNTED = (("jobs", "key", "voice_tasks", "key"), ("job_events", "number", "voice_task_events", "number"))
_OLD = ("voice_task_segments", "voice_task_events", "voice_task_turns", "voice_tasks")


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, move everything over, and drop the old ones."""
    _make_jobs()
    _make_log()
    _make_speech()
    _move()
    for new, column, old, old_column in _COUNTED:
        _go_on_counting(new, column, old, old_column)
    for table in _OLD:
        op.drop_table(table)


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", _number(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("steps_total", sa.Integer(), nullable=False),
        sa.Column("steps_done", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_expires", sa.Float(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("parent", _number(), nullable=True),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("composed", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["jobs.key"], name="fk_jobs_parent_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_jobs"),
        sa.UniqueConstraint("job_id", name="uq_jobs_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_waiting", "jobs", ["status", "kind", "user_id", "priority", "key"])
    op.create_index("ix_jobs_user", "jobs", ["user_id", "key"])
    op.create_index("ix_jobs_status_updated", "jobs", ["status", "updated_at"])
    op.create_index("ix_jobs_parent", "jobs", ["parent"])
    op.create_table(
        "job_dependencies",
        sa.Column("key", _number(), nullable=False),
        sa.Column("needs", _number(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["jobs.key"], name="fk_job_dependencies_key_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["needs"], ["jobs.key"], name="fk_job_dependencies_needs_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "needs", name="pk_job_dependencies"),
    )
    op.create_index("ix_job_dependencies_needs", "job_dependencies", ["needs"])


def _make_log() -> None:
    op.create_table(
        "job_events",
        sa.Column("number", _number(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_job_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_events_job", "job_events", ["job_id", "number"])
    op.create_index("ix_job_events_at", "job_events", ["at"])
    op.create_table(
        "job_turns",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("turn", _number(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "user_id", name="pk_job_turns"),
    )


def _make_speech() -> None:
    op.create_table(
        "speech_jobs",
        sa.Column("key", _number(), autoincrement=False, nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("weights_gpt", sa.Text(), nullable=True),
        sa.Column("weights_sovits", sa.Text(), nullable=True),
        sa.Column("version", sa.String(length=16), nullable=True),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("audio_seconds", sa.Float(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["jobs.key"], name="fk_speech_jobs_key_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_speech_jobs"),
    )
    op.create_index("ix_speech_jobs_model_id", "speech_jobs", ["model_id"])
    op.create_table(
        "speech_segments",
        sa.Column("key", _number(), nullable=False),
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
            ["key"], ["speech_jobs.key"], name="fk_speech_segments_key_speech_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "index", name="pk_speech_segments"),
    )


_OF_ANY_KIND = (
    *("key", "user_id", "body_hash", "request", "status", "priority", "created_at", "updated_at", "attempts"),
    *("deaths", "lease_owner", "lease_expires", "fence", "not_before", "error", "removed"),
)
_OF_SPEECH = (
    *("key", "model_id", "seed", "weights_gpt", "weights_sovits", "version", "sample_rate", "audio_seconds"),
    "generation",
)
_OF_SEGMENTS = (
    *("index", "text", "frames", "file", "start", "end", "tokens", "attempts", "warning", "seed", "finished_at"),
)


def _move() -> None:
    """Copy every row, under its number."""
    renamed = {
        "job_id": "task_id",
        "size": "characters",
        "steps_total": "total_segments",
        "steps_done": "segments_done",
    }
    new: dict[str, sa.ColumnElement[Any]] = {
        "kind": sa.literal("speech"),
        "blocked": sa.literal(0),
        "composed": sa.false(),
    }
    speech = {"kind": sa.literal("speech")}
    _copy("voice_tasks", "jobs", _OF_ANY_KIND, renamed, new)
    _copy("voice_tasks", "speech_jobs", _OF_SPEECH, {}, {})
    _copy("voice_task_segments", "speech_segments", _OF_SEGMENTS, {"key": "task_key"}, {})
    events = {"job_id": "task_id", "type": "kind"}
    _copy("voice_task_events", "job_events", ("number", "user_id", "at", "detail"), events, speech)
    _copy("voice_task_turns", "job_turns", ("user_id", "turn"), {}, speech)


def _copy(
    source: str, target: str, same: tuple[str, ...], renamed: dict[str, str], fixed: Mapping[str, sa.ColumnElement[Any]]
) -> None:
    """Copy a table: columns of the same name, columns of another (new -> old), and columns of one value."""
    names = [*same, *renamed, *fixed]
    values: list[sa.ColumnElement[Any]] = [sa.column(name) for name in (*same, *renamed.values())]
    rows = sa.select(*values, *fixed.values()).select_from(sa.table(source))
    op.execute(sa.insert(sa.table(target, *(sa.column(name) for name in names))).from_select(names, rows))


def _go_on_counting(new: str, column: str, old: str, old_column: str) -> None:
    """Let a table count on from where another stands: also past rows that are gone."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": old}) or 0
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": new})
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), {"name": new, "seq": last}
        )
        return
    sequence = sa.text("SELECT pg_get_serial_sequence(:name, :column)")
    before = connection.scalar(sequence, {"name": old, "column": old_column})
    after = connection.scalar(sequence, {"name": new, "column": column})
    # NULL where nothing was counted yet; then nothing is set.
    going_on = sa.text("SELECT setval(CAST(:after AS regclass), pg_sequence_last_value(CAST(:before AS regclass)))")
    connection.execute(going_on, {"after": after, "before": before})

"""A database of any earlier version comes up to date with everything that was in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import select

import service.database.migrate as migrating
from GPT_SoVITS.testing.fake import FakeEngine
from service.database import Database
from service.database.migrate import migrate
from service.jobs.event_log import EventLog
from service.jobs.kinds import Kinds
from service.jobs.models import JobEventRow, JobRow, JobTurnRow
from service.jobs.reader import JobReader
from service.jobs.records import Job, Status
from service.keys.models import SecretRow
from service.speech.models import SegmentRow
from service.speech.records import KIND, segment_of, speech
from service.training.models import NoteRow, PointRow, TrainingRow
from tests.service.databases import Databases
from tests.service.tasks.bench import make_kind

pytestmark = pytest.mark.both_databases

TASK: dict[str, Any] = {
    "user_id": "u1",
    "body_hash": "ab",
    "request": {"text": "一。二。", "top_k": 5},
    "model_id": None,
    "characters": 4,
    "status": "wait",
    "priority": 1,
    "created_at": 10.5,
    "updated_at": 11.5,
    "total_segments": 2,
    "segments_done": 0,
    "attempts": 0,
    "deaths": 0,
    "lease_owner": None,
    "lease_expires": None,
    "fence": 0,
    "not_before": 0.0,
    "seed": None,
    "weights_gpt": None,
    "weights_sovits": None,
    "version": None,
    "sample_rate": None,
    "error": None,
    "audio_seconds": None,
    "generation": 0,
    "removed": False,
}
RUNNING = {
    **{"status": "run", "segments_done": 1, "attempts": 1, "deaths": 1, "fence": 7, "lease_owner": "w"},
    **{"lease_expires": 99.0, "seed": 2**40, "weights_gpt": "g", "weights_sovits": "s", "version": "v2"},
    **{"sample_rate": 32000, "model_id": "m1"},
}
TASKS = [
    {**TASK, "key": 3, "task_id": "waiting"},
    {**TASK, "key": 5, "task_id": "running", **RUNNING},
    {**TASK, "key": 6, "task_id": "done", "status": "done", "audio_seconds": 1.5, "generation": 2},
    {**TASK, "key": 8, "task_id": "gone", "removed": True},
]
SEGMENT = {"start": 0.1, "end": 0.9, "tokens": 20, "attempts": 2, "warning": "doubtful", "seed": 9, "finished_at": 5.5}
SEGMENTS = [
    {"task_key": 5, "index": 0, "text": "一。", "frames": 100, "file": "00000-7.pcm", **SEGMENT},
    {"task_key": 5, "index": 1, "text": "二。", "frames": None, "file": None, **SEGMENT},
]
EVENTS = [
    {"number": 11, "task_id": "running", "user_id": "u1", "at": 1.0, "kind": "claimed", "detail": {"attempt": 1}},
    {"number": 12, "task_id": "running", "user_id": "u1", "at": 2.0, "kind": "segment", "detail": {"index": 0}},
    {"number": 20, "task_id": "forgotten", "user_id": "u1", "at": 2.0, "kind": "removed", "detail": {}},
]


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    opened = Database(databases.url(tmp_path, tables=False))
    yield opened
    opened.close()


def _at(database: Database, revision: str) -> None:
    """Make the tables of an earlier version."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, revision)


def _insert(session: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Add rows as an earlier version did: the tables count their numbers themselves."""
    kept = sa.Table(table, sa.MetaData(), autoload_with=session.connection())
    for row in rows:
        session.execute(kept.insert().values(**row))


def _fill(database: Database) -> None:
    with database.writing() as session:
        _insert(session, "voice_tasks", TASKS)
        _insert(session, "voice_task_segments", SEGMENTS)
        _insert(session, "voice_task_events", EVENTS)
        _insert(session, "voice_task_turns", [{"user_id": "u1", "turn": 4}])
        if not database.is_sqlite:  # rows with numbers of their own leave PostgreSQL's counters behind
            for table, column in (("voice_tasks", "key"), ("voice_task_events", "number")):
                session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 20)"))
        session.execute(sa.text("DELETE FROM voice_task_events WHERE number = 20"))


def _kinds(database: Database, root: Path) -> Kinds:
    return Kinds(make_kind(root / "files", database, FakeEngine()))


def _jobs(database: Database, root: Path) -> dict[str, Job]:
    return {job.job_id: job for job in JobReader(database.reading, _kinds(database, root)).after(KIND, 0, 100)}


@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_tasks_become_jobs_and_keep_everything(database: Database, tmp_path: Path, revision: str) -> None:
    _at(database, revision)
    _fill(database)
    migrate(database)
    jobs = _jobs(database, tmp_path)
    assert [(job.key, job.job_id) for job in jobs.values()] == [(3, "waiting"), (5, "running"), (6, "done")]
    running, facts = jobs["running"], speech(jobs["running"])
    assert (running.status, running.steps_total, running.steps_done, running.size) == (Status.RUN, 2, 1, 4)
    assert (running.fence, running.deaths, running.lease_owner, running.lease_expires) == (7, 1, "w", 99.0)
    assert (running.request, running.body_hash) == (TASK["request"], "ab")
    assert (running.created_at, running.updated_at, running.blocked, running.parent) == (10.5, 11.5, 0, None)
    assert (facts.seed, facts.weights_gpt, facts.weights_sovits) == (2**40, "g", "s")
    assert (facts.version, facts.sample_rate, facts.model_id) == ("v2", 32000, "m1")
    assert (speech(jobs["done"]).audio_seconds, speech(jobs["done"]).generation) == (1.5, 2)
    with database.reading() as session:
        segments = session.scalars(select(SegmentRow).order_by(SegmentRow.index)).all()
        assert [vars(segment_of(row)) for row in segments] == [
            {name: value for name, value in {**segment, "mark": None}.items() if name != "task_key"}
            for segment in SEGMENTS
        ]
        assert {row.key for row in segments} == {5}
        assert [row.job_id for row in session.scalars(select(JobRow).where(JobRow.removed.is_(True)))] == ["gone"]
        turn = session.scalars(select(JobTurnRow)).one()
        assert (turn.kind, turn.user_id, turn.turn) == (KIND, "u1", 4)


def test_events_keep_their_numbers_and_no_number_comes_twice(database: Database, tmp_path: Path) -> None:
    _at(database, "0003")
    _fill(database)
    migrate(database)
    log = EventLog(database.reading, _kinds(database, tmp_path))
    assert [(event.number, event.type, event.detail) for event in log.of_job("running")] == [
        (11, "claimed", {"attempt": 1}),
        (12, "segment", {"index": 0}),
    ]
    with database.writing() as session:
        event = JobEventRow(job_id="x", kind=KIND, user_id="u", at=1.0, type="submitted", detail={})
        row = JobRow(**{**_plain_job(), "job_id": "x"})
        session.add_all([event, row])
        session.flush()
        assert event.number == 21, "20 was given to a client, though its row is gone"
        assert row.key > 8


def _plain_job() -> dict[str, Any]:
    return {
        **{"kind": KIND, "user_id": "u", "body_hash": "", "request": {}, "status": "wait"},
        **{"created_at": 1.0, "updated_at": 1.0},
    }


def test_an_empty_database_of_any_version_comes_up_to_date(database: Database, tmp_path: Path) -> None:
    _at(database, "0001")
    with database.writing() as session:
        session.add(SecretRow(name="a", value="b"))
    migrate(database)
    with database.reading() as session:
        assert session.get(SecretRow, "a") is not None
    assert _jobs(database, tmp_path) == {}


def test_the_first_job_after_a_migration_of_empty_tables_has_the_first_number(database: Database) -> None:
    _at(database, "0003")
    migrate(database)
    with database.writing() as session:
        row = JobRow(**{**_plain_job(), "job_id": "x"})
        session.add(row)
        session.flush()
        assert row.key == 1


@pytest.mark.parametrize("revision", ["0004", "0005"])
def test_jobs_stay_as_they_are_when_trainings_come(database: Database, tmp_path: Path, revision: str) -> None:
    _at(database, revision)
    plain = {**_plain_job(), "size": 1, "steps_total": 0, "steps_done": 0, "attempts": 0, "deaths": 0, "fence": 0}
    more = {"priority": 1, "not_before": 0.0, "blocked": 0, "composed": False, "removed": False}
    with database.writing() as session:
        _insert(session, "jobs", [{**plain, **more, "key": 7, "job_id": "old"}])
        if not database.is_sqlite:
            session.execute(sa.text("SELECT setval(pg_get_serial_sequence('jobs', 'key'), 7)"))
    migrate(database)
    assert list(_jobs(database, tmp_path)) == ["old"]
    with database.writing() as session:
        job = JobRow(**{**_plain_job(), "job_id": "s:slice:1", "kind": "slice"})
        session.add(job)
        session.flush()
        session.add(TrainingRow(key=job.key, session_id="s", progress={}))
        session.flush()
        session.add(PointRow(key=job.key, step=1, epoch=1, values={"losses": {}}))
        session.add(NoteRow(key=job.key, type="problem", number=1, at=1.0, path="a.wav", detail={}))
        assert job.key == 8
    with database.writing() as session:
        session.execute(sa.text("DELETE FROM jobs WHERE job_id = 's:slice:1'"))
    with database.reading() as session:
        assert not session.scalars(select(PointRow)).all() and not session.scalars(select(NoteRow)).all()

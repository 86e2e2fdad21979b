"""A commit that is cut off: what hangs on it is kept where it holds and undone where it does not, sooner or later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from service.database import CommitUnknownError, Database, commit_outcome, make_certain
from service.database.commit_outcome import CommitMarkRow
from service.jobs.errors import JobMissingError
from service.jobs.records import Status
from service.keys.models import SecretRow
from service.speech.records import Plan, Spoken
from service.voices.store import VoiceStore
from tests.service.databases import Databases
from tests.service.faults import Cut
from tests.service.tasks.bench import Bench, make_bench
from tests.service.voices.killing import change, make, remove, store_in
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases

PLAN = Plan(7, "g.ckpt", "s.pth", "v2", 100, ("一。",))
HELD = pytest.mark.parametrize("arrives", [True, False], ids=["it holds", "it does not"])


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    opened = Database(databases.url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def bench(tmp_path: Path, database: Database) -> Bench:
    return make_bench(tmp_path, database)


def write(database: Database) -> None:
    with database.writing() as session:
        session.add(SecretRow(name="a", value="b"))
        make_certain(session)


def written(database: Database) -> bool:
    with database.reading() as session:
        return session.get(SecretRow, "a") is not None


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the database to come back."""
    monkeypatch.setattr(commit_outcome, "_PATIENCE_S", 0.0)


# --- the database alone ---


def test_a_commit_that_was_cut_off_after_it_was_carried_out_is_a_success(database: Database) -> None:
    Cut(database, arrives=True)
    write(database)
    assert written(database)


def test_a_commit_that_was_cut_off_before_is_a_failure_and_can_be_repeated(database: Database) -> None:
    Cut(database, arrives=False)
    with pytest.raises(OperationalError):
        write(database)
    assert not written(database)
    write(database)
    assert written(database)


@HELD
def test_while_the_database_is_away_nobody_knows_and_then_one_is_told(
    database: Database, arrives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    cut, told = Cut(database, arrives=arrives, down=True), list[bool]()
    with pytest.raises(CommitUnknownError) as unknown:
        write(database)
    unknown.value.when_known(told.append)
    assert not told
    cut.back()
    eventually(lambda: bool(told))
    assert told == [arrives] and written(database) is arrives


def test_whoever_is_told_is_told_again_until_it_works(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    cut, told = Cut(database, arrives=False, down=True), list[bool]()

    def fail_at_first(holds: bool) -> None:
        told.append(holds)
        if len(told) < 3:
            raise OSError("not yet")

    with pytest.raises(CommitUnknownError) as unknown:
        write(database)
    unknown.value.when_known(fail_at_first)
    cut.back()
    eventually(lambda: len(told) >= 3)
    assert told == [False] * 3


def test_there_are_no_more_marks_than_transactions_at_once(database: Database) -> None:
    for number in range(20):
        with database.writing() as session:
            session.add(SecretRow(name=str(number), value=""))
            make_certain(session)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CommitMarkRow)) == 1


# --- tasks ---


def finished(bench: Bench) -> None:
    """A task with all its segments spoken, ready to be finished; then finish it."""
    lease = bench.claim("w", 60)
    assert lease is not None
    bench.start(lease, PLAN)
    bench.keep(lease, Spoken(0, np.full(10, 1, np.int16), 0, 0.1, 1, 1, None))
    bench.cut()
    bench.finish(lease)


def submitted(bench: Bench) -> None:
    bench.remove("t1")
    bench.cut()
    bench.submit("t1")


def cancelled(bench: Bench) -> None:
    bench.cut()
    bench.cancel("t1")


def retried(bench: Bench) -> None:
    bench.cancel("t1")
    bench.cut()
    bench.retry("t1", 10)


STEPS = pytest.mark.parametrize(
    ("step", "after"),
    [(submitted, Status.WAIT), (finished, Status.DONE), (cancelled, Status.ERROR), (retried, Status.WAIT)],
)


def in_agreement(bench: Bench) -> bool:
    """Whether row and files of the task agree; the entry of one that was never accepted is swept when it is old."""
    try:
        return bench.store.files.agree(bench.find("t1"))
    except JobMissingError:
        return not (bench.root / "done/t1.wav").exists()


@HELD
@STEPS
def test_files_and_rows_of_tasks_agree(
    bench: Bench, database: Database, arrives: bool, step: Callable[[Bench], None], after: Status
) -> None:
    bench.submit("t1")
    bench.cut = lambda: Cut(database, arrives=arrives)
    if arrives:
        step(bench)
        assert bench.status("t1") is after
    else:
        with pytest.raises(OperationalError):
            step(bench)
    assert in_agreement(bench)


@HELD
@STEPS
def test_files_and_rows_of_tasks_agree_once_the_database_is_back(
    bench: Bench,
    database: Database,
    arrives: bool,
    step: Callable[[Bench], None],
    after: Status,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient(monkeypatch)
    bench.submit("t1")
    cuts: list[Cut] = []
    bench.cut = lambda: cuts.append(Cut(database, arrives=arrives, down=True))
    with pytest.raises(CommitUnknownError):
        step(bench)
    before = len(bench.changes)
    cuts[0].back()
    eventually(lambda: in_agreement(bench) and not database._marks._open)
    if arrives:
        eventually(lambda: len(bench.changes) > before)
        assert bench.status("t1") is after


# --- voices ---


def in_order(store: VoiceStore) -> bool:
    """Whether folders and rows of voices agree, and no file is missing or too many."""
    voices, _ = store.page(0, 10)
    folders = [path for path in store.folders.audio.iterdir() if not path.name.startswith(".")]
    if {path.name for path in folders} != {voice.model_id for voice in voices}:
        return False
    there = [{path.name for path in store.folders.of(voice.model_id).iterdir()} for voice in voices]
    named = [{voice.avatar, voice.reference, voice.original, *voice.auxiliary, "refer.wav"} for voice in voices]
    return there == named


def names(store: VoiceStore) -> list[str]:
    return [voice.model_name for voice in store.page(0, 10)[0]]


VOICES = pytest.mark.parametrize(
    ("step", "before", "after"), [(make, [], ["A"]), (change, ["A"], ["B"]), (remove, ["A"], [])]
)


@HELD
@VOICES
@pytest.mark.parametrize("down", [False, True], ids=["back at once", "back later"])
def test_files_and_rows_of_voices_agree(
    databases: Databases,
    tmp_path: Path,
    arrives: bool,
    down: bool,
    step: Callable[[VoiceStore], None],
    before: list[str],
    after: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_in(tmp_path, databases)
    if before:
        make(store)
    cut = Cut(store._database, arrives=arrives, down=down)
    if down:
        impatient(monkeypatch)
        with pytest.raises(CommitUnknownError):
            step(store)
        cut.back()
        eventually(lambda: in_order(store) and names(store) == (after if arrives else before))
    elif arrives:
        step(store)
    else:
        with pytest.raises(OperationalError):
            step(store)
    assert in_order(store) and names(store) == (after if arrives else before)
    store._database.close()

"""Accepting, finding, cancelling, removing: what a caller may rely on, without an engine."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from service.jobs.errors import JobConflictError, JobMissingError, StorageFullError, TooManyJobsError
from service.jobs.reader import Choice
from service.jobs.records import CANCELLED, Status
from service.speech import files
from service.speech.records import KIND
from tests.service.tasks.bench import TEXT, Bench

pytestmark = pytest.mark.both_databases


def _entry(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_an_accepted_task_is_in_the_database_and_in_its_folder(bench: Bench) -> None:
    bench.submit("t1")
    assert bench.status("t1") is Status.WAIT
    assert _entry(bench.root / "task/t1.json")["status"] == "wait"
    assert [change.event.type for change in bench.changes] == ["submitted"]


def test_the_same_submission_again_is_the_same_task(bench: Bench) -> None:
    first = bench.submit("t1", seed=3)
    again, created = bench.submit_within(1000, "t1", seed=3)
    assert (again.key, created) == (first.key, False)


@pytest.mark.parametrize("other", [("u1", "别的。"), ("u2", TEXT)])
def test_another_submission_under_the_same_id_is_refused(bench: Bench, other: tuple[str, str]) -> None:
    bench.submit("t1")
    with pytest.raises(JobConflictError, match="has not ended yet"):
        bench.submit("t1", *other)


def test_a_hundred_threads_submitting_one_task_make_one_task(bench: Bench) -> None:
    found: list[tuple[int, bool]] = []
    together = threading.Barrier(100)

    def submit() -> None:
        together.wait()
        task, created = bench.submit_within(1000, "t1")
        found.append((task.key, created))

    threads = [threading.Thread(target=submit) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100
    assert len({key for key, _ in found}) == 1
    assert sum(created for _, created in found) == 1


def test_submissions_at_once_do_not_pass_the_limit_together(bench: Bench) -> None:
    together = threading.Barrier(20)
    refused: list[str] = []

    def submit(number: int) -> None:
        together.wait()
        try:
            bench.submit_within(3, f"t{number}")
        except TooManyJobsError:
            refused.append(f"t{number}")

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 17
    assert len(bench.jobs.reader.page(KIND, Choice(), 1, 100)[0]) == 3


def test_retries_and_submissions_at_once_do_not_pass_the_limit_together(bench: Bench) -> None:
    for number in range(10):
        bench.submit(f"old{number}")
        bench.cancel(f"old{number}")
    together = threading.Barrier(20)
    refused: list[int] = []

    def add(number: int) -> None:
        together.wait()
        try:
            if number < 10:
                bench.retry(f"old{number}", 3)
            else:
                bench.submit_within(3, f"new{number}")
        except TooManyJobsError:
            refused.append(number)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 17
    assert bench.jobs.reader.page(KIND, Choice(status=Status.WAIT), 1, 100)[1] == 3


def test_a_user_at_the_limit_is_refused_and_others_are_not(bench: Bench) -> None:
    for number in range(2):
        bench.submit_within(2, f"t{number}")
    with pytest.raises(TooManyJobsError, match="limit is 2"):
        bench.submit_within(2, "t2")
    assert not (bench.root / "task/t2.json").exists()
    bench.submit_within(2, "t3", "u2")


def test_cancelling_a_waiting_task_ends_it_as_cancelled(bench: Bench) -> None:
    bench.submit("t1")
    task = bench.cancel("t1")
    assert (task.status, task.error) == (Status.ERROR, CANCELLED)
    assert not (bench.root / "task/t1.json").exists()
    assert _entry(bench.root / "error/t1.json")["error"] == CANCELLED
    with pytest.raises(JobConflictError):
        bench.cancel("t1")


def test_a_retry_waits_again_and_leaves_no_error_behind(bench: Bench) -> None:
    bench.submit("t1")
    bench.cancel("t1")
    assert bench.retry("t1", 1000).status is Status.WAIT
    assert not (bench.root / "error/t1.json").exists()
    assert _entry(bench.root / "task/t1.json")["error"] is None
    with pytest.raises(JobConflictError, match="only a task in error"):
        bench.retry("t1", 1000)


def test_a_removed_task_leaves_nothing_but_the_word_that_it_is_removed(bench: Bench) -> None:
    bench.submit("t1")
    bench.remove("t1")
    with pytest.raises(JobMissingError):
        bench.find("t1")
    assert not list(bench.root.rglob("*t1*"))
    assert bench.events("t1") == ["removed"]
    bench.submit("t1", text="新的。")


def test_thousands_of_ids_are_found_in_one_page(bench: Bench) -> None:
    for number in range(20):
        bench.submit(f"t{number}", f"u{number % 2}")
    names = (*(f"x{n}" for n in range(3000)), *(f"t{n}" for n in range(20)))
    tasks, total = bench.jobs.reader.page(KIND, Choice(user_id="u1", job_ids=names), 2, 4)
    assert total == 10
    assert [task.job_id for task in tasks] == ["t9", "t11", "t13", "t15"], "in the order asked, second page"


def test_ended_tasks_are_swept_when_they_are_old_and_others_stay(bench: Bench) -> None:
    bench.submit("old")
    bench.cancel("old")
    bench.submit("waiting")
    bench.clock.ahead = 1000
    bench.submit("young")
    bench.cancel("young")
    assert [task.job_id for task in bench.jobs.endings.sweep(bench.clock() - 500)] == ["old"]
    assert not list(bench.root.rglob("old*"))
    assert bench.jobs.reader.existing(["old", "waiting", "young"]) == {"waiting", "young"}


def test_a_full_disk_refuses_the_task_and_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_whole", full)
        with pytest.raises(StorageFullError):
            bench.submit("t1")
    assert bench.jobs.reader.existing(["t1"]) == set()
    assert not list(bench.root.rglob("*t1*"))
    assert bench.changes == [], "what is not committed is not announced"
    assert bench.submit("t1").status is Status.WAIT


def test_a_database_that_cannot_grow_says_so(bench: Bench) -> None:
    with pytest.raises(StorageFullError), bench.jobs.transactions.begin():
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))


def test_nothing_is_announced_before_it_is_committed(bench: Bench) -> None:
    seen: list[Status] = []
    jobs = bench.jobs
    for each in (jobs.transactions, jobs.leases._transactions, jobs.endings._transactions):
        each._announce = lambda change: seen.append(bench.status(change.event.job_id))
    bench.submit("t1")
    bench.claim("w", 60)
    bench.cancel("t1")
    assert seen == [Status.WAIT, Status.RUN, Status.ERROR]

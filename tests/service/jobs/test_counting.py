"""The queue with a kind that is not speech: accepted, leased, resumed, given up, removed by the same rules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from service.database import Database
from service.errors import ParameterError
from service.jobs import running
from service.jobs.errors import JobConflictError, LeaseLostError, TooManyJobsError
from service.jobs.manager import JobManager
from service.jobs.reader import Choice
from service.jobs.records import Status
from service.jobs.worker import Worker
from service.threads import Offload
from tests.service.jobs.counting import CountingKind, count, counting_queue, worker_on
from tests.waiting import eventually_async

pytestmark = pytest.mark.both_databases

Story = Callable[[Worker], Awaitable[None]]


def work(jobs: JobManager, root: Path, offload: Offload, kind: CountingKind, story: Story) -> None:
    """Let a worker work while something happens."""

    async def whole() -> None:
        worker = worker_on(jobs, root, offload, kind)
        await worker.start()
        await story(worker)
        await worker.stop()

    asyncio.run(whole())


def test_a_job_of_another_kind_is_done_by_the_same_worker(database: Database, tmp_path: Path, offload: Offload) -> None:
    kind = CountingKind()
    jobs = counting_queue(database, kind)
    for number in range(5):
        jobs.admission.accept(count(f"c{number}", 3), 100)

    async def all_done(_: Worker) -> None:
        await eventually_async(lambda: all(jobs.reader.find("counting", f"c{n}").ended for n in range(5)))

    work(jobs, tmp_path, offload, kind, all_done)
    job = jobs.reader.find("counting", "c0")
    assert kind.describe(job) == {"id": "c0", "counted": [0, 1, 2], "status": "done"}
    types = [event.type for event in jobs.events.of_job("c0")]
    assert types == ["submitted", "claimed", "step", "step", "step", "done"]
    assert kind.most_active == 2, "as many at once as the kind allows"
    assert [change.event.type for change in kind.announcements if change.event.job_id == "c0"] == types


def test_a_kind_refuses_what_will_never_run(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    with pytest.raises(ParameterError, match="out of the range"):
        jobs.admission.accept(count("c", -1), 100)
    assert jobs.reader.existing(["c"]) == set()


def test_what_was_counted_is_not_counted_again(database: Database, tmp_path: Path, offload: Offload) -> None:
    kind = CountingKind(seconds_per_step=0.1)
    jobs = counting_queue(database, kind)
    jobs.admission.accept(count("c", 6), 100)

    async def stop_in_the_middle(_: Worker) -> None:
        await eventually_async(lambda: jobs.reader.find("counting", "c").steps_done >= 2)

    work(jobs, tmp_path, offload, kind, stop_in_the_middle)
    half = jobs.reader.find("counting", "c")
    assert (half.status, half.attempts) == (Status.WAIT, 0) and 2 <= half.steps_done < 6

    async def to_the_end(_: Worker) -> None:
        await eventually_async(lambda: jobs.reader.find("counting", "c").ended)

    work(jobs, tmp_path, offload, kind, to_the_end)
    assert jobs.reader.find("counting", "c").facts == tuple(range(6))
    steps = [event.detail["number"] for event in jobs.events.of_job("c") if event.type == "step"]
    assert steps == list(range(6)), "each once"


def test_failures_end_after_three_attempts_without_a_step_and_a_retry_goes_on(
    database: Database, tmp_path: Path, offload: Offload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REPEAT_DELAY", 0.01)
    kind = CountingKind()
    jobs = counting_queue(database, kind)
    jobs.admission.accept(count("c", 3, fail_at=1), 100)

    async def given_up(_: Worker) -> None:
        await eventually_async(lambda: jobs.reader.find("counting", "c").ended)

    work(jobs, tmp_path, offload, kind, given_up)
    job = jobs.reader.find("counting", "c")
    assert (job.status, job.error) == (Status.ERROR, "given up after 3 attempts: cannot count 1")
    assert jobs.admission.retry("counting", "c", 100).facts == (0,), "the step that was done is kept"


def test_a_worker_thought_dead_cannot_write(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    jobs.admission.accept(count("c", 3), 100)
    old = jobs.leases.claim("counting", "old", 60)
    assert old is not None
    jobs.leases.recover(lambda _: True)
    with pytest.raises(LeaseLostError), jobs.attempts.writing(old.job):
        pass
    new = jobs.leases.claim("counting", "new", 60)
    assert new is not None and new.job.fence > old.job.fence


def test_a_cancelled_job_stops_at_its_next_step(database: Database, tmp_path: Path, offload: Offload) -> None:
    kind = CountingKind(seconds_per_step=0.05)
    jobs = counting_queue(database, kind)
    jobs.admission.accept(count("c", 1000), 100)

    async def cancelled(worker: Worker) -> None:
        await eventually_async(lambda: jobs.reader.find("counting", "c").steps_done >= 1)
        worker.gone(jobs.endings.cancel("counting", "c").key)
        await eventually_async(lambda: worker.running == 0)

    work(jobs, tmp_path, offload, kind, cancelled)
    assert jobs.reader.find("counting", "c").error == "cancelled"


def test_ids_belong_to_one_job_whatever_its_kind(database: Database) -> None:
    jobs = counting_queue(database, CountingKind(), CountingKind("other"))
    jobs.admission.accept(count("c", 3), 100)
    with pytest.raises(JobConflictError):
        jobs.admission.accept(count("c", 3, kind="other"), 100)
    assert jobs.reader.page("other", Choice(), 1, 10) == ([], 0)


def test_the_limit_counts_a_users_waiting_jobs_of_a_kind_on_retry_too(database: Database) -> None:
    jobs = counting_queue(database, CountingKind(), CountingKind("other"))
    jobs.admission.accept(count("a", 1), 1)
    jobs.endings.cancel("counting", "a")
    jobs.admission.accept(count("b", 1), 1)
    with pytest.raises(TooManyJobsError, match="limit is 1"):
        jobs.admission.retry("counting", "a", 1)
    jobs.admission.accept(count("c", 1, kind="other"), 1)


def test_users_take_turns_within_a_kind_and_kinds_do_not_take_each_others(database: Database) -> None:
    jobs = counting_queue(database, CountingKind(), CountingKind("other"))
    for number, (user, kind) in enumerate([("ann", "counting"), ("ann", "other"), ("bob", "counting")]):
        jobs.admission.accept(count(f"c{number}", 1, kind=kind, user_id=user), 100)
    assert [jobs.reader.forecast("counting").position, jobs.reader.forecast("other").position] == [
        {"c0": 1, "c2": 2},
        {"c1": 1},
    ]
    jobs.leases.claim("other", "w", 60)
    claimed = [jobs.leases.claim("counting", "w", 60) for _ in range(2)]
    assert [lease.job.job_id for lease in claimed if lease is not None] == ["c0", "c2"]

"""Jobs that consist of jobs: each waits for those that it needs, and all of them end as one."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from service.database import Database
from service.jobs.errors import JobConflictError
from service.jobs.kinds import Result
from service.jobs.manager import JobManager
from service.jobs.records import NewJob, NewStep, Status
from service.threads import Offload
from tests.service.jobs.counting import CountingKind, count, counting_queue, worker_on
from tests.waiting import eventually_async

pytestmark = pytest.mark.both_databases

FIRST, SECOND, BOTH = "whole.first", "whole.second", "whole.both"


def whole(**failing: int) -> NewJob:
    """A job of three steps, the last of which needs the others."""

    def step(name: str, *needs: str) -> NewStep:
        request = {"upto": 2, **({"fail_at": failing[name]} if name in failing else {})}
        return NewStep(name, "counting", request, needs, 2)

    steps = (step("both", "first", "second"), step("first"), step("second"))
    return NewJob("counting", "whole", "u", {"upto": 0, **failing}, steps=steps)


@pytest.fixture
def jobs(database: Database) -> JobManager:
    made = counting_queue(database, CountingKind(need=None))
    made.admission.accept(whole(), 100)
    return made


def claimed(jobs: JobManager) -> list[str]:
    """Claim everything that can be claimed."""
    found = []
    while (lease := jobs.leases.claim("counting", "w", 60)) is not None:
        found.append(lease.job.job_id)
    return found


def test_only_what_needs_nothing_can_be_claimed(jobs: JobManager) -> None:
    assert claimed(jobs) == [FIRST, SECOND]
    assert jobs.reader.forecast("counting").position == {}, "blocked jobs have no place in the queue"


def test_steps_are_done_in_their_order_and_the_whole_last(jobs: JobManager, tmp_path: Path, offload: Offload) -> None:
    async def story() -> None:
        worker = worker_on(jobs, tmp_path, offload, CountingKind())
        await worker.start()
        await eventually_async(lambda: jobs.reader.find("counting", "whole").ended)
        await worker.stop()

    asyncio.run(story())
    ends = [event for name in ("whole", FIRST, SECOND, BOTH) for event in jobs.events.of_job(name)]
    done = {event.job_id: event.number for event in ends if event.type == "done"}
    begun = {event.job_id: event.number for event in ends if event.type == "claimed"}
    assert begun[BOTH] > max(done[FIRST], done[SECOND]) and begun["whole"] > done[BOTH]
    job = jobs.reader.find("counting", "whole")
    assert (job.status, job.steps_done, job.steps_total) == (Status.DONE, 3, 3)
    assert [step.facts for step in jobs.reader.steps(job)] == [(0, 1)] * 3


def test_a_step_that_fails_for_good_ends_the_whole_and_a_retry_goes_on(jobs: JobManager) -> None:
    lease = jobs.leases.claim("counting", "w", 60)
    other = jobs.leases.claim("counting", "w", 60)
    assert lease is not None and other is not None and other.job.job_id == SECOND
    jobs.attempts.finish(other.job, Result())
    jobs.attempts.fail(lease.job, "no", repeat=False)
    failed = jobs.reader.find("counting", "whole")
    assert (failed.status, failed.error) == (Status.ERROR, "whole.first: no")
    assert claimed(jobs) == [] and jobs.reader.find("counting", BOTH).status is Status.ERROR
    with pytest.raises(JobConflictError, match="try the whole again"):
        jobs.admission.retry("counting", FIRST, 100)
    jobs.admission.retry("counting", "whole", 100)
    assert claimed(jobs) == [FIRST], "what is done stays done"


@pytest.mark.parametrize("name", ["whole", FIRST])
def test_whatever_is_cancelled_all_of_it_ends(jobs: JobManager, name: str) -> None:
    running = jobs.leases.claim("counting", "w", 60)
    assert running is not None
    jobs.endings.cancel("counting", name)
    assert {jobs.reader.find("counting", each).status for each in ("whole", FIRST, SECOND, BOTH)} == {Status.ERROR}
    assert jobs.leases.heartbeat("w", [(running.job.key, running.job.fence)], 60) == {running.job.key}


def test_a_removed_job_takes_its_steps_with_it(jobs: JobManager) -> None:
    jobs.endings.remove("counting", "whole")
    assert jobs.reader.existing(["whole", FIRST, SECOND, BOTH]) == set()


def test_steps_are_swept_with_the_whole_and_not_before(jobs: JobManager) -> None:
    jobs.endings.cancel("counting", "whole")
    assert [job.job_id for job in jobs.endings.sweep(jobs.clock() + 1)] == ["whole"]
    assert jobs.reader.existing(["whole", FIRST, SECOND, BOTH]) == set()


def test_steps_count_as_one_waiting_job(jobs: JobManager) -> None:
    jobs.admission.accept(count("another", 1), 2)


def test_steps_that_end_at_once_are_all_counted(jobs: JobManager) -> None:
    leases = [jobs.leases.claim("counting", "w", 60) for _ in range(2)]
    together = threading.Barrier(2)

    def finish(number: int) -> None:
        lease = leases[number]
        assert lease is not None
        together.wait()
        jobs.attempts.finish(lease.job, Result())

    threads = [threading.Thread(target=finish, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claimed(jobs) == [BOTH]


def test_two_steps_that_fail_at_once_end_the_whole_once(jobs: JobManager) -> None:
    leases = [jobs.leases.claim("counting", "w", 60) for _ in range(2)]
    together, lost = threading.Barrier(2), list[str]()

    def fail(number: int) -> None:
        lease = leases[number]
        assert lease is not None
        together.wait()
        try:
            jobs.attempts.fail(lease.job, "no", repeat=False)
        except Exception as error:
            lost.append(type(error).__name__)

    threads = [threading.Thread(target=fail, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == ["LeaseLostError"], "the second finds that all is over"
    assert [event.type for event in jobs.events.of_job("whole")].count("failed") == 1


@pytest.mark.parametrize("needs", [("b", "a"), ("nobody", "b")])
def test_steps_that_can_never_begin_are_refused(jobs: JobManager, needs: tuple[str, str]) -> None:
    steps = (NewStep("a", "counting", {"upto": 1}, (needs[0],)), NewStep("b", "counting", {"upto": 1}, (needs[1],)))
    with pytest.raises(ValueError, match="steps need"):
        jobs.admission.accept(NewJob("counting", "wrong", "u", {"upto": 0}, steps=steps), 100)

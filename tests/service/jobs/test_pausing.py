"""A paused job waits until somebody lets it go on, with its steps; nobody claims it, nobody writes for it."""

from __future__ import annotations

import pytest

from service.database import Database
from service.jobs.errors import JobConflictError, LeaseLostError
from service.jobs.records import NewJob, NewStep, Status
from tests.service.jobs.counting import CountingKind, count, counting_queue

pytestmark = pytest.mark.both_databases


def test_a_paused_job_is_not_claimed_until_it_is_resumed(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    jobs.admission.accept(count("c", 2), 10)
    assert jobs.pausing.pause("counting", "c").paused
    assert jobs.leases.claim("counting", "w", 60) is None
    assert not jobs.pausing.resume("counting", "c").paused
    assert jobs.leases.claim("counting", "w", 60) is not None
    types = [event.type for event in jobs.events.of_job("c")]
    assert types == ["submitted", "paused", "resumed", "claimed"]


def test_whoever_has_a_job_loses_it_and_the_attempt_does_not_count(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    jobs.admission.accept(count("c", 2), 10)
    lease = jobs.leases.claim("counting", "w", 60)
    assert lease is not None
    paused = jobs.pausing.pause("counting", "c")
    assert (paused.status, paused.attempts) == (Status.WAIT, 0)
    with pytest.raises(LeaseLostError), jobs.attempts.writing(lease.job):
        pass


def test_steps_are_paused_with_the_whole(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    steps = (NewStep("a", "counting", {"upto": 1}), NewStep("b", "counting", {"upto": 1}, ("a",)))
    whole, _ = jobs.admission.accept(NewJob("counting", "w", "u", {"upto": 0}, steps=steps), 10)
    jobs.pausing.pause("counting", "w")
    assert jobs.leases.claim("counting", "w", 60) is None
    assert all(step.paused for step in jobs.reader.steps(whole))
    jobs.pausing.resume("counting", "w")
    lease = jobs.leases.claim("counting", "w", 60)
    assert lease is not None and lease.job.job_id == "w.a"


def test_what_has_ended_cannot_be_paused(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    jobs.admission.accept(count("c", 2), 10)
    jobs.endings.cancel("counting", "c")
    with pytest.raises(JobConflictError, match="nothing to pause"):
        jobs.pausing.pause("counting", "c")
    assert jobs.pausing.resume("counting", "c").status is Status.ERROR


def test_a_witness_writes_with_the_change_or_not_at_all(database: Database) -> None:
    jobs = counting_queue(database, CountingKind())
    seen: list[str] = []

    def witness(session: object, changes: object) -> None:
        seen.extend(change.event.type for change in changes)  # type: ignore[attr-defined]
        if "failed" in seen:
            raise RuntimeError("cannot write")

    jobs.transactions.witnesses.append(witness)
    jobs.admission.accept(count("c", 2), 10)
    with pytest.raises(RuntimeError, match="cannot write"):
        jobs.endings.cancel("counting", "c")
    assert seen == ["submitted", "failed"] and jobs.reader.find("counting", "c").status is Status.WAIT

"""A training in a process of its own: what it tells is kept, and whatever ends it, nothing is done twice or lost."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from service.jobs import running
from service.jobs.records import Status
from service.jobs.worker import Worker
from service.training.names import SLICE, SOVITS
from service.training.records import state_of, training
from service.training.store import ARTEFACT, PROBLEM, TrainingStore
from tests.service.training.bench import TrainingBench, recordings
from tests.waiting import eventually_async

both = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.training.running.REPEAT_DELAY", 0.05)
    monkeypatch.setattr(running, "REPEAT_DELAY", 0.05)


def store(bench: TrainingBench) -> TrainingStore:
    return TrainingStore(bench.jobs, bench.database.reading)


def units(bench: TrainingBench, folder: str = "data/anna") -> list[Path]:
    return sorted((bench.settings.root / folder).glob("**/unit-*"))


@both
def test_a_step_runs_and_what_it_tells_is_kept(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=3, problems=["broken.wav"])
    (job,) = bench.finish(bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s1"}))
    assert (job.status, job.steps_done, job.steps_total, job.progress) == (Status.DONE, 3, 3, 100)
    facts = training(job)
    assert facts.session_id == "s1" and facts.problems == 1 and facts.started_at and facts.ended_at
    assert len(units(bench)) == 3
    (problem,) = store(bench).notes(job.key, PROBLEM)
    assert (problem["path"], problem["code"]) == ("broken.wav", "audio_unreadable")
    (artefact,) = store(bench).notes(job.key, ARTEFACT)
    assert artefact["kind"] == "folder" and artefact["path"].endswith(str(units(bench)[0].parent))
    (line,) = bench.training.logs.tail(job.job_id, 5)
    assert "words for people" in line and f"nice {min(19, os.nice(0) + 15)}" in line


@both
def test_a_training_keeps_its_losses_and_its_weights(bench: TrainingBench) -> None:
    (job,) = bench.finish(bench.trainings.submit(SOVITS, {"exp_name": "anna", "user_id": "u", "session_id": "s"}))
    assert job.status is Status.DONE and job.steps_done == 16
    points = store(bench).points(job.key)
    assert [point["step"] for point in points] == list(range(1, 17))
    assert points[0]["losses"] == {"mel": 10.0, "kl": None} and points[-1]["epoch"] == 8
    saved = store(bench).notes(job.key, ARTEFACT)
    assert [note["epoch"] for note in saved] == list(range(1, 9))
    assert training(job).progress["epochs"] == 8 and training(job).reached == 8


def test_a_step_that_says_why_it_failed_is_not_repeated(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, fail="the recordings are silent")
    (job,) = bench.finish(bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"}))
    assert (job.status, job.error, job.attempts) == (Status.ERROR, "the recordings are silent", 1)
    assert job.error_said is not None and job.error_said["code"] == "step_failed"


def test_a_job_that_kills_its_process_three_times_is_failed(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=2, die_at=0)
    (job,) = bench.finish(bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"}))
    assert job.status is Status.ERROR and job.attempts == 3
    assert job.error is not None and "SIGKILL" in job.error
    claimed = [event for event in bench.jobs.events.of_job(job.job_id) if event.type == "claimed"]
    assert len(claimed) == 3


def test_an_unexpected_end_is_told_with_its_last_words(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, **{"raise": "ZeroDivisionError: division by zero"})
    (job,) = bench.finish(bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"}))
    assert job.error is not None and "ZeroDivisionError" in job.error and "status 1" in job.error


def test_a_job_goes_on_where_a_stopped_worker_left_it(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=6, seconds=0.15)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})

    async def stop_in_the_middle(_: Worker) -> None:
        await eventually_async(lambda: len(units(bench)) >= 2)

    bench.work(stop_in_the_middle)
    half = bench.find(job)
    assert half.status is Status.WAIT and 2 <= len(units(bench)) < 6
    (done,) = bench.finish(job)
    assert done.status is Status.DONE and len({path.read_text() for path in units(bench)}) == 2


def test_cancelling_ends_the_process(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=1000, seconds=0.05)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})

    async def cancelled(worker: Worker) -> None:
        await eventually_async(lambda: len(units(bench)) >= 1)
        worker.gone(bench.jobs.endings.cancel(SLICE, job.job_id).key)
        await eventually_async(lambda: worker.running == 0)

    bench.work(cancelled)
    pid = int(units(bench)[0].read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert state_of(bench.find(job)) == "cancelled"


@both
def test_a_paused_job_holds_nothing_and_goes_on_when_it_is_resumed(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=8, seconds=0.1)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})

    async def pause(worker: Worker) -> None:
        await eventually_async(lambda: len(units(bench)) >= 1)
        worker.gone(bench.jobs.pausing.pause(SLICE, job.job_id).key)
        await eventually_async(lambda: worker.running == 0)
        at = len(units(bench))
        await asyncio.sleep(0.5)
        assert len(units(bench)) == at < 8 and state_of(bench.find(job)) == "paused"
        bench.jobs.pausing.resume(SLICE, job.job_id)
        await eventually_async(lambda: bench.find(job).ended)

    bench.work(pause)
    assert bench.find(job).status is Status.DONE and len(units(bench)) == 8


def test_a_process_that_ignores_the_wish_to_end_is_killed(bench: TrainingBench) -> None:
    for kind in bench.training.kinds:
        object.__setattr__(kind.workshop.patience, "usual", 0.3)  # type: ignore[attr-defined]
    inp = recordings(bench.settings, units=1000, seconds=0.05, stubborn=True)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})

    async def cancelled(worker: Worker) -> None:
        await eventually_async(lambda: len(units(bench)) >= 1)
        worker.gone(bench.jobs.endings.cancel(SLICE, job.job_id).key)
        await eventually_async(lambda: worker.running == 0)

    bench.work(cancelled)


def test_steps_of_all_kinds_run_one_at_a_time(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=3, seconds=0.05)
    first = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})
    second = bench.trainings.submit(SOVITS, {"exp_name": "anna", "user_id": "u", "session_id": "s"})
    most = 0

    async def both(worker: Worker) -> None:
        nonlocal most
        while not (bench.find(first).ended and bench.find(second).ended):
            most = max(most, worker.running)
            await asyncio.sleep(0.01)

    bench.work(both)
    assert most == 1


def test_a_kill_of_the_step_alone_is_repeated(bench: TrainingBench) -> None:
    inp = recordings(bench.settings, units=5, seconds=0.15)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})

    async def kill(_: Worker) -> None:
        await eventually_async(lambda: len(units(bench)) >= 2)
        os.kill(int(units(bench)[0].read_text()), signal.SIGKILL)
        await eventually_async(lambda: bench.find(job).ended)

    bench.work(kill)
    assert bench.find(job).status is Status.DONE and len(units(bench)) == 5

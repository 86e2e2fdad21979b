"""Leases, fences and attempts: a worker that is gone loses its task, and cannot write when it comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from service.jobs.errors import LeaseLostError
from service.jobs.records import Lease, Status
from service.jobs.worker_names import new_worker_name, surely_dead
from service.speech.records import Plan, Spoken, speech
from tests.service.tasks.bench import Bench

PLAN = Plan(7, "g.ckpt", "s.pth", "v2", 100, ("一。", "二。", "三。"))


pytestmark = pytest.mark.both_databases


def _claimed(bench: Bench, worker: str = "w") -> Lease:
    lease = bench.claim(worker, 15)
    assert lease is not None
    return lease


def _spoken(index: int, frames: int = 10) -> Spoken:
    return Spoken(index, np.full(frames, index + 1, np.int16), 0.0, 0.1, 3, 1, None)


def _nobody_is_dead(_: str) -> bool:
    return False


def test_a_task_is_given_to_one_worker(bench: Bench) -> None:
    bench.submit("t1")
    assert _claimed(bench).job.lease_owner == "w"
    assert bench.claim("other", 15) is None


def test_a_silent_worker_loses_its_task_and_a_living_one_keeps_it(bench: Bench) -> None:
    bench.submit("t1")
    lease = _claimed(bench)
    bench.clock.ahead = 14
    assert bench.jobs.leases.heartbeat("w", [(lease.job.key, lease.job.fence)], 15) == set()
    bench.clock.ahead = 28
    assert bench.jobs.leases.recover(_nobody_is_dead) == []
    bench.clock.ahead = 30
    assert [task.job_id for task in bench.jobs.leases.recover(_nobody_is_dead)] == ["t1"]
    assert bench.status("t1") is Status.WAIT
    assert bench.jobs.leases.heartbeat("w", [(lease.job.key, lease.job.fence)], 15) == {lease.job.key}


def test_a_heartbeat_of_an_older_lease_prolongs_nothing(bench: Bench) -> None:
    """Also where the same worker has the task again: its older attempt is told that it has lost it."""
    bench.submit("t1")
    old = _claimed(bench)
    bench.jobs.leases.recover(lambda _: True)
    new = _claimed(bench)
    assert bench.jobs.leases.heartbeat("w", [(old.job.key, old.job.fence)], 15) == {old.job.key}
    assert bench.jobs.leases.heartbeat("w", [(new.job.key, new.job.fence)], 15) == set()


def test_a_worker_thought_dead_cannot_write(bench: Bench) -> None:
    bench.submit("t1")
    old = _claimed(bench, "old")
    bench.start(old, PLAN)
    bench.jobs.leases.recover(lambda _: True)
    new = _claimed(bench, "new")
    assert new.job.fence > old.job.fence
    for write in (
        lambda: bench.start(old, PLAN),
        lambda: bench.keep(old, _spoken(0)),
        lambda: bench.fail(old, "late", repeat=True),
        lambda: bench.hand_back(old, "late"),
        lambda: bench.finish(old),
    ):
        with pytest.raises(LeaseLostError):
            write()
    assert bench.find("t1").lease_owner == "new"
    assert not list((bench.root / "done").iterdir()), "not even a staged result"


def test_kept_segments_are_there_for_the_next_attempt(bench: Bench) -> None:
    bench.submit("t1")
    lease = _claimed(bench)
    bench.start(lease, PLAN)
    bench.keep(lease, _spoken(0))
    bench.jobs.leases.recover(lambda _: True)
    again = _claimed(bench)
    assert [segment.done for segment in bench.segments("t1")] == [True, False, False]
    facts = speech(again.job)
    assert (facts.seed, facts.weights_gpt, facts.weights_sovits) == (7, "g.ckpt", "s.pth")


def test_kept_segments_of_another_plan_are_forgotten(bench: Bench) -> None:
    bench.submit("t1")
    lease = _claimed(bench)
    bench.start(lease, PLAN)
    bench.keep(lease, _spoken(0))
    other = Plan(7, "g.ckpt", "s.pth", "v2", 100, ("一。二。", "三。"))
    assert [segment.done for segment in bench.start(lease, other)] == [False, False]
    assert bench.find("t1").steps_done == 0


def test_a_segment_whose_samples_are_damaged_is_spoken_again(bench: Bench) -> None:
    bench.submit("t1")
    lease = _claimed(bench)
    bench.start(lease, PLAN)
    for index in range(2):
        bench.keep(lease, _spoken(index))
    bench.hand_back(lease, "test")
    lease = _claimed(bench)
    broken = bench.folders.work("t1") / str(bench.segments("t1")[1].file)
    broken.write_bytes(b"half")
    assert [segment.done for segment in bench.store.undamaged(lease.job)] == [True, False, False]


def test_three_deaths_that_are_surely_its_own_end_the_task(bench: Bench) -> None:
    bench.submit("t1")
    for _ in range(2 + 3):  # two deaths that others may have caused, three with nothing beside it
        assert bench.status("t1") is Status.WAIT
        _claimed(bench)
        bench.jobs.leases.recover(lambda _: True)
    task = bench.find("t1")
    assert task.status is Status.ERROR
    assert task.error == "given up after 3 attempts: its worker died or fell silent"
    assert (bench.root / "error/t1.json").is_file()


def test_a_finished_segment_begins_the_count_with_the_attempt_that_made_it(bench: Bench) -> None:
    bench.submit("t1")
    for index in range(3):
        lease = _claimed(bench)
        bench.start(lease, PLAN)
        bench.fail(lease, "scripted", repeat=True)
        lease = _claimed(bench)
        bench.keep(lease, _spoken(index))
        bench.fail(lease, "scripted", repeat=True)
    assert bench.status("t1") is Status.WAIT


def test_who_was_there_at_two_deaths_runs_alone(bench: Bench) -> None:
    bench.submit("suspect")
    for _ in range(2):
        _claimed(bench)
        bench.jobs.leases.recover(lambda _: True)
    bench.submit("other", "u2")
    beside = bench.claim("w", 15, running=1)
    assert beside is not None and beside.job.job_id == "other"
    assert bench.claim("w", 15, running=1) is None
    alone = bench.claim("w", 15, running=0)
    assert alone is not None and alone.job.job_id == "suspect" and alone.alone


def test_handing_back_costs_no_attempt(bench: Bench) -> None:
    bench.submit("t1")
    for _ in range(10):
        bench.hand_back(_claimed(bench), "shutting down")
    assert bench.find("t1").attempts == 0


def test_a_result_appears_whole_with_its_second_name(bench: Bench) -> None:
    bench.submit("t1")
    lease = _claimed(bench)
    bench.start(lease, PLAN)
    for index in range(3):
        bench.keep(lease, _spoken(index))
    task = bench.finish(lease)
    assert (task.status, task.progress, speech(task).audio_seconds) == (Status.DONE, 100, 0.3)
    content = (bench.root / "done/t1.wav").read_bytes()
    assert np.frombuffer(content[44:], "<i2").tolist() == [1] * 10 + [2] * 10 + [3] * 10
    assert (bench.root / "output/u1/t1/t1.wav").read_bytes() == content
    left = sorted(path.name for path in bench.root.rglob("*t1*") if path.is_file())
    assert left == ["t1.json", "t1.wav", "t1.wav"], "the work folder and the waiting entry are gone"


def test_a_process_that_is_gone_is_known_to_be_dead() -> None:
    name = new_worker_name()
    assert not surely_dead(name)
    child = subprocess.run(
        [sys.executable, "-c", "from service.jobs.worker_names import new_worker_name; print(new_worker_name())"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert surely_dead(child.stdout.strip())
    assert not surely_dead("elsewhere/0/0:1:2:abc"), "of other machines nobody knows"


def test_a_task_cancelled_while_it_is_claimed_is_cancelled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.submit("t1")
    leases = bench.jobs.leases
    usual, cancelled = leases._take_turn, threading.Thread(target=bench.cancel, args=("t1",))

    def take_turn(*arguments: Any) -> None:
        cancelled.start()
        cancelled.join(0.3)  # it waits for the claim, or for nothing
        usual(*arguments)

    monkeypatch.setattr(leases, "_take_turn", take_turn)
    lease = bench.claim("w", 60)
    cancelled.join()
    assert lease is not None and bench.status("t1") is Status.ERROR
    with pytest.raises(LeaseLostError):
        bench.start(lease, PLAN)

"""kill -9 of the worker, again and again: its step dies with it, is continued by the next, and nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.jobs.records import Status
from service.training.names import ONE_CLICK, SLICE
from tests.service.databases import Databases
from tests.service.training.bench import TrainingBench, recordings
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases


def start(address: str, root: Path) -> subprocess.Popen[bytes]:
    """Start a worker."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-m", "tests.service.training.child", address, str(root)], env=environment)


def alive(pid: int) -> bool:
    """Whether a process computes still; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.full)])
def test_a_training_survives_every_kill_of_its_worker(
    bench: TrainingBench, databases: Databases, tmp_path: Path, kills: int
) -> None:
    chance, root = random.Random(3), bench.settings.root
    units = 4 * kills
    inp = recordings(bench.settings, units=units, seconds=0.1)
    job = bench.trainings.submit(SLICE, {"inp": inp, "session_id": "s"})
    address = bench.database.url

    def made() -> list[Path]:
        return list((root / "data/anna").glob("**/unit-*"))

    for _ in range(kills):
        before, process = len(made()), start(address, root)
        eventually(lambda last=before: len(made()) > last or bench.find(job).ended, seconds=120)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.2))
        process.kill()
        process.wait()
        pid = int(max(made(), key=lambda path: path.stat().st_mtime).read_text())
        eventually(lambda pid=pid: not alive(pid), seconds=20)  # type: ignore[misc]
    process = start(address, root)
    try:
        eventually(lambda: bench.find(job).ended, seconds=120)
    finally:
        process.kill()
        process.wait()
    found = bench.find(job)
    assert (found.status, found.steps_done) == (Status.DONE, units), found.error
    assert len(made()) == units and not list((root / "data/anna").glob("**/.unit-*.[0-9]*.tmp"))
    assert [event.type for event in bench.jobs.events.of_job(job.job_id)].count("done") == 1


def test_a_job_that_kills_its_worker_three_times_is_failed(bench: TrainingBench) -> None:
    job = bench.trainings.submit(SLICE, {"inp": recordings(bench.settings), "session_id": "s"})
    for _ in range(3):
        lease = bench.jobs.leases.claim(SLICE, "dead", 60)
        assert lease is not None and lease.job.key == job.key
        bench.jobs.leases.recover(lambda _: True)
    found = bench.find(job)
    assert found.status is Status.ERROR and found.error_said is not None
    assert found.error_said["code"] == "worker_lost" and found.deaths == 3


def test_steps_of_one_click_fail_as_one(bench: TrainingBench) -> None:
    body = {"exp_name": "anna", "user_id": "u", "session_id": "s", "inp": recordings(bench.settings, fail="no speech")}
    (job,) = bench.finish(bench.trainings.submit(ONE_CLICK, body))
    assert job.status is Status.ERROR and job.error is not None and job.error.endswith("no speech")
    assert {step.status for step in bench.jobs.reader.steps(job)} == {Status.ERROR}

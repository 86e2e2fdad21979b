"""Whatever is done to tasks in whatever order: the database and the folders tell one story."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from service.database import Database
from service.files import wav
from service.jobs.errors import JobConflictError, JobMissingError, LeaseLostError
from service.jobs.records import Lease, Status
from service.speech.records import Plan, Spoken
from tests.service.databases import Databases
from tests.service.tasks.bench import make_bench

PLAN = Plan(7, "g.ckpt", "s.pth", "v2", 100, ("一。", "二。"))
NAMES = st.sampled_from(["a", "b", "c"])
FOLDERS = {Status.WAIT: "task", Status.RUN: "task", Status.DONE: "done", Status.ERROR: "error"}


class TaskMachine(RuleBasedStateMachine):
    """Clients, workers, deaths and restarts on one queue."""

    leases = Bundle("leases")

    databases: ClassVar[Databases]

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.database = Database(self.databases.url(self.root))
        self.bench = make_bench(self.root, self.database)
        self.accepted: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "root"):
            self.bench.engine.close(timeout=0)
            self.database.close()
            self.databases.drop(self.root)
            shutil.rmtree(self.root)

    @rule(name=NAMES, user=st.sampled_from(["u", "v"]))
    def submit(self, name: str, user: str) -> None:
        with contextlib.suppress(JobConflictError):
            self.bench.submit(name, user, "一。二。")
            self.accepted.add(name)

    @rule(target=leases)
    def claim(self) -> object:
        lease = self.bench.claim("w", 60)
        return multiple() if lease is None else lease

    @rule(lease=leases, index=st.integers(0, 1))
    def speak(self, lease: Lease, index: int) -> None:
        with contextlib.suppress(LeaseLostError):
            self.bench.start(lease, PLAN)
            self.bench.keep(lease, Spoken(index, np.full(10, index, np.int16), 0, 0.1, 1, 1, None))

    @rule(lease=consumes(leases))
    def finish(self, lease: Lease) -> None:
        with contextlib.suppress(LeaseLostError):
            segments = self.bench.start(lease, PLAN)
            for segment in segments:
                if not segment.done:
                    spoken = Spoken(segment.index, np.full(10, segment.index, np.int16), 0, 0.1, 1, 1, None)
                    self.bench.keep(lease, spoken)
            self.bench.finish(lease)

    @rule(lease=leases, repeat=st.booleans())
    def fail(self, lease: Lease, repeat: bool) -> None:
        with contextlib.suppress(LeaseLostError):
            self.bench.fail(lease, "scripted", repeat=repeat)

    @rule(lease=leases)
    def hand_back(self, lease: Lease) -> None:
        with contextlib.suppress(LeaseLostError):
            self.bench.hand_back(lease, "scripted")

    @rule()
    def every_worker_dies(self) -> None:
        self.bench.jobs.leases.recover(lambda _: True)

    @rule()
    def restart(self) -> None:
        self.bench.jobs.recovery.at_start()

    @rule(name=NAMES)
    def cancel(self, name: str) -> None:
        with contextlib.suppress(JobMissingError, JobConflictError):
            self.bench.cancel(name)

    @rule(name=NAMES)
    def retry(self, name: str) -> None:
        with contextlib.suppress(JobMissingError, JobConflictError):
            self.bench.retry(name, 100)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        with contextlib.suppress(JobMissingError):
            self.bench.remove(name)
            self.accepted.discard(name)

    @invariant()
    def what_was_accepted_is_there_and_in_one_folder(self) -> None:
        if not hasattr(self, "root"):
            return
        assert self.bench.jobs.reader.existing(["a", "b", "c"]) == self.accepted
        for name in ("a", "b", "c"):
            found = {folder for folder in ("task", "done", "error") if (self.root / folder / f"{name}.json").exists()}
            expected = {FOLDERS[self.bench.status(name)]} if name in self.accepted else set()
            assert found == expected, (name, found, expected)

    @invariant()
    def results_are_whole_and_belong_to_finished_tasks(self) -> None:
        if not hasattr(self, "root"):
            return
        for path in self.root.glob("done/*.wav"):
            assert wav.is_complete(path, 20)
            assert self.bench.status(path.stem.lstrip(".")) is Status.DONE


@pytest.mark.both_databases
@pytest.mark.parametrize("examples", [6, pytest.param(60, marks=pytest.mark.full)])
def test_whatever_is_done_to_tasks(databases: Databases, examples: int) -> None:
    TaskMachine.databases = databases
    run_state_machine_as_test(
        TaskMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

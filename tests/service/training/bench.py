"""A queue of trainings in a folder, whose steps only count, as the tests of this folder use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.database import Database
from service.jobs.kinds import Kinds
from service.jobs.manager import JobManager
from service.jobs.records import Change, Job
from service.jobs.worker import Worker
from service.settings import Settings, load_settings
from service.threads import offload_to
from service.training import commands, fields
from service.training.opening import Training, open_training
from service.training.submitting import TrainingJobs
from tests.service.jobs.counting import worker_on
from tests.waiting import eventually_async

FAKE = ("-m", "tests.service.training.fake_step")


def fake_steps(patch: Callable[[object, str, object], None]) -> None:
    """Let jobs run steps that only count."""
    patch(commands, "PREPARE", FAKE)
    patch(commands, "TRAIN", FAKE)


def recordings(settings: Settings, name: str = "data/anna/raw", **plan: Any) -> str:
    """Make a folder of recordings with a plan for the fake step; return its path as clients name it."""
    folder = settings.root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    return name


def networks(root: Path) -> None:
    """Put files where the official networks lie."""
    for path in (fields.ROBERTA, fields.HUBERT):
        (root / path).mkdir(parents=True, exist_ok=True)
    for path in (fields.S2G, fields.S2D, fields.S1):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"weights")


class TrainingBench:
    """The queue with the kinds of training alone.

    Attributes:
        jobs: The queue.
        trainings: Accepts jobs.
        changes: What was announced.
    """

    def __init__(self, root: Path, database: Database, **given: Any) -> None:
        root.mkdir(exist_ok=True)
        self.settings = load_settings(root=root, host="127.0.0.1", **given)
        self.database = database
        self.training: Training = open_training(self.settings, FakeEngine(), database.reading, root / "Logs")
        self.changes: list[Change] = []
        self.jobs = JobManager(database, Kinds(*self.training.kinds), self.changes.append)
        self.trainings = TrainingJobs(self.jobs, database.reading, self.training.commands, 100)

    def worker(self, threads: ThreadPoolExecutor) -> Worker:
        """Return a worker that looks often; not started."""
        worker = worker_on(self.jobs, self.settings.root, offload_to(threads), *self.training.kinds)
        return worker

    def find(self, job: Job) -> Job:
        """Return a job as it is now."""
        return self.jobs.reader.find(job.kind, job.job_id)

    def work(self, story: Callable[[Worker], Any]) -> None:
        """Let a worker work while something happens."""

        async def whole() -> None:
            with ThreadPoolExecutor(8) as threads:
                worker = self.worker(threads)
                await worker.start()
                try:
                    await story(worker)
                finally:
                    await worker.stop()

        asyncio.run(whole())

    def finish(self, *jobs: Job, seconds: float = 60.0) -> list[Job]:
        """Let a worker work until jobs have ended; return them."""

        async def story(_: Worker) -> None:
            await eventually_async(lambda: all(self.find(job).ended for job in jobs), seconds)

        self.work(story)
        return [self.find(job) for job in jobs]


@pytest.fixture
def bench(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> TrainingBench:
    fake_steps(monkeypatch.setattr)
    made = TrainingBench(tmp_path / "root", database)
    networks(made.settings.root)
    return made

"""A queue of voice tasks in a folder with the fake engine, as the tests of this folder use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GPT_SoVITS.engine.messages import Reference, SynthesisRequest
from GPT_SoVITS.testing.fake import FakeEngine
from service.bus import ChangeBus
from service.database import Database
from service.jobs.bells import LocalBell
from service.jobs.kinds import Kinds, Need
from service.jobs.manager import JobManager
from service.jobs.records import Change, Job, Lease, NewJob, Status
from service.jobs.worker import Worker, WorkerSettings
from service.speech.files import TaskFiles
from service.speech.kind import SpeechKind
from service.speech.records import KIND, Plan, Segment, Spoken, new_speech, text_of
from service.speech.segments import SegmentStore
from service.threads import offload_to

TEXT = "第一句话。第二句话。第三句话。"
SEGMENTS = 3


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class FolderRequests:
    """What the engine is asked: always with the one reference in a folder."""

    root: Path

    def check(self, new: NewJob) -> NewJob:
        """Every text can be spoken."""
        return new

    def make(self, job: Job) -> SynthesisRequest:
        """What the engine is asked for a task."""
        reference = self.root / "reference.wav"
        if not reference.exists():
            reference.write_bytes(b"RIFF")
        return SynthesisRequest(
            text_of(job), "all_zh", Reference(str(reference)), seed=job.request.get("seed"), owner=job.user_id
        )


@dataclass
class Bench:
    """A queue, its clock, and everything that was announced."""

    root: Path
    jobs: JobManager
    kind: SpeechKind
    store: SegmentStore
    clock: Clock
    changes: list[Change]
    engine: FakeEngine
    cut: Callable[[], object] = lambda: None
    """What a test does to the database in the middle of a step."""

    @property
    def folders(self) -> TaskFiles:
        """Where files lie."""
        return self.store.files.folders

    def submit(self, task_id: str, user_id: str = "u1", text: str = TEXT, **fields: Any) -> Job:
        """Accept a task."""
        return self.submit_within(1000, task_id, user_id, text, **fields)[0]

    def submit_within(
        self, limit: int, task_id: str, user_id: str = "u1", text: str = TEXT, **fields: Any
    ) -> tuple[Job, bool]:
        """Accept a task of a user who may have so many waiting; say whether it is new."""
        return self.jobs.admission.submit(new_speech(task_id, user_id, {"text": text, **fields}), limit)

    def request(self, job: Job) -> SynthesisRequest:
        """What the engine is asked for a task."""
        return self.kind.requests.make(job)

    def worker(self, pool: ThreadPoolExecutor, *, parallel: int = 8, **settings: Any) -> Worker:
        """A worker on this queue; not started."""
        given = {"heartbeat_seconds": 0.1, "sweep_seconds": 0.2, **settings}
        self.kind.need = Need(device=True, parallel=parallel)
        return Worker(
            self.jobs, {KIND: self.kind}, LocalBell(), offload_to(pool), WorkerSettings((self.root,), **given)
        )

    def claim(self, worker: str = "w", seconds: float = 60, *, running: int = 0) -> Lease | None:
        """Give a worker the next task."""
        return self.jobs.leases.claim(KIND, worker, seconds, running=running)

    def start(self, lease: Lease, plan: Plan) -> list[Segment]:
        """Pin what the engine uses."""
        return self.store.start(lease.job, plan)

    def keep(self, lease: Lease, spoken: Spoken) -> Job:
        """Keep a finished segment."""
        return self.store.keep(lease.job, spoken)

    def finish(self, lease: Lease) -> Job:
        """Stitch a task and let it end well."""
        return self.jobs.attempts.finish(lease.job, self.store.stitched(lease.job))

    def fail(self, lease: Lease, reason: str, *, repeat: bool) -> Job:
        """Let an attempt end in failure."""
        return self.jobs.attempts.fail(lease.job, reason, repeat=repeat)

    def hand_back(self, lease: Lease, reason: str) -> Job:
        """Let a task wait again."""
        return self.jobs.attempts.hand_back(lease.job, reason)

    def cancel(self, task_id: str) -> Job:
        """End a task."""
        return self.jobs.endings.cancel(KIND, task_id)

    def remove(self, task_id: str) -> Job:
        """Remove a task."""
        return self.jobs.endings.remove(KIND, task_id)

    def retry(self, task_id: str, limit: int = 1000) -> Job:
        """Let a failed task wait again."""
        return self.jobs.admission.retry(KIND, task_id, limit)

    def find(self, task_id: str) -> Job:
        """Return a task."""
        return self.jobs.reader.find(KIND, task_id)

    def segments(self, task_id: str) -> list[Segment]:
        """Return a task's segments."""
        return self.store.of_job(self.find(task_id))

    def status(self, task_id: str) -> Status:
        """Where a task stands."""
        return self.find(task_id).status

    def events(self, task_id: str) -> list[str]:
        """What happened to a task, in a word each."""
        return [event.type for event in self.jobs.events.of_job(task_id)]


def make_kind(root: Path, database: Database, engine: FakeEngine) -> SpeechKind:
    """Return speech as a kind, with its files in a folder."""
    return SpeechKind(
        engine=engine,
        folders=TaskFiles(root),
        requests=FolderRequests(root),
        reading=database.reading,
        bus=ChangeBus(),
    )


def make_bench(root: Path, database: Database, **given: Any) -> Bench:
    """Return a bench on a database whose tables exist."""
    clock, changes, engine = Clock(), list[Change](), FakeEngine()
    kind = make_kind(root, database, engine)
    jobs = JobManager(database, Kinds(kind), changes.append, clock, **given)
    return Bench(root, jobs, kind, SegmentStore(jobs, database.reading, kind.files), clock, changes, engine)

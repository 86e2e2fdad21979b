"""A queue in a folder with the fake engine, as the tests of this folder use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from GPT_SoVITS.engine.fake import FakeEngine
from GPT_SoVITS.engine.messages import Reference, SynthesisRequest
from service.database import Database
from service.tasks.bus import ChangeBus
from service.tasks.dispatcher import Dispatcher, DispatcherSettings, offload_to
from service.tasks.estimate import SpeedMeter
from service.tasks.files import TaskFiles
from service.tasks.records import Change, NewTask, Status, Task
from service.tasks.work import WorkStore

TEXT = "第一句话。第二句话。第三句话。"
SEGMENTS = 3


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Bench:
    """See the module."""

    root: Path
    store: WorkStore
    clock: Clock
    changes: list[Change]
    engine: FakeEngine = field(default_factory=FakeEngine)
    cut: Callable[[], object] = lambda: None
    """What a test does to the database in the middle of a step."""

    def submit(self, task_id: str, user_id: str = "u1", text: str = TEXT, **fields: Any) -> Task:
        """Accept a task."""
        return self.store.submit(NewTask(task_id, user_id, {"text": text, **fields}), 1000)[0]

    def request(self, task: Task) -> SynthesisRequest:
        """What the engine is asked for a task."""
        reference = self.root / "reference.wav"
        if not reference.exists():
            reference.write_bytes(b"RIFF")
        return SynthesisRequest(
            task.text, "all_zh", Reference(str(reference)), seed=task.request.get("seed"), owner=task.user_id
        )

    def dispatcher(self, pool: ThreadPoolExecutor, **settings: Any) -> Dispatcher:
        """A worker on this queue; not started."""
        return Dispatcher(
            store=self.store,
            engine=self.engine,
            make_request=self.request,
            offload=offload_to(pool),
            bus=ChangeBus(),
            meter=SpeedMeter(),
            settings=DispatcherSettings(**{"heartbeat_seconds": 0.1, "sweep_seconds": 0.2, **settings}),
        )

    def status(self, task_id: str) -> Status:
        """Where a task stands."""
        return self.store.find(task_id).status

    def kinds(self, task_id: str) -> list[str]:
        """The task's story, in a word each."""
        return [happening.kind.value for happening in self.store.story(task_id)]


def make_bench(root: Path, database: Database, **store: Any) -> Bench:
    """Return a bench on a database whose tables exist."""
    clock, changes = Clock(), list[Change]()
    made = WorkStore(database.writing, database.reading, TaskFiles(root), changes.append, clock, **store)
    return Bench(root, made, clock, changes)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)

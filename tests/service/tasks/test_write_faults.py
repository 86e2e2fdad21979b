"""Every write of a task's life fails once, in each folder: no task is lost and none loses an attempt."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.database import Database
from service.errors import StorageFullError
from service.files import wav
from service.jobs import running
from service.jobs.records import Status
from tests.service.databases import Databases
from tests.service.tasks.bench import SEGMENTS, Bench, make_bench
from tests.waiting import eventually_async

FOLDERS = ("task", "done", "output", "error", "Logs")
_WRITES = ("open", "mkdir", "replace")


class Volume:
    """A folder on a disk of its own, of which one write fails.

    Attributes:
        count: Writes so far.
        failed: Those that failed.
    """

    def __init__(self, folder: Path, number: int, fault: int) -> None:
        self.count = self.failed = 0
        self._folder, self._number, self._fault = str(folder), number, fault

    def write(self, path: Any) -> None:
        """A write is about to happen."""
        if str(path).startswith(self._folder):
            self.count += 1
            if self.count == self._number:
                self.failed += 1
                raise OSError(self._fault, os.strerror(self._fault), str(path))

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Volume]:
        """Let writes pass here while the block runs."""
        with pytest.MonkeyPatch.context() as patch:
            for name in _WRITES:
                self._watch(patch, Path, name)
            self._watch(patch, os, "link", 1)
            yield self

    def _watch(self, patch: pytest.MonkeyPatch, owner: Any, name: str, place: int = 0) -> None:
        original = getattr(owner, name)

        def watched(*given: Any, **more: Any) -> Any:
            mode = given[1] if len(given) > 1 else more.get("mode", "r")
            if name != "open" or set(str(mode)) & set("wxa"):
                self.write(given[place])
            return original(*given, **more)

        patch.setattr(owner, name, watched)


async def _work(bench: Bench, pool: ThreadPoolExecutor) -> None:
    worker = bench.worker(pool, sweep_seconds=60.0)
    await worker.start()
    try:
        await eventually_async(lambda: bench.find("t1").ended)
    finally:
        await worker.stop()


def _accepted(bench: Bench) -> None:
    with contextlib.suppress(OSError, StorageFullError):
        bench.submit("t1", stream=True)
        return
    assert not bench.jobs.reader.existing(["t1"]), "refused means not there"
    assert not list(bench.folders.task.iterdir())
    bench.submit("t1", stream=True)


def _life(root: Path, database: Database, pool: ThreadPoolExecutor, volume: Volume) -> None:
    bench = make_bench(root, database)
    try:
        with volume.mounted():
            _accepted(bench)
            asyncio.run(_work(bench, pool))
        task = bench.find("t1")
        assert (task.status, task.error, task.steps_done, task.deaths) == (Status.DONE, None, SEGMENTS, 0)
        events = bench.events("t1")
        assert "repeated" not in events and "failed" not in events, events
        assert events.count("segment") == SEGMENTS, "nothing was spoken twice and kept twice"
        bench.jobs.recovery.at_start()
        assert wav.is_complete(bench.folders.done_wav("t1")) and bench.folders.outputs.wav("u1", "t1").is_file()
        assert not list(bench.folders.task.iterdir()) and not list(bench.folders.done.glob(".*"))
        bench.remove("t1")
        assert not [path for name in FOLDERS[:4] for path in (root / name).rglob("*") if path.is_file()]
    finally:
        bench.engine.close(timeout=1)


def _every(
    tmp_path: Path, databases: Databases, folders: tuple[str, ...], faults: tuple[int, ...], step: int
) -> dict[str, int]:
    found: dict[str, int] = {}
    with ThreadPoolExecutor(8) as pool:
        for folder in folders:
            for fault in faults:
                for number in range(1, 200, step):
                    root = tmp_path / f"{folder}-{fault}-{number}"
                    database = Database(databases.url(root))
                    try:
                        volume = Volume(root / folder, number, fault)
                        _life(root, database, pool, volume)
                    finally:
                        database.close()
                    if not volume.failed:
                        break
                    name = f"{folder} {errno.errorcode[fault]}"
                    found[name] = found.get(name, 0) + 1
    return found


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "FULL_DELAY", 0.05)


def test_some_writes_that_fail_lose_nothing(tmp_path: Path, databases: Databases) -> None:
    found = _every(tmp_path, databases, ("task", "done", "output"), (errno.ENOSPC,), 5)
    assert set(found) == {"task ENOSPC", "done ENOSPC", "output ENOSPC"}, found


@pytest.mark.full
def test_every_write_that_fails_loses_nothing(tmp_path: Path, databases: Databases) -> None:
    found = _every(tmp_path, databases, FOLDERS, (errno.ENOSPC, errno.EDQUOT, errno.EIO), 1)
    print("\nwrites that failed, each once:", found)
    assert sum(found.values()) > 90

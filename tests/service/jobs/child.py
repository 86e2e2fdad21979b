"""A worker that counts, as a process of its own: ``python -m tests.service.jobs.child ADDRESS FOLDER``."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.database import Database
from service.threads import offload_to
from tests.service.jobs.counting import CountingKind, counting_queue, worker_on


async def _work(address: str, folder: Path) -> None:
    kind, database = CountingKind(seconds_per_step=0.02), Database(address)
    worker = worker_on(counting_queue(database, kind), folder, offload_to(ThreadPoolExecutor(8)), kind)
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], Path(sys.argv[2])))

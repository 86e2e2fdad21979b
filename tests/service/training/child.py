"""A worker on trainings that only count, as a process of its own: ``python -m tests.service.training.child ...``."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.database import Database
from tests.service.training.bench import TrainingBench, fake_steps


async def _work(address: str, root: Path) -> None:
    fake_steps(setattr)
    await TrainingBench(root, Database(address)).worker(ThreadPoolExecutor(8)).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], Path(sys.argv[2])))

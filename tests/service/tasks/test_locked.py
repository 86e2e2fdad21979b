"""A database that was locked for longer than a lease is no death of the worker that could not write."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from service.jobs.records import Status
from tests.service.tasks.bench import Bench
from tests.waiting import eventually_async


def test_a_worker_takes_no_job_from_itself(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.submit("t1")
    bench.engine.hold()

    async def work() -> None:
        worker = bench.worker(pool, heartbeat_seconds=60.0, lease_seconds=0.2, sweep_seconds=0.05)
        await worker.start()
        try:
            await eventually_async(lambda: "claimed" in bench.events("t1"))
            bench.clock.ahead += 3600  # the lease has run out, as after a lock or a clock that was set
            await asyncio.sleep(0.5)
            bench.engine.release()
            await eventually_async(lambda: bench.find("t1").ended)
        finally:
            await worker.stop()

    asyncio.run(work())
    assert bench.status("t1") is Status.DONE
    events = bench.events("t1")
    assert events.count("claimed") == 1 and "repeated" not in events, events

"""A row that no version has written costs itself alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from service.jobs.reader import Choice
from service.jobs.records import Status
from service.speech.records import KIND
from tests.service.tasks.bench import Bench

WRONG = ("request = '{'", "status = 'odd'", "created_at = 'yesterday'")


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("status", ["wait", "run", "done", "removed"])
def test_it_is_passed_over(bench: Bench, pool: ThreadPoolExecutor, wrong: str, status: str) -> None:
    for name in ("t1", "bad", "t2"):
        bench.submit(name)
    with bench.jobs.transactions.begin() as transaction:
        change = "removed = 1" if status == "removed" else f"status = '{status}'"
        transaction.session.execute(text(f"UPDATE jobs SET {change}, {wrong} WHERE job_id = 'bad'"))
    report = bench.jobs.recovery.at_start()
    assert report.counted.get("set aside", 0) == int(status != "done" or "odd" in wrong)
    jobs, _ = bench.jobs.reader.page(KIND, Choice(), 1, 10)
    assert {"t1", "t2"} <= {job.job_id for job in jobs}
    assert [bench.status(name) for name in ("t1", "t2")] == [Status.WAIT] * 2
    bench.jobs.leases.recover()
    claimed = {lease.job.job_id for _ in range(3) if (lease := bench.claim()) is not None}
    assert {"t1", "t2"} <= claimed
    bench.cancel("t1")
    swept = bench.jobs.endings.sweep(bench.clock() + 10)
    assert "t1" in {job.job_id for job in swept}

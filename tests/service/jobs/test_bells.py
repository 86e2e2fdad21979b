"""What wakes a worker: a ring is heard at once, within a process and between processes; a lost one costs a poll."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from service.jobs.bells import LocalBell, NotifyBell
from tests.service.databases import Databases

LONG = 60.0


def heard_within(bell: LocalBell | NotifyBell, ring: Callable[[], None]) -> float:
    """Return after how many seconds a ring is heard that comes while somebody listens."""

    async def listen() -> float:
        began = time.monotonic()
        threading.Timer(0.05, ring).start()
        await bell.heard(LONG)
        return time.monotonic() - began

    return asyncio.run(listen())


def test_a_ring_from_another_thread_is_heard() -> None:
    bell = LocalBell()
    assert heard_within(bell, bell.ring) < LONG / 2


def test_a_ring_before_anybody_listens_is_not_lost() -> None:
    bell = LocalBell()
    bell.ring()
    assert heard_within(bell, lambda: None) < LONG / 2


def test_without_a_ring_the_worker_looks_all_the_same() -> None:
    asyncio.run(LocalBell().heard(0.01))


def test_a_ring_is_heard_by_another_process_on_the_database(
    databases_of: Callable[[str], Databases], tmp_path: Path
) -> None:
    url = make_url(databases_of("postgresql").url(tmp_path)).set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    here, there = NotifyBell(address, LocalBell()), NotifyBell(address, LocalBell())
    stop = threading.Event()

    def keep_ringing() -> None:  # the listener may need a moment to connect
        while not stop.wait(0.2):
            here.ring()

    ringing = threading.Thread(target=keep_ringing)
    ringing.start()
    try:
        assert heard_within(there, lambda: None) < LONG / 2
    finally:
        stop.set()
        ringing.join()
        for bell in (here, there):
            bell.close()

"""A thousand pollers and two hundred event streams while segments are spoken.

The clients are bare protocols on kept connections, since they share the machine with what they measure.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import psutil

from tests.service.proof.figures import Found, milliseconds, percentile
from tests.service.proof.harness import Service, serving, task_body

_TASKS = 40
_SETTLING_S = 4.0
_SEGMENTS_PER_S = 20
# One thread of products after another, as an engine computes, at a lower priority than the answers; every round it
# says how many it has done.
_WORK = """
import sys, time
import numpy as np
left = np.ones((256, 256), np.float32)
path, rounds = sys.argv[1], 0
while True:
    for _ in range(50):
        left @ left
    rounds += 1
    with open(path, "w") as file:
        file.write(f"{rounds:12d}")
"""


def pollers_and_streams(
    root: Path, pollers: int = 1000, streams: int = 200, seconds: float = 20.0, busy: int = 0, **settings: object
) -> Found:
    """Pollers at 1 Hz and event streams during synthesis: how long an answer takes, and how much synthesis slows.

    Args:
        root: An empty folder.
        pollers: Each asks for one task once a second.
        streams: Each follows one task.
        seconds: How long they stay.
        busy: Processes that compute all the time, as the real engine does; without them the engine only waits.
        settings: Of the service, beside those of the proof.
    """
    given = {"concurrent_tasks": 4, "waiting_limit": 1_000_000, **settings}
    with (
        _working(root, busy) as work,
        serving(root, seconds_per_segment=0.2, parallel=4, **given) as service,
    ):
        _fill(service, seconds)
        time.sleep(1.0)
        assert service.process is not None
        server = psutil.Process(service.process.pid)
        before, spent = (work.done(), _finished(service), time.monotonic()), _cpu(server)
        time.sleep(seconds / 2)
        quiet, api_alone = _rates(work, service, before), 2 * (_cpu(server) - spent) / seconds
        crowd = Crowd(service, pollers, streams, seconds, work)
        _run(crowd.run())
    return crowd.found(quiet, api_alone)


class _Work:
    """Processes that compute, and how far they are."""

    def __init__(self, root: Path, count: int) -> None:
        self._paths = [root / f"work-{number}" for number in range(count)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.processes = [
            subprocess.Popen(["nice", sys.executable, "-c", _WORK, str(path)], env=environment) for path in self._paths
        ]

    def done(self) -> int:
        """Return the rounds of all."""
        return sum(int(path.read_text() or 0) for path in self._paths if path.exists())


@contextlib.contextmanager
def _working(root: Path, count: int) -> Iterator[_Work]:
    work = _Work(root, count)
    try:
        yield work
    finally:
        for process in work.processes:
            process.kill()
            process.wait()


def _rates(work: _Work, service: Service, before: tuple[int, int, float]) -> tuple[float, float]:
    took = time.monotonic() - before[2]
    return (work.done() - before[0]) / took, (_finished(service) - before[1]) / took


def _run(crowd: Any) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(crowd)
    else:
        uvloop.run(crowd)


def _fill(service: Service, seconds: float) -> None:
    """Submit enough to be spoken for as long as anybody looks."""
    segments = _SEGMENTS_PER_S * (2 * seconds + 20)
    with service.client(60) as client:
        for number in range(_TASKS):
            text = "一句话。两句话。三句话。" * (1 + int(segments / 3 / _TASKS))
            client.post("/voice-tasks", json=task_body(f"p{number}", text, how_to_cut="按中文句号。切"))


def _finished(service: Service) -> int:
    return service.spoken.read_bytes().count(b"\n") if service.spoken.exists() else 0


class Crowd:
    """The clients, what they saw, and what it cost.

    Args: see :func:`pollers_and_streams`.
    """

    def __init__(self, service: Service, pollers: int, streams: int, seconds: float, work: _Work) -> None:
        self.service, self.seconds = service, seconds
        self._pollers, self._streams, self._work = pollers, streams, work
        self.latencies: list[float] = []
        self.told: Counter[str] = Counter()
        self.rates = (0.0, 0.0)
        self.cost: dict[str, float] = {}

    async def run(self) -> None:
        """Let them come, stay and go."""
        loop = asyncio.get_running_loop()
        for number in range(self._streams):
            follower = _Follower(f"/voice-tasks/p{number % _TASKS}/events", self.told)
            await loop.create_connection(partial(_same, follower), "127.0.0.1", self.service.port)
        for number in range(self._pollers):
            poller = _Poller(f"/voice-tasks/p{number % _TASKS}", self)
            await loop.create_connection(partial(_same, poller), "127.0.0.1", self.service.port)
        await asyncio.sleep(_SETTLING_S)
        self.latencies.clear()
        assert self.service.process is not None
        server, own = psutil.Process(self.service.process.pid), psutil.Process()
        before = self._work.done(), _finished(self.service), time.monotonic()
        spent = _cpu(server), _cpu(own)
        await asyncio.sleep(self.seconds)
        self.rates = _rates(self._work, self.service, before)
        self.cost = {
            "api": (_cpu(server) - spent[0]) / self.seconds,
            "clients": (_cpu(own) - spent[1]) / self.seconds,
        }

    def found(self, quiet: tuple[float, float], api_alone: float) -> Found:
        """Return the figures, beside those of the time without clients (rates, and processor time of the API)."""
        slowed = [
            100 * (1 - crowded / alone) if alone else 0.0 for crowded, alone in zip(self.rates, quiet, strict=True)
        ]
        in_time = percentile(self.latencies, 0.99) < 0.2 and len(self.latencies) > 0.9 * self._pollers * self.seconds
        return {
            "good": in_time and max(slowed) < 5 and self.told["status_200"] > 0,
            "poll": milliseconds(self.latencies),
            "polls_per_second": round(len(self.latencies) / self.seconds, 1),
            "told": dict(self.told),
            "api_cpu_percent": [round(100 * api_alone, 1), round(100 * self.cost["api"], 1)],
            "clients_cpu_percent": round(100 * self.cost["clients"], 1),
            "segments_per_second": [round(quiet[1], 2), round(self.rates[1], 2)],
            "segments_slowed_percent": round(slowed[1], 1),
            "computing_slowed_percent": round(slowed[0], 1),
        }


def _same(protocol: asyncio.Protocol) -> asyncio.Protocol:
    return protocol


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class _Poller(asyncio.Protocol):
    """Asks once a second over one connection."""

    def __init__(self, path: str, crowd: Crowd) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._crowd = crowd
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin at any moment of the second."""
        self._transport = cast(asyncio.Transport, transport)
        self._loop.call_later(random.random(), self._ask)

    def _ask(self) -> None:
        if self._transport is not None:
            self._began = time.perf_counter()
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note a whole answer."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]):
            return
        took = time.perf_counter() - self._began
        self._crowd.latencies.append(took)
        self._crowd.told[f"status_{head[9:12].decode()}"] += 1
        self._buffer = b""
        self._loop.call_later(max(0.0, 1.0 - took), self._ask)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ask no more."""
        self._crowd.told["lost"] += exc is not None
        self._transport = None


class _Follower(asyncio.Protocol):
    """Counts the events of one stream."""

    def __init__(self, path: str, told: Counter[str]) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._told = told

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count."""
        self._told["events"] += data.count(b"event: task")

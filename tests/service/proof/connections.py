"""Silent, talkative and endless connections: ``python -m tests.service.proof connections``.

A service whose process may open 1,024 files meets 2,000 sockets that say nothing, 50 clients that send thousands of
requests without reading an answer, and a header of 200 MB, all at once. Its health is asked meanwhile.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.service.proof.harness import Service

FILES = 1024
_REQUEST = b"GET /voice-categories HTTP/1.1\r\nHost: localhost\r\n\r\n"


def run(
    folder: Path, idle: int = 2000, pipelining: int = 50, header_mb: int = 200, seconds: float = 10
) -> dict[str, object]:
    """Return what was seen: the slowest health answer in seconds, and how far memory grew in MB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    service = Service(folder, connections=FILES - 200)
    # The service inherits this and would raise it to the hard limit, so it is told how many connections that means.
    with _files(FILES):
        service.start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, idle + pipelining + 500)), hard))
    try:
        return _measure(service, idle, pipelining, header_mb, seconds)
    finally:
        service.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def _files(soft: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _measure(service: Service, idle: int, pipelining: int, header_mb: int, seconds: float) -> dict[str, object]:
    before, stop = service.memory(), threading.Event()
    silent = [_connected(service.port) for _ in range(idle)]
    talkers = [threading.Thread(target=_pipeline, args=(service.port, stop)) for _ in range(pipelining)]
    talkers.append(threading.Thread(target=_endless_header, args=(service.port, header_mb, stop)))
    for each in talkers:
        each.start()
    slowest, peak, asked, failed = 0.0, before, 0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            with service.client(5.0) as client:
                failed += client.get("/healthz").status_code != 200
        except httpx.HTTPError:
            failed += 1
        slowest, asked = max(slowest, time.monotonic() - began), asked + 1
        peak = max(peak, service.memory())
        time.sleep(0.05)
    stop.set()
    for each in talkers:
        each.join(20)
    for connection in silent:
        connection.close()
    grown = (peak - before) / 1e6
    return {
        "idle": idle,
        "pipelining": pipelining,
        "header_mb": header_mb,
        "asked": asked,
        "failed": failed,
        "slowest_s": round(slowest, 3),
        "grown_mb": round(grown, 1),
        "good": failed == 0 and slowest < 1.0 and grown < 100,
    }


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _pipeline(port: int, stop: threading.Event) -> None:
    """Send requests without reading; begin anew when the service has had enough."""
    while not stop.is_set():
        with contextlib.suppress(OSError), _connected(port) as connection:
            connection.settimeout(1.0)
            for _ in range(60):
                connection.sendall(_REQUEST * 2000)
                if stop.is_set():
                    return
        time.sleep(0.05)


def _endless_header(port: int, megabytes: int, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(OSError), _connected(port) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
            for _ in range(megabytes):
                connection.sendall(b"x" * (1 << 20))
        time.sleep(0.05)

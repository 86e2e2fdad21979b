"""An application behind real HTTP on a thread of the test's process, and clients of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from tests.waiting import PATIENCE, eventually


def http_client(address: str, timeout: float = PATIENCE) -> httpx.Client:
    """Return a client of a service on this machine, without certificates: reading them takes longer than most tests."""
    return httpx.Client(base_url=address, timeout=timeout, trust_env=False, verify=False)


class ThreadServer(uvicorn.Server):
    """A server that runs on a thread."""

    async def main_loop(self) -> None:
        """Notice the end sooner than the original, which looks ten times a second."""
        while not self.should_exit:
            await asyncio.sleep(0.005)

    @contextmanager
    def running(self) -> Iterator[int]:
        """Listen within a block; yields the port.

        Raises:
            AssertionError: it did not start, or did not stop.
        """
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            eventually(lambda: self.started or not thread.is_alive())
            assert self.started, "the service did not start"
            port: int = self.servers[0].sockets[0].getsockname()[1]
            yield port
        finally:
            self.should_exit = True
            thread.join(timeout=60)
            assert not thread.is_alive(), "the service did not stop"

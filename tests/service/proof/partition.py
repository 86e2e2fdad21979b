"""A process behind a network cable that can be pulled: a network namespace, and forwarders to servers of this machine.

What is sent while the cable is out gets lost, and nobody is told: connections stay as they are, as with a machine
whose switch fails. Needs root and the program ``ip``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import make_url

_HERE, _THERE = "10.213.87.1", "10.213.87.2"
_BYTES = 65536


class NoNamespaceError(Exception):
    """No network namespace can be made here; the message says why."""


class Cable:
    """See the module; made by :func:`cable`.

    Attributes:
        command: The words before a command that run it at the other end.
    """

    def __init__(self, name: str) -> None:
        self._name, self._near, self._far = name, f"{name}a", f"{name}b"
        self.command = ["ip", "netns", "exec", name]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def lay(self) -> None:
        """Make the namespace, and connect it."""
        _ip("netns", "add", self._name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._name)
        _ip("address", "add", f"{_HERE}/30", "dev", self._near)
        _ip("-n", self._name, "address", "add", f"{_THERE}/30", "dev", self._far)
        _ip("-n", self._name, "link", "set", "lo", "up")
        _ip("-n", self._name, "link", "set", self._far, "up")
        self.mend()

    def cut(self) -> None:
        """Pull the cable, at the end of the servers: the other one only hears nothing any more."""
        _ip("link", "set", self._near, "down")

    def mend(self) -> None:
        """Plug it in."""
        _ip("link", "set", self._near, "up")

    def address(self, url: str) -> str:
        """Return where a server of this machine, named by its address, is reached from the other end."""
        server = make_url(url)
        query = dict(server.query)
        folder, port = query.pop("host", None), server.port or query.pop("port", "5432")
        forwarding = self._forward(f"{folder}/.s.PGSQL.{port}" if folder else (server.host, port))
        near = asyncio.run_coroutine_threadsafe(forwarding, self._loop).result(10)
        return server.set(host=_HERE, port=near, query=query).render_as_string(hide_password=False)

    async def _forward(self, server: Any) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.CancelledError):  # the latter at the end of all
                if isinstance(server, str):
                    inner_reader, inner_writer = await asyncio.open_unix_connection(server)
                else:
                    inner_reader, inner_writer = await asyncio.open_connection(*server)
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

        listener = await asyncio.start_server(connected, _HERE, 0)
        return int(listener.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Take everything away; processes at the other end must have ended."""
        asyncio.run_coroutine_threadsafe(_end_others(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        with contextlib.suppress(NoNamespaceError):
            _ip("netns", "del", self._name)


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


def _ip(*words: str) -> None:
    try:
        subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)
    except subprocess.CalledProcessError as error:
        raise NoNamespaceError(f"ip {' '.join(words)}: {error.stderr.decode(errors='replace').strip()}") from error


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """A cable that is plugged in, and gone afterwards.

    Raises:
        NoNamespaceError: none can be laid here.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoNamespaceError("a network namespace needs root and the program ip")
    laid = Cable(f"gsv{os.getpid() % 100_000}")
    try:
        laid.lay()
        yield laid
    finally:
        laid.close()

"""A RabbitMQ of one's own in a scratch folder, for tests and proofs; it may be stopped and killed like a service."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import psutil

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_USER = "rabbitmq"
_PORTS = (20_000, 32_000)
_CONFIG = """\
loopback_users = none
listeners.tcp.1 = 127.0.0.1:{port}
disk_free_limit.absolute = 10MB
vm_memory_high_watermark.absolute = 2GB
"""


class NoBrokerError(Exception):
    """No broker can be started here; the message says why."""


def _free_ports(count: int) -> list[int]:
    """Return ports that no outgoing connection is given while the broker is away."""
    found: list[int] = []
    while len(found) < count:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(*_PORTS)))
            found.append(int(probe.getsockname()[1]))
    return found


def _as_its_user(folder: Path) -> list[str]:
    """Return the words before a command that run it as the broker's user, whom the folder then belongs to."""
    user = next((user for user in pwd.getpwall() if user.pw_name == _USER), None)
    if os.geteuid() != 0 or user is None or shutil.which("setpriv") is None:
        return []
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


class RabbitServer:
    """See the module; made by :func:`rabbit_server`.

    Args:
        folder: Empty.

    Raises:
        NoBrokerError: none can be started here.
    """

    def __init__(self, folder: Path) -> None:
        if not _PROGRAM.exists():
            raise NoBrokerError("no RabbitMQ server is installed (bash install.sh --dev)")
        self.port, distribution, self._names = _free_ports(3)
        for name in ("data", "log"):
            (folder / name).mkdir()
        (folder / "broker.conf").write_text(_CONFIG.format(port=self.port))
        (folder / "plugins").write_text("[].")
        self._folder, self._prefix = folder, _as_its_user(folder)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "broker.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "ERL_EPMD_PORT": str(self._names),  # the service of names is its own too, and ends with it
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def connect(self) -> pika.BlockingConnection:
        """Return a connection of an old client."""
        return pika.BlockingConnection(pika.URLParameters(self.url))

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "out").open("ab") as out:
            command = [*self._prefix, str(_PROGRAM)]
            self._process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=out, cwd=self._folder)
        until = time.monotonic() + 120
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                said = (self._folder / "out").read_text(errors="replace")[-1500:]
                raise NoBrokerError(f"RabbitMQ did not start: {said}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(Exception):
            self.connect().close()
            return True
        return False

    def _processes(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            own = psutil.Process(self._process.pid)
            return [*own.children(recursive=True), own]
        return []

    def stop(self) -> None:
        """Let it end in order: what is persistent stays."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name().startswith("beam"):
                    process.terminate()
        _, left = psutil.wait_procs(processes, timeout=30)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._ended()

    def kill(self) -> None:
        """kill -9 of all its processes."""
        processes = self._processes()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=30)
        self._ended()

    def _ended(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it and its service of names."""
        self.kill()
        for process in psutil.process_iter(["name", "environ"]):
            given = process.info["environ"] or {}
            if process.info["name"] == "epmd" and given.get("ERL_EPMD_PORT") == str(self._names):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


@contextlib.contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """A running server, gone with its data afterwards.

    Raises:
        NoBrokerError: none can be started here.
    """
    folder = Path(tempfile.mkdtemp(prefix="mq-", dir="/tmp"))
    server: RabbitServer | None = None
    try:
        server = RabbitServer(folder)
        yield server
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)

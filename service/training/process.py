"""One life of a step's process: started at a low priority, heard line by line, ended with everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from GPT_SoVITS.process.start import import_path
from service.training import launch
from service.training.logs import JobLog

LONGEST_LINE = 64 << 10
"""Bytes of an event; a longer line is not one of ours."""
LOCKED = launch.LOCKED
_LOCK_SECONDS, _LOOK_SECONDS = 20.0, 0.05


@dataclass(frozen=True)
class Command:
    """What a step runs.

    Attributes:
        argv: Program and arguments; never a shell.
        lock: Held while it lives, so that nobody else writes the same folder.
        folder: It runs there.
        niceness: Added to the worker's.
        variables: Of its environment, beside the worker's.
    """

    argv: Sequence[str]
    lock: Path
    folder: Path
    niceness: int = 10
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return its whole environment: it finds our modules wherever it runs, and writes UTF-8 at once."""
        ours = {"PYTHONPATH": os.pathsep.join(import_path()), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        return {**os.environ, **ours, **self.variables}


class StepProcess:
    """A started process. Used on one event loop, whose thread starts it and must outlive it.

    Args:
        process: The process.
        log: Gets what it says to people.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: JobLog) -> None:
        self._process, self._log = process, log
        self._listening = asyncio.create_task(self._keep_words(), name="step-log")
        self._reaping = asyncio.create_task(self._reap(), name="step-end")

    @classmethod
    async def start(cls, command: Command, log: JobLog) -> StepProcess:
        """Start a command.

        Raises:
            OSError: it cannot be started.
        """
        words = (str(os.getpid()), str(command.niceness), str(command.lock), str(_LOCK_SECONDS), *command.argv)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            launch.__file__,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=command.folder,
            env=command.environment(),
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        return cls(process, log)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the process tells, until it closes its output. Lines that are no events go to the log."""
        assert self._process.stdout is not None  # noqa: S101
        async for line in _lines(self._process.stdout):
            event = _event(line)
            if event is None:
                self._log.write(line)
            else:
                yield event

    async def _keep_words(self) -> None:
        assert self._process.stderr is not None  # noqa: S101
        async for line in _lines(self._process.stderr):
            self._log.write(line)

    def ask_to_end(self) -> None:
        """Ask it to save what it has and end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and what it has started at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _reap(self) -> int:
        """Wait for its end, and end what it left behind, which may hold its output open: so ``wait`` would not do."""
        while (status := self._process.returncode) is None:
            await asyncio.sleep(_LOOK_SECONDS)
        self.kill()
        return status

    async def ended(self) -> int:
        """Wait for its end; return its status: negative for a signal."""
        status = await self._reaping
        with contextlib.suppress(asyncio.TimeoutError):
            # Something that escaped its group may hold the pipe open: it is not waited for.
            await asyncio.wait_for(self._listening, 2.0)
        return status


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines without their ends; of a line that is too long only its beginning, in pieces that are dropped."""
    while True:
        try:
            line = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                yield error.partial
            return
        except asyncio.LimitOverrunError as error:
            await stream.readexactly(max(1, error.consumed))
            continue
        yield line.rstrip(b"\r\n")


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None

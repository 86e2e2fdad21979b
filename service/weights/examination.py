"""Looking at weight files in a process of its own, with limits, and remembering what was found until a file changes."""

from __future__ import annotations

import json
import os
import queue
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import convert
from convert.examiner import READY
from convert.printing import printable
from GPT_SoVITS.versions import VERSIONS

_SECONDS = 20.0
"""For one file; the process ends itself after fewer seconds of computing."""
_START_SECONDS = 60.0
_TOGETHER_SECONDS = 30.0
"""For all files of one look; what is left waits for the next."""
_MOST_KEPT = 10_000
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

Key = tuple[str, int, int, int]


@dataclass(frozen=True)
class Finding:
    """What is known about a file.

    Attributes:
        kind: One of :data:`convert.keymap.KINDS`; "" where it could not be found out.
        version: v1, v2, v2Pro, v2ProPlus, v3, v4 or "".
        lora: Whether it holds only changes to published weights.
        problem: Why it cannot be used, "" where nothing is known against it.
        settled: Whether it stays true until the file changes.
    """

    kind: str = ""
    version: str = ""
    lora: bool = False
    problem: str = ""
    settled: bool = True


def base_of(found: Finding) -> str:
    """Return the resource whose weights a file changes; empty for a file that is whole."""
    return VERSIONS[found.version].sovits if found.lora and found.version in VERSIONS else ""


WAITING = Finding(problem="it has not been examined yet; ask again in a moment", settled=False)
_NO_FILE = Finding(problem="is not a regular file but a folder, pipe, socket or device")


class _LostError(Exception):
    """The process ended or did not answer in time; the text says which."""


class _Process:
    """The examining process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "convert.examiner"],
            cwd=Path(convert.__file__).parents[1],
            env={name: os.environ[name] for name in _INHERITED if name in os.environ} | _ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
        )
        self._asks, self._tells = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, name="weights-examiner", daemon=True).start()
        if self._answer(_START_SECONDS) != READY:
            raise _LostError("the process that examines weights does not start")

    def _listen(self) -> None:
        with self._tells:
            for line in self._tells:
                self._answers.put(line)
        self._answers.put("")

    def _answer(self, seconds: float) -> Any:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise _LostError(f"examining it took longer than {seconds:g} s; no weight file does") from None
        if not line:
            raise _LostError(
                "examining it ended the process that does so: it takes too much time or memory, or was cut short"
            )
        return json.loads(line)

    def examine(self, path: str) -> Finding:
        """Return what a file is; _LostError when the process did not survive it."""
        try:
            self._asks.write(json.dumps(path) + "\n")
            self._asks.flush()
        except OSError:
            raise _LostError("the process that examines weights has ended") from None
        found = self._answer(_SECONDS)
        return Finding(**{name: value for name, value in found.items() if value is not None})

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        with suppress(OSError):
            self._asks.close()
        self._process.wait()


class Examiner:
    """Finds out what weight files are. Blocks, for a bounded time. Threads may share it."""

    def __init__(self) -> None:
        self._known: dict[Key, Finding] = {}
        self._turn = threading.Lock()

    def examine(self, paths: Iterable[Path]) -> dict[Path, Finding]:
        """Return a finding for every path; files that have not changed since are not looked at again."""
        with self._turn, _fresh_process() as ask:
            deadline = time.monotonic() + _TOGETHER_SECONDS
            return {path: self._finding(path, ask, deadline) for path in paths}

    def refused(self, path: Path, problem: str) -> None:
        """Remember that the engine could not load a file, until the file changes."""
        with suppress(OSError):
            key, found = _key(path), self._known.get(_key(path), Finding())
            self._known[key] = Finding(found.kind, found.version, found.lora, problem)

    def _finding(self, path: Path, ask: _Asking, deadline: float) -> Finding:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            return Finding(problem=f"it cannot be opened: {getattr(error, 'strerror', None) or type(error).__name__}")
        if not stat.S_ISREG(status.st_mode):
            return _NO_FILE
        key = _key_of(path, status)
        found = self._known.get(key)
        if found is None:
            if time.monotonic() > deadline:
                return WAITING
            found = ask(path)
            if found.settled:
                self._keep(key, found)
        return found

    def _keep(self, key: Key, found: Finding) -> None:
        while len(self._known) >= _MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[key] = found


def _key(path: Path) -> Key:
    return _key_of(path, path.stat())


def _key_of(path: Path, status: os.stat_result) -> Key:
    return (str(path), status.st_size, status.st_mtime_ns, status.st_ino)


class _Asking:
    """Asks the process, which it starts when it is needed for the first time, and again when a file has ended it."""

    def __init__(self) -> None:
        self._process: _Process | None = None

    def __call__(self, path: Path) -> Finding:
        try:
            self._process = self._process or _Process()
        except (OSError, _LostError) as error:
            return Finding(problem=f"it cannot be examined: {error}", settled=False)
        try:
            found = self._process.examine(str(path))
        except _LostError as error:
            self.end()
            return Finding(problem=str(error))
        return Finding(found.kind, found.version, found.lora, _about(found.problem, path))

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
        self._process = None


@contextmanager
def _fresh_process() -> Iterator[_Asking]:
    asking = _Asking()
    try:
        yield asking
    finally:
        asking.end()


def _about(problem: str, path: Path) -> str:
    """What is wrong with a file, without where on the server it lies."""
    return problem.replace(f"{printable(path)}: ", "").replace(printable(path), printable(path.name))

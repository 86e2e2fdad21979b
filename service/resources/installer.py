"""One download at a time, in a process of its own that may be stopped at any byte and goes on from there."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from GPT_SoVITS.resources import load_manifest
from GPT_SoVITS.resources.manifest import Resource
from service.errors import ConflictError
from service.presence import Presence
from service.resources.measure import bytes_here, remove_parts

logger = logging.getLogger(__name__)

PROGRAM = Path(__file__).resolve().parents[2]
"""Where the program of the downloads lies."""
SOURCES: dict[str, tuple[str, ...]] = {
    "auto": ("--source", "auto"),
    "huggingface": ("--source", "huggingface"),
    "hf-mirror": ("--source", "huggingface", "--mirror", "https://hf-mirror.com"),
    "modelscope": ("--source", "modelscope"),
}
FOLDER = "folder"
TELL_S = 0.5
_STOP_S = 5.0
_MOST_LINE = 1 << 16
_MOST_ERRORS = 50


@dataclass(frozen=True)
class Download:
    """A download, as pages show it.

    Attributes:
        ids: Resources that it brings.
        source: Key of :data:`SOURCES`, or ``folder``.
        folder: On this machine; with the source ``folder`` alone.
        state: ``running``, ``paused``, ``failed`` or ``done``.
        file: What is being fetched.
        done: Bytes that are here.
        total: Bytes in all, None where that is not known.
        rate: Bytes a second, lately; 0 while nothing is known.
        errors: Why resources could not be had: their id, and reasons in Chinese and English.
    """

    ids: tuple[str, ...]
    source: str
    folder: str = ""
    state: str = "running"
    file: str = ""
    done: int = 0
    total: int | None = None
    rate: float = 0.0
    errors: tuple[dict[str, Any], ...] = ()

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**vars(self), "ids": list(self.ids), "errors": list(self.errors)}


class Installer:
    """Fetches resources in a process of its own, one after the other. Threads may share it.

    Args:
        root: The project, under which resources lie.
        presence: Asked whether resources are whole.
        tell: Given every change, on any thread; must not fail.
    """

    def __init__(self, root: Path, presence: Presence, tell: Callable[[dict[str, Any]], None]) -> None:
        self._root, self._presence, self._tell = root, presence, tell
        self._lock = threading.RLock()
        self._download: Download | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def download(self) -> Download | None:
        """The latest download, None before the first."""
        return self._download

    def start(self, ids: tuple[str, ...], source: str, folder: str = "") -> Download:
        """Begin to bring resources. Blocks for a moment.

        Args:
            ids: Of the manifest.
            source: Key of :data:`SOURCES`, or ``folder``.
            folder: With ``folder``: where copies lie.

        Raises:
            ConflictError: a download runs.
        """
        with self._lock:
            if self._process is not None:
                raise ConflictError("download_running")
            wanted = self._resources(ids)
            sizes = [resource.size for resource in wanted]
            total = None if None in sizes else sum(size or 0 for size in sizes)
            self._download = Download(ids, source, folder, total=total, done=self._measured(wanted))
            where = ("--offline-folder", folder) if source == FOLDER else SOURCES[source]
            self._process = self._open(ids, where)
            threading.Thread(target=self._follow, args=(self._process,), name="download", daemon=True).start()
            threading.Thread(target=self._measure, args=(self._process,), name="download-size", daemon=True).start()
            return self._change()

    def pause(self) -> Download | None:
        """Stop; what has come stays, and :meth:`resume` goes on from there."""
        with self._lock:
            self._end()
            paused = self._download is not None and self._download.state == "running"
            return self._change(state="paused", rate=0.0, file="") if paused else self._download

    def resume(self) -> Download | None:
        """Go on with what was paused or has failed.

        Raises:
            ConflictError: a download runs.
        """
        with self._lock:
            known = self._download
            if known is None or known.state == "done":
                return known
            return self.start(known.ids, known.source, known.folder)

    def discard(self) -> None:
        """Stop, and remove what has come of unfinished files."""
        with self._lock:
            self._end()
            if self._download is not None:
                if self._download.state != "done":
                    remove_parts(self._resources(self._download.ids), self._root)
                self._download = None
                self._tell({"download": None})

    def close(self) -> None:
        """Stop for good; what has come stays."""
        self.pause()

    def _open(self, ids: tuple[str, ...], where: tuple[str, ...]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "GPT_SoVITS.resources", "fetch", "--json", "--dest", str(self._root)]
        return subprocess.Popen(  # noqa: S603  (ids are the manifest's, sources our own)
            [*command, *where, "--", *ids],
            cwd=PROGRAM,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        for event in _events(process.stdout):
            with self._lock:
                if self._process is not process or self._download is None:
                    return
                if event.get("event") == "fetching":
                    self._change(file=str(event.get("name", "")))
                elif event.get("event") == "failed":
                    error = {"name": str(event.get("name", "")), "reasons": event.get("reasons", [])}
                    self._change(errors=(*self._download.errors, error)[:_MOST_ERRORS])
        status = process.wait()
        with self._lock:
            if self._process is not process or self._download is None:
                return
            self._process = None
            whole = status == 0 and not self._download.errors
            done = self._download.total if whole and self._download.total is not None else self._now()
            self._change(state="done" if whole else "failed", done=done, rate=0.0, file="")
        if not whole:
            logger.warning("a download has failed with status %s: %s", status, self._download.errors)

    def _measure(self, process: subprocess.Popen[bytes]) -> None:
        """Tell how far it is from what lies on the disk."""
        before, at = self._now(), time.monotonic()
        while True:
            time.sleep(TELL_S)
            with self._lock:
                if self._process is not process:
                    return
                done, now = self._now(), time.monotonic()
                rate = max(0.0, (done - before) / (now - at))
                before, at = done, now
                smooth = rate if self._download is None or not self._download.rate else self._download.rate
                self._change(done=done, rate=0.7 * smooth + 0.3 * rate)

    def _now(self) -> int:
        return 0 if self._download is None else self._measured(self._resources(self._download.ids))

    def _measured(self, resources: tuple[Resource, ...]) -> int:
        return sum(
            (each.size or 0) if self._presence.has(each.id) else bytes_here(each, self._root) for each in resources
        )

    @staticmethod
    def _resources(ids: tuple[str, ...]) -> tuple[Resource, ...]:
        manifest = load_manifest()
        return tuple(manifest.get(each) for each in ids)

    def _change(self, **fields: Any) -> Download:
        assert self._download is not None  # noqa: S101  (callers hold the lock and have looked)
        self._download = replace(self._download, **fields)
        self._tell({"download": self._download.told()})
        return self._download


def _events(stream: IO[bytes]) -> Any:
    """Yield what the program says; lines that are no objects are left out."""
    while line := stream.readline(_MOST_LINE):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found

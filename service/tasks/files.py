"""What the queue keeps on disk, and in which order, so that no reader ever sees half of anything.

Every file appears whole: written under a hidden name in its own folder, then renamed. New files appear before the
database says so, old ones vanish after it; ``docs/QUEUE.md`` has the protocol.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.tasks import wav

_COPY_BYTES = 1 << 20
_TEMPORARY = ".tmp"
FORMAT = "voice-task/1"


def sync_folder(folder: Path) -> None:
    """Make renames within a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class TaskFiles:
    """The folders ``task/ done/ error/ output/ Logs/`` under one root.

    Args:
        root: Where they lie; created when missing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.task, self.done, self.error = root / "task", root / "done", root / "error"
        self.output, self.logs = root / "output", root / "Logs"
        for folder in (self.task, self.done, self.error, self.output):
            folder.mkdir(parents=True, exist_ok=True)

    # --- names ---

    def waiting_json(self, task_id: str) -> Path:
        """The entry while the task waits or runs."""
        return self.task / f"{task_id}.json"

    def partial_wav(self, task_id: str) -> Path:
        """What has been spoken of a task that asked for a stream, while it waits or runs."""
        return self.task / f"{task_id}.wav"

    def done_json(self, task_id: str) -> Path:
        """The entry of a task that ended well."""
        return self.done / f"{task_id}.json"

    def done_wav(self, task_id: str) -> Path:
        """The result."""
        return self.done / f"{task_id}.wav"

    def error_json(self, task_id: str) -> Path:
        """The entry of a task that did not."""
        return self.error / f"{task_id}.json"

    def output_wav(self, user_id: str, task_id: str) -> Path:
        """The result again, by user."""
        return self.output / user_id / task_id / f"{task_id}.wav"

    def work(self, task_id: str) -> Path:
        """Finished segments of a task that is not finished; hidden, since it is nobody else's business."""
        return self.task / f".{task_id}"

    def staged_wav(self, task_id: str, generation: int) -> Path:
        """A result that the database has not announced yet."""
        return self.done / f".{task_id}.g{generation}.wav"

    def log(self, task_id: str, created_at: float) -> Path:
        """The task's log, by the hour of its creation."""
        hour = time.localtime(created_at)
        return self.logs / time.strftime("%Y%m%d", hour) / time.strftime("%H", hour) / f"{task_id}.log"

    # --- writing ---

    def write(self, path: Path, parts: Iterable[bytes], *, durable: bool) -> None:
        """Let a file appear whole; all writing goes through here.

        Args:
            path: Its name; the folder exists.
            parts: Its content.
            durable: Whether it survives a power failure once this returns.

        Raises:
            OSError: the disk is full or broken; then nothing has appeared or changed.
        """
        temporary = path.with_name(f".{path.name.lstrip('.')}.{os.getpid()}-{time.monotonic_ns()}{_TEMPORARY}")
        try:
            with temporary.open("wb") as file:
                for part in parts:
                    file.write(part)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)

    def write_entry(self, path: Path, entry: dict[str, Any]) -> None:
        """Write an entry for readers of the folder; not durable, since it can be made again from the database."""
        text = json.dumps({"format": FORMAT, **entry}, ensure_ascii=False, indent=1)
        self.write(path, [text.encode("utf-8", "replace")], durable=False)

    def write_segment(self, task_id: str, index: int, fence: int, samples: NDArray[np.int16]) -> str:
        """Keep a finished segment's samples (N,); return the name within the work folder."""
        folder = self.work(task_id)
        folder.mkdir(exist_ok=True)
        name = f"{index:05d}-{fence}.pcm"
        self.write(folder / name, [samples.astype("<i2").tobytes()], durable=True)
        return name

    def segment_intact(self, task_id: str, name: str, frames: int) -> bool:
        """Whether a finished segment's samples are all there."""
        try:
            return (self.work(task_id) / name).stat().st_size == frames * wav.SAMPLE_BYTES
        except OSError:
            return False

    def stitch(
        self,
        target: Path,
        task_id: str,
        names: Iterable[str],
        frames: int,
        sample_rate: int,
        *,
        durable: bool = True,
    ) -> None:
        """Write a WAV of the kept segments, in order; ``frames`` is what they add up to."""
        parts = _chunks(wav.header(frames, sample_rate), [self.work(task_id) / name for name in names])
        self.write(target, parts, durable=durable)

    def publish_output(self, user_id: str, task_id: str) -> None:
        """Let the result appear under ``output/`` too: a second name of the same file, or a copy where links fail."""
        target = self.output_wav(user_id, task_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.done_wav(task_id)
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{time.monotonic_ns()}{_TEMPORARY}")
        try:
            os.link(source, temporary)
            temporary.replace(target)
            temporary.unlink(missing_ok=True)  # renaming one name of a file over another name of it does nothing
        except OSError:
            temporary.unlink(missing_ok=True)
            self.write(target, _chunks(b"", [source]), durable=True)

    def pin(self, task_id: str, name: str, source: Path) -> Path:
        """Keep a file that a running task needs until it ends, whatever becomes of the original."""
        folder = self.work(task_id)
        folder.mkdir(exist_ok=True)
        kept = folder / name
        if kept.is_file():
            return kept
        try:
            os.link(source, kept)
        except OSError:
            self.write(kept, _chunks(b"", [source]), durable=True)
        return kept

    def append_log(self, task_id: str, created_at: float, at: float, kind: str, detail: str) -> None:
        """Add a line to the task's log: when, what, more about it."""
        path = self.log(task_id, created_at)
        path.parent.mkdir(parents=True, exist_ok=True)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"
        line = " ".join(f"{moment} {kind} {detail}".split())
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(line + "\n")

    # --- removing ---

    def drop(self, *paths: Path) -> None:
        """Remove files that the database does not know any more; missing ones are fine."""
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def drop_waiting(self, task_id: str) -> None:
        """Remove what there is of a task while it waits or runs."""
        self.drop(self.waiting_json(task_id), self.partial_wav(task_id))

    def drop_work(self, task_id: str) -> None:
        """Remove a task's kept segments."""
        shutil.rmtree(self.work(task_id), ignore_errors=True)

    def drop_task(self, task_id: str, user_id: str, created_at: float) -> None:
        """Remove everything of a task."""
        self.drop_waiting(task_id)
        self.drop(self.done_json(task_id), self.done_wav(task_id), self.error_json(task_id))
        self.drop(*self.done.glob(f".{_literal(task_id)}.g*.wav"))
        self.drop_work(task_id)
        folder = self.output_wav(user_id, task_id).parent
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
        self.drop(self.log(task_id, created_at))

    def free_bytes(self) -> int:
        """Bytes that may still be written."""
        return shutil.disk_usage(self.root).free


def _literal(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _chunks(first: bytes, paths: Iterable[Path]) -> Iterator[bytes]:
    yield first
    for path in paths:
        with path.open("rb") as file:
            while part := file.read(_COPY_BYTES):
                yield part

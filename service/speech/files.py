"""Where the files of tasks lie, and how each of them is written: whole, or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.errors import FileLostError
from service.files import wav
from service.files.carrier import FileCarrier, Mark
from service.files.outputs import Outputs
from service.files.whole import drop, read_in_parts, write_whole
from service.identifiers import disk_name, named_by
from service.jobs.records import Job

FORMAT = "voice-task/1"
PINNED = "reference.json"
"""In a work folder: what is kept of the voice."""
_SETTLED_SECONDS = 5.0


class Kept(Protocol):
    """A segment whose samples are kept: :class:`service.speech.records.Segment`, or its row."""

    @property
    def file(self) -> str | None:
        """Name within the work folder."""

    @property
    def mark(self) -> Mark | None:
        """Of that file."""

    @property
    def frames(self) -> int | None:
        """Samples."""


class TaskFiles:
    """The folders ``task/ done/ error/ output/ Logs/`` under one root.

    Args:
        root: Where they lie; created when missing.
        carrier: Brings files of other processes; None where all share the folders.
    """

    def __init__(self, root: Path, carrier: FileCarrier | None = None) -> None:
        self.root, self.carrier = root, carrier or FileCarrier()
        self.task, self.done, self.error = root / "task", root / "done", root / "error"
        self.outputs, self.logs = Outputs(root / "output"), root / "Logs"
        for folder in (self.task, self.done, self.error, self.outputs.folder):
            folder.mkdir(parents=True, exist_ok=True)

    # --- names ---

    def waiting_json(self, task_id: str) -> Path:
        """The entry while the task waits or runs."""
        return self.task / f"{disk_name(task_id)}.json"

    def partial_wav(self, task_id: str) -> Path:
        """What has been spoken of a task that asked for a stream, while it waits or runs."""
        return self.task / f"{disk_name(task_id)}.wav"

    def done_json(self, task_id: str) -> Path:
        """The entry of a task that ended well."""
        return self.done / f"{disk_name(task_id)}.json"

    def done_wav(self, task_id: str) -> Path:
        """The result."""
        return self.done / f"{disk_name(task_id)}.wav"

    def error_json(self, task_id: str) -> Path:
        """The entry of a task that did not."""
        return self.error / f"{disk_name(task_id)}.json"

    def work(self, task_id: str) -> Path:
        """Finished segments of a task that is not finished; hidden, since it is nobody else's business."""
        return self.task / f".{disk_name(task_id)}"

    def staged_wav(self, task_id: str, generation: int) -> Path:
        """A result that the database has not announced yet."""
        return self.done / f".{disk_name(task_id)}.g{generation}.wav"

    def log(self, task_id: str, created_at: float) -> Path:
        """The task's log, by the hour of its creation."""
        hour = time.localtime(created_at)
        return self.logs / time.strftime("%Y%m%d", hour) / time.strftime("%H", hour) / f"{disk_name(task_id)}.log"

    # --- writing ---

    def write_entry(self, path: Path, entry: dict[str, Any]) -> None:
        """Write an entry for readers of the folder; not durable, since it can be made again from the database."""
        text = json.dumps({"format": FORMAT, **entry}, ensure_ascii=False, indent=1)
        write_whole(path, [text.encode("utf-8", "replace")], durable=False)

    def write_segment(
        self, task_id: str, index: int, fence: int, samples: NDArray[np.int16]
    ) -> tuple[str, Mark | None]:
        """Keep a finished segment's samples (N,); return the name within the work folder, and the mark."""
        folder = self.work(task_id)
        folder.mkdir(exist_ok=True)
        name = f"{index:05d}-{fence}.pcm"
        write_whole(folder / name, [samples.astype("<i2").tobytes()], durable=True)
        return name, self.carrier.publish(folder / name)

    def withdraw_segment(self, task_id: str, kept: tuple[str, Mark | None]) -> None:
        """Take back what the database does not know of."""
        self.carrier.withdraw(self.work(task_id) / kept[0], kept[1])

    def segment(self, task_id: str, kept: Kept) -> Path:
        """Return the file of a kept segment's samples, brought here where it must be.

        Raises:
            FileLostError, StorageAwayError: it cannot be.
        """
        return self.carrier.fetch(self.work(task_id) / (kept.file or ""), kept.mark)

    def segment_intact(self, task_id: str, kept: Kept) -> bool:
        """Whether a finished segment's samples are all there.

        Raises:
            StorageAwayError: nobody knows now.
        """
        try:
            return self.segment(task_id, kept).stat().st_size == (kept.frames or 0) * wav.SAMPLE_BYTES
        except (OSError, FileLostError):
            return False

    def result(self, task_id: str, mark: Mark | None) -> Path:
        """Return the file of a finished task's result, brought here where it must be.

        Raises:
            FileLostError, StorageAwayError: it cannot be.
        """
        return self.carrier.fetch(self.done_wav(task_id), mark)

    def publish_staged(self, task_id: str, staged: Path) -> Mark | None:
        """Let others find a staged result under its name to be, before the commit; return its mark.

        Raises:
            StorageAwayError: it cannot be kept now; nothing is staged any more.
        """
        try:
            return self.carrier.publish(self.done_wav(task_id), staged)
        except BaseException:
            drop(staged)
            raise

    def withdraw_staged(self, task_id: str, staged: Path, mark: Mark | None) -> None:
        """Take back a result that the database does not know of."""
        drop(staged)
        self.carrier.withdraw(self.done_wav(task_id), mark)

    def stitch(
        self,
        target: Path,
        task_id: str,
        kept: Iterable[Kept],
        frames: int,
        sample_rate: int,
        *,
        durable: bool = True,
    ) -> None:
        """Write a WAV of the kept segments, in order; ``frames`` is what they add up to."""
        samples = read_in_parts(*[self.segment(task_id, each) for each in kept])
        write_whole(
            target, (part for some in ([wav.header(frames, sample_rate)], samples) for part in some), durable=durable
        )

    def publish_output(self, user_id: str, task_id: str) -> None:
        """Let the result appear under ``output/`` too."""
        self.outputs.publish(user_id, task_id, self.done_wav(task_id))

    def pin(self, task_id: str, name: str, source: Path) -> Path:
        """Keep a file that a running task needs until it ends, whatever becomes of the original."""
        folder = self.work(task_id)
        folder.mkdir(exist_ok=True)
        kept = folder / name
        if self.carrier.trusted(kept, None):
            return kept
        try:
            os.link(source, kept)
        except OSError:
            write_whole(kept, read_in_parts(source), durable=True)
        return kept

    def append_log(self, task_id: str, created_at: float, at: float, what: str, detail: str) -> None:
        """Add a line to the task's log: when, what, more about it."""
        path = self.log(task_id, created_at)
        path.parent.mkdir(parents=True, exist_ok=True)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"
        line = " ".join(f"{moment} {what} {detail}".split())
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(line + "\n")

    def pinned(self, task_id: str, mark: Mark | None) -> Path | None:
        """Return the file that says what a task's earlier attempts kept of its voice; None where they kept nothing.

        Raises:
            StorageAwayError: nobody knows now.
        """
        path = self.work(task_id) / PINNED
        return path if self.carrier.trusted(path, mark) else None

    # --- removing ---

    def drop_waiting(self, task_id: str) -> None:
        """Remove what there is of a task while it waits or runs."""
        drop(self.waiting_json(task_id), self.partial_wav(task_id))

    def drop_work(self, task_id: str) -> None:
        """Remove a task's kept segments."""
        shutil.rmtree(self.work(task_id), ignore_errors=True)

    def drop_staged(self, task_id: str) -> None:
        """Remove results that the database has not announced."""
        drop(*self.done.glob(f".{_literal(disk_name(task_id))}.g*.wav"))

    def drop_task(self, job: Job) -> None:
        """Remove everything of a task."""
        name = job.job_id
        self.drop_waiting(name)
        drop(self.done_json(name), self.done_wav(name), self.error_json(name))
        self.drop_staged(name)
        self.drop_work(name)
        self.outputs.drop(job.user_id, name)
        drop(self.log(name, job.created_at))

    def never_accepted(self) -> dict[str, list[Path]]:
        """Return, by name, entries and work folders of tasks that may never have been accepted; entries are settled."""
        found: dict[str, list[Path]] = {}
        for path in (*self.task.glob("*.json"), *(path for path in self.task.glob(".*") if path.is_dir())):
            # A name that was cut does not tell whose it is; such work folders go with their task.
            name = self.entry_name(path) if path.suffix == ".json" else named_by(path.name[1:])
            if name is not None:
                found.setdefault(name, []).append(path)
        return found

    @staticmethod
    def entry_name(path: Path) -> str | None:
        """Return the name of the task that an entry is about; None where the file does not tell."""
        if (name := named_by(path.stem)) is not None:
            return name
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found = json.loads(path.read_bytes())["task_id"]
            return found if isinstance(found, str) and disk_name(found) == path.stem else None
        return None

    def owned(self, existing: Callable[[Sequence[str]], set[str]], names: Sequence[str]) -> set[str]:
        """Return those of many names on disk that belong to tasks."""
        whole = {text: name for name in names if (text := named_by(name)) is not None}
        cut = {name for name in names if name not in whole.values()}
        folders = (self.done, self.error, self.task)
        return {whole[text] for text in existing(list(whole))} | {
            name for name in cut if any((folder / f"{name}.json").is_file() for folder in folders)
        }

    def drop_never_accepted(self, paths: Sequence[Path]) -> None:
        """Remove what appeared just before a commit that never came.

        Files that were not written here stay; so do young ones, whose commit may be on its way.
        """
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif _ours_and_settled(path):
                drop(path)


def _ours_and_settled(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        ours = b'"format": "voice-task/' in file.read(200)
        return ours and path.stat().st_mtime < time.time() - _SETTLED_SECONDS
    return False


def _literal(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)

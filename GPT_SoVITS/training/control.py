"""Pausing, resuming and cancelling a training from outside."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Literal, Protocol

from GPT_SoVITS.training.processes import Processes

Wish = Literal["run", "pause", "cancel"]
_POLL_SECONDS = 0.2


class Control(Protocol):
    """Asked before each step, and while pausing."""

    def wish(self) -> Wish:
        """Return what the user wants now."""
        ...

    def wait(self) -> None:
        """Wait a moment while pausing."""
        ...


class LocalControl:
    """A control in the same process, from any thread."""

    def __init__(self) -> None:
        self._wish: Wish = "run"
        self._changed = threading.Event()

    def want(self, wish: Wish) -> None:
        """Change the wish."""
        self._wish = wish
        self._changed.set()

    def wish(self) -> Wish:
        """Return the wish."""
        return self._wish

    def wait(self) -> None:
        """Wait until the wish changes, or a moment."""
        self._changed.wait(_POLL_SECONDS)
        self._changed.clear()


class SharedControl:
    """One wish of all processes that train together: what any of them was asked for, cancelling before pausing.

    Args:
        own: What this process is asked for.
        group: The processes; all must ask equally often.
    """

    def __init__(self, own: Control, group: Processes) -> None:
        self._own, self._group = own, group

    def wish(self) -> Wish:
        """Return the wish."""
        own = self._own.wish()
        pause, cancel = self._group.mean([own == "pause", own == "cancel"])
        return "cancel" if cancel else "pause" if pause else "run"

    def wait(self) -> None:
        """Wait a moment while pausing."""
        self._own.wait()


class FileControl:
    """Reads the wish from a file of one word; without a file, or with another word, the training runs.

    SIGTERM and SIGINT cancel. Whoever writes the file may write it in one go.

    Args:
        path: The file, None for signals alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._ended = threading.Event()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT as wishes to cancel; main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ended.set())

    def wish(self) -> Wish:
        """Return the wish."""
        if self._ended.is_set():
            return "cancel"
        try:
            word = "" if self._path is None else self._path.read_text(encoding="utf-8")[:16].strip()
        except (OSError, UnicodeDecodeError):
            return "run"
        return word if word in ("pause", "cancel") else "run"  # type: ignore[return-value]

    def wait(self) -> None:
        """Wait a moment, less if a signal comes."""
        self._ended.wait(_POLL_SECONDS)

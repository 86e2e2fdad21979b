"""How old things are by time that really passed: a clock that is set forward makes nothing old.

Readings of the clock are kept beside the time that has passed since the last one, measured by a counter that nobody can
set (it goes on while the machine sleeps, not while it is off). What was written within the last week of passed time
bears a time that the clock showed within that week. So everything older than the earliest reading of that week, and
nothing else, is more than a week old, whatever the clock did. Time while the machine is off does not count.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert.locks import locked
from service.folders import write_atomically

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 60.0
_STEP = 30.0
"""Seconds by which the clock may be corrected without being said to have been set."""
_MOST_ERAS = 500


def boot_id() -> str:
    """Tell this boot of the machine from others."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def since_boot() -> float:
    """Return seconds since the machine was started; time asleep counts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class PassedTime:
    """Knows which moment of the clock lies so many seconds of passed time back. Threads may share it.

    Args:
        path: Where readings are kept between starts; processes on one folder share them.
        clock: Unix seconds, which may be wrong.
        counter: Seconds since the machine was started.
        boot: Which start of the machine that was.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        counter: Callable[[], float] = since_boot,
        boot: Callable[[], str] = boot_id,
    ) -> None:
        self._path, self._clock, self._counter, self._boot = path, clock, counter, boot
        self._lock = threading.Lock()
        self._state: dict[str, Any] | None = None
        self._kept_at = float("-inf")

    def before(self, seconds: float) -> float:
        """Return the moment, in Unix seconds, such that what bears an earlier one is older than so many seconds."""
        with self._lock:
            if self._state is None or self._counter() - self._kept_at >= _KEPT_SECONDS:
                self._keep()
            else:
                self._state = self._advanced(self._state)
            assert self._state is not None  # noqa: S101
            return _earliest(self._state["eras"], self._state["passed"] - seconds)

    def _keep(self) -> None:
        """Go on from what is on disk; a disk that is full or broken leaves it in memory."""
        self._kept_at = self._counter()
        try:
            with locked(self._path.with_suffix(".lock")):
                self._state = self._advanced(self._read() or self._state)
                write_atomically(self._path, json.dumps(self._state).encode())
        except OSError as error:
            logger.warning("readings of the clock cannot be kept: %s", error)
            self._state = self._advanced(self._state)

    def _read(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self._path.read_bytes())
            eras = [[float(number) for number in era] for era in found["eras"]]
            numbers = {name: float(found[name]) for name in ("passed", "clock", "counter")}
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            logger.warning("readings of the clock cannot be read, they begin anew: %s", error)
            return None
        return {**numbers, "boot": str(found.get("boot", "")), "eras": [era for era in eras if len(era) == 2]}

    def _advanced(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """Return the state now: how much time has passed in all, and what the clock showed since when."""
        clock, counter, boot = self._clock(), self._counter(), self._boot()
        if state is None or not state["eras"]:
            # Nothing is known of the time before: the clock is believed once.
            state = {"passed": 0.0, "clock": clock, "counter": counter, "boot": boot, "eras": [[-1e12, clock - 1e12]]}
        if state["boot"] == boot:
            gone = max(0.0, counter - state["counter"])
        else:
            # The machine was off, or this is another one on the same folder.
            gone = max(0.0, min(counter, clock - state["clock"]))
        passed, eras = state["passed"] + gone, state["eras"]
        since, shown = eras[-1]
        if abs(clock - (shown + passed - since)) > _STEP:
            eras = [*eras, [passed, clock]][-_MOST_ERAS:]
        return {"passed": passed, "clock": clock, "counter": counter, "boot": boot, "eras": eras}


def _earliest(eras: list[list[float]], since: float) -> float:
    """Return the earliest time that the clock has shown since a moment of passed time."""
    began = [max(at, since) - at + shown for at, shown in eras[-1:]]
    for (at, shown), (until, _) in itertools.pairwise(eras):
        if until > since:
            began.append(max(at, since) - at + shown)
    return min(began)

"""Starts a step's command in this process: ``python launch.py OWNER NICENESS LOCK SECONDS COMMAND ...``.

It dies with its owner, computes at a low priority, and holds a lock as long as it or anything that it started lives.
So two attempts never write one folder at once. Imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import signal
import sys
import time
from pathlib import Path

LOCKED = 75
"""Exit status where somebody else holds the lock."""
_PR_SET_PDEATHSIG = 1
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_THIS_PROCESS, _BEST_EFFORT, _LOWEST = 1, 2 << 13, 7
_LOOK_SECONDS = 0.1


def end_with_owner(owner: int) -> None:
    """Have the kernel kill this process when its owner ends (Linux); end at once when it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:
        os._exit(1)


def yield_to_others(niceness: int) -> None:
    """Let others compute and read disks first; what the system does not allow is left out."""
    os.nice(niceness)
    number = _IOPRIO_SET.get(platform.machine())
    if sys.platform == "linux" and number is not None and niceness:
        ctypes.CDLL(None, use_errno=True).syscall(number, _THIS_PROCESS, 0, _BEST_EFFORT | _LOWEST)


def hold(lock: Path, seconds: float) -> bool:
    """Hold a lock until this process and all that inherit it have ended; return whether it is held."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(descriptor, True)
    until = time.monotonic() + seconds
    while not _locked(descriptor):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Become the command; returns only where the lock is not to be had."""
    owner, niceness, lock, seconds, *command = arguments
    end_with_owner(int(owner))
    yield_to_others(int(niceness))
    if not hold(Path(lock), float(seconds)):
        return LOCKED
    os.execv(command[0], command)  # noqa: S606  (a list of ours; no shell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Names of workers: who holds a lease, and whether a process of this machine that held one is still there."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _machine() -> str:
    """Tell apart machines, boots and process-id spaces: within one, a process id means one process."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{_read('/proc/sys/kernel/random/boot_id')[:8]}/{space}"


def _started(pid: int) -> str:
    """When a process began, in clock ticks since boot; "" when there is no such process (or no /proc)."""
    stat = _read(f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def new_worker_name() -> str:
    """Return a name that no other worker has and from which :func:`surely_dead` can judge."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}:{secrets.token_hex(4)}"


def surely_dead(name: str) -> bool:
    """Whether a worker is known to be gone; False for workers of other machines, whose lease must run out."""
    machine, _, rest = name.partition(":")
    parts = rest.split(":")
    if machine != _machine() or len(parts) != 3 or not parts[0].isdigit() or not parts[1]:
        return False
    return _started(int(parts[0])) != parts[1]

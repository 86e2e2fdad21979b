"""Starts a training as several processes on this machine, and ends when they have ended.

MindSpore's ``msrun`` starts processes too. Unlike that one this keeps their exit status, passes a wish to end on to all
of them, and leaves none behind: the kernel ends them when it is killed. A lock that it holds they hold too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial

from GPT_SoVITS import backend
from GPT_SoVITS._owner import end_with_owner
from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED
from GPT_SoVITS.training.processes import ROLE

_HOST = "127.0.0.1"
_LOOK_SECONDS = 0.1
GRACE_SECONDS = 10.0
"""That the others have to say why one has failed, and the scheduler to end."""
_THREADS = "OMP_NUM_THREADS"
_LOGS, _ERRORS_ALONE = "GLOG_v", "3"
"""MindSpore's own log, which would tell of every connection."""
_STANDARD_ERROR = 2
Process = subprocess.Popen[bytes]


def run(command: Sequence[str], count: int) -> int:
    """Run a command in several processes and return their exit status; 1 where one of them failed or died.

    Args:
        command: That calls :func:`GPT_SoVITS.training.processes.join`.
        count: Processes. Each takes a device, from the one asked for on, or its part of the processor's cores.

    Raises:
        BackendError: the device asked for is not a number.
        OSError: they cannot be started.
    """
    shared = {"MS_WORKER_NUM": str(count), "MS_SCHED_HOST": _HOST, "MS_SCHED_PORT": str(_free_port())}
    shared |= {_THREADS: os.environ.get(_THREADS) or str(max(1, (os.cpu_count() or 1) // count))}
    shared |= {_LOGS: os.environ.get(_LOGS) or _ERRORS_ALONE}
    devices = backend.consecutive_devices(count)
    workers: list[Process] = []
    asked = _pass_on_signals(workers)
    scheduler = _start(command, {**shared, ROLE: "MS_SCHED"}, tells=False)
    try:
        for rank, device in enumerate(devices):
            own = {ROLE: "MS_WORKER", "MS_NODE_ID": str(rank), "RANK_ID": str(rank), **device}
            workers.append(_start(command, shared | own, tells=rank == 0))
        _wait([scheduler, *workers])
        return _judged(workers, asked.is_set())
    finally:
        for process in (scheduler, *workers):
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((_HOST, 0))
        return int(listening.getsockname()[1])


def _start(command: Sequence[str], variables: Mapping[str, str], tells: bool) -> Process:
    """Start one process; only one that tells what happens writes to standard output."""
    return subprocess.Popen(  # noqa: S603  (a list of ours; no shell)
        command,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=None if tells else _STANDARD_ERROR,
        close_fds=False,  # a lock that must not be free before all have ended
        start_new_session=True,  # an interruption from the keyboard reaches them as a wish to end, and through us
        preexec_fn=partial(end_with_owner, os.getpid()),  # no thread has been started yet
    )


def _pass_on_signals(workers: Sequence[Process]) -> threading.Event:
    """Let a wish to end reach all workers, also those that are started later; return whether there was one."""
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return asked


def _wait(processes: Sequence[Process]) -> None:
    """Wait until the workers, all but the first, have ended; once any of them all has failed only a moment."""
    until = float("inf")
    while any(process.poll() is None for process in processes[1:]) and time.monotonic() < until:
        failed = any(process.poll() not in (None, FINISHED, CANCELLED) for process in processes)
        if failed and until == float("inf"):
            until = time.monotonic() + GRACE_SECONDS
        time.sleep(_LOOK_SECONDS)


def _judged(workers: Sequence[Process], asked: bool) -> int:
    """Return the status that all have, or that of a failure; say which process died.

    One that does not listen yet dies of the wish to end, and those that wait for it never end.
    """
    statuses = [worker.poll() for worker in workers]
    if asked and -signal.SIGTERM in statuses and set(statuses) <= {CANCELLED, -signal.SIGTERM, None}:
        print("cancelled before the training began", file=sys.stderr)
        return CANCELLED
    for rank, status in enumerate(statuses):
        if status is not None and status < 0:
            print(f"process {rank} of {len(workers)} died of signal {-status}; the others were ended", file=sys.stderr)
    agreed = set(statuses) in ({FINISHED}, {CANCELLED})
    return int(statuses[0] or FINISHED) if agreed else FAILED

"""A process that holds the networks of one engine and runs them on request, so that two engines can take turns.

The parent writes one JSON line per request and reads one per answer. Memory is the resident size after the network
was loaded and run, less what it was before.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import psutil

Run = Callable[[], list[npt.NDArray[Any]]]


def resident_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes), memory that is free but not yet given back excluded."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return float(psutil.Process().memory_info().rss) / 1e6


def peak_mb() -> float:
    """Largest resident memory that this process has had so far, in MB (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Worker:
    """Answers ``load`` and ``run`` for the cases of one engine module."""

    def __init__(self, engine: str, threads: int) -> None:
        module = importlib.import_module(f"bench.{engine}_cases")
        self.cases: dict[str, Callable[[str], Run]] = module.CASES
        self.processor_seconds: Callable[[], float] = getattr(module, "processor_seconds", time.process_time)
        module.set_threads(threads)
        self.run: Run | None = None
        self.before = 0.0

    def load(self, case: str, fixtures: str) -> dict[str, Any]:
        """Build a case's network and run it once (compiling it)."""
        self.before = resident_mb()
        start = time.perf_counter()
        self.run = self.cases[case](fixtures)
        loaded = time.perf_counter()
        outputs = self.run()
        return {
            "load_s": loaded - start,
            "first_s": time.perf_counter() - loaded,
            "memory_mb": resident_mb() - self.before,
            "outputs": [np.asarray(o, np.float64).ravel()[:4096].tolist() for o in outputs],
        }

    def time(self, repeats: int) -> dict[str, Any]:
        """Run the loaded case and return the seconds of each run, those of the processor, and the peak of memory."""
        assert self.run is not None
        seconds, busy = [], []
        for _ in range(repeats):
            start, began = time.perf_counter(), self.processor_seconds()
            self.run()
            seconds.append(time.perf_counter() - start)
            busy.append(self.processor_seconds() - began)
        return {"seconds": seconds, "busy": busy, "peak_mb": peak_mb()}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Serve one request."""
        if request["do"] == "load":
            return self.load(request["case"], request["fixtures"])
        return self.time(request["repeats"])


def main(answers: TextIO) -> None:
    """Serve requests from standard input until it closes."""
    worker = Worker(sys.argv[1], int(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    real_stdout, sys.stdout = sys.stdout, sys.stderr  # libraries that print must not disturb the protocol
    main(real_stdout)

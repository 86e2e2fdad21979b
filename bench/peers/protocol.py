"""What a worker of a comparison answers: a JSON line for each JSON line on standard input. Needs no package.

``load`` opens weights and runs once, ``speak`` times one piece of text of so many tokens, ``memory`` tells the peak.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def serve(load: Callable[..., dict[str, Any]], speak: Callable[..., dict[str, Any]]) -> None:
    """Answer requests until standard input closes.

    Args:
        load: Called with the fields of the request; opens the weights.
        speak: Called with ``tokens``; returns ``prefill_s``, ``decode_s``, ``steps``, ``vocoder_s``, ``audio_s`` and
            ``total_s``.
    """
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries that print must not disturb the protocol
    handlers = {"load": load, "speak": speak, "memory": memory}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(handlers[request.pop("do")](**request)), file=answers, flush=True)


def memory() -> dict[str, float]:
    """Most memory that this process has had, and what it has now, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {"peak_mb": peak, "resident_mb": pages * resource.getpagesize() / 1e6}

"""What a worker of a comparison answers: a JSON line for each JSON line on standard input. Needs no package.

``load`` opens weights and runs once, ``speak`` times one piece of text of so many tokens, ``memory`` tells the peak.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
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


def step_marks(transformer: Any) -> list[float]:
    """Return a list that gets the moment before each step from now on; these programs offer no place to look."""
    marks: list[float] = []
    step = type(transformer).decode_next_token

    def timed(*arguments: Any, **named: Any) -> Any:
        marks.append(time.perf_counter())
        return step(transformer, *arguments, **named)

    transformer.decode_next_token = timed
    return marks


def figures(start: float, marks: list[float], decoded: float, done: float, audio: Any) -> dict[str, Any]:
    """Return what ``speak`` answers, of the moments of a run and its audio at 32 kHz, a tensor."""
    moments = [*marks, decoded]
    return {
        "prefill_s": moments[0] - start, "decode_s": decoded - moments[0], "steps": len(marks),
        "vocoder_s": done - decoded, "total_s": done - start, "audio_s": audio.numel() / 32000,
        "peak": float(audio.abs().max()), "step_s": [after - at for at, after in itertools.pairwise(moments)],
    }  # fmt: skip

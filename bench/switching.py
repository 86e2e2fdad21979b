"""Whether a stream stays smooth while other weights are loaded: the same stream with and without, in turns.

    python -m bench.switching [--rounds 3] [--precision float16]

The engine runs in its own process, as the service has it, with full-size random v2 weights. A stream is read as it
comes and played in thought: ``slack`` is how much audio a listener still has when the next chunk arrives, below zero is
a pause that they hear. ``chunk gap`` is the longest time between two chunks. Minimum of the rounds, in brackets median
and maximum.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from bench.figures import Spread, markdown
from bench.make_weights import HUBERT, ROBERTA, say
from bench.memory import prepare
from bench.synthesis import CACHE
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineSettings,
    EngineState,
    Failed,
    LoadedWeights,
    Reference,
    Started,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.process.supervisor import RemoteEngine

TEXT = "Nobody went out that day, for it rained from morning to night, and the roads were under water. " * 6
LOAD_AFTER = 2.0
"""Seconds after the first chunk at which the load begins."""


def listen(engine: RemoteEngine, request: SynthesisRequest, other: WeightsPair | None) -> dict[str, float]:
    """Read a stream; load other weights meanwhile if there are any. Times in seconds."""
    loads: list[Future[LoadedWeights]] = []
    arrivals: list[tuple[float, float]] = []
    rate, played_from = 1, 0.0

    def load() -> None:
        assert other is not None
        loads.append(engine.load(other, make_current=False))

    for event in stream(engine, request):
        now = time.perf_counter()
        if isinstance(event, Failed):
            raise SystemExit(f"the engine failed: {event.error}")
        if isinstance(event, Started):
            rate = event.sample_rate
        if isinstance(event, AudioChunk):
            if not arrivals:
                played_from = now
                if other is not None:
                    threading.Timer(LOAD_AFTER, load).start()
            arrivals.append((now, len(event.samples) / rate))
    slack, ahead = [], 0.0
    for now, seconds in arrivals:
        slack.append(ahead - (now - played_from))
        ahead += seconds
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(arrivals)]
    if loads:
        loads[0].result(300)
    loaded = time.perf_counter() - played_from - LOAD_AFTER if loads else 0.0
    return {"gap": max(gaps), "slack": min(slack[1:]), "audio": ahead, "load": loaded}


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 when a listener would have heard a pause that is not there without a load."""
    parser = argparse.ArgumentParser(prog="python -m bench.switching", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("float32", "float16", "int8"), default="float16")
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args(arguments)
    folder: Path = options.cache
    prepare(folder)
    gpt, sovits = folder / "gpt-v2-ending.ckpt", folder / "sovits-v2.pth"
    settings = EngineSettings(
        weights=WeightsPair(str(gpt), str(sovits)), hubert=str(folder / HUBERT), roberta=str(folder / ROBERTA),
        device_target="CPU", precision=options.precision,
    )  # fmt: skip
    engine = RemoteEngine(settings)
    while engine.status().state is not EngineState.READY:
        time.sleep(0.1)
    found: dict[str, list[dict[str, float]]] = {"no load": [], "load": []}
    others = folder / "others"
    try:
        for number in range(options.rounds):
            for name, readings in found.items():
                other = _copy(gpt, sovits, others, number) if name == "load" else None
                reference = Reference(str(folder / "reference.wav"), "那天的云很好看。", "zh")
                request = SynthesisRequest(
                    TEXT, "en", reference, seed=7, how_to_cut="cut4", max_attempts=1, streaming=Streaming.TOKENS_FAST
                )
                readings.append(listen(engine, request, other))
                say(f"{name}: {readings[-1]}")
    finally:
        engine.close(5)
        shutil.rmtree(others, ignore_errors=True)
    print(_table(found))
    return int(min(each["slack"] for each in found["load"]) < 0 <= min(each["slack"] for each in found["no load"]))


def _copy(gpt: Path, sovits: Path, folder: Path, number: int) -> WeightsPair:
    """Return weights that the engine does not know yet."""
    folder.mkdir(exist_ok=True)
    pair = folder / f"{number}.ckpt", folder / f"{number}.pth"
    for source, target in zip((gpt, sovits), pair, strict=True):
        shutil.copy(source, target)
    return WeightsPair(*map(str, pair))


def _table(found: dict[str, list[dict[str, float]]]) -> str:
    rows: list[list[str]] = []
    for name, readings in found.items():
        rows.append([name, *(str(Spread.of([each[key] for each in readings])) for key in ("gap", "slack", "load"))])
    return markdown(["", "longest chunk gap, s", "least slack, s", "load, s"], rows)


if __name__ == "__main__":
    raise SystemExit(main())

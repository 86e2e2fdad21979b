"""When the first sound comes while a training computes on the same cores: with and without it, in turns.

    python -m bench.beside_training [--rounds 5] [--sounds 1] [--niceness 15] [--threads 0]

The engine runs in its own process and a training step in its own, as the service has them, both with full-size random
v2 weights on the CPU. Seconds to the first chunk of a stream: median of the rounds, in brackets minimum and maximum.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.make_weights import HUBERT, ROBERTA, say
from bench.memory import prepare
from bench.synthesis import CACHE
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineSettings,
    EngineState,
    Failed,
    Reference,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.process.supervisor import RemoteEngine
from service.training import launch
from tests.training.small import training_folder

TEXT = "Nobody went out that day, for it rained from morning to night, and the roads were under water."
WARM_STEPS = 2
"""Steps of the training before anything is measured: its graph is compiled then."""


def first_sound(engine: RemoteEngine, request: SynthesisRequest) -> float:
    """Return the seconds to the first chunk."""
    began = time.perf_counter()
    found = None
    for event in stream(engine, request):
        if isinstance(event, Failed):
            raise SystemExit(f"the engine failed: {event.error}")
        if isinstance(event, AudioChunk) and found is None:
            found = time.perf_counter() - began
    assert found is not None
    return found


@contextmanager
def training(weights: Path, niceness: int, threads: int) -> Iterator[None]:
    """Train meanwhile, as a job of the service does."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = training_folder(Path(scratch) / "voice", clips=6)
        command = [sys.executable, launch.__file__, str(os.getpid()), str(niceness), f"{scratch}/lock", "1"]
        step = ["-m", "GPT_SoVITS.training", "s1", "--exp-dir", str(folder), "--pretrained", str(weights)]
        options = ["--epochs", "10000", "--no-if-save-every-weights", "--checkpoint-steps", "10000", "--device", "CPU"]
        variables = {**os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
        process = subprocess.Popen(
            [*command, sys.executable, *step, *options], stdout=subprocess.PIPE, text=True, env=variables
        )
        assert process.stdout is not None
        try:
            steps = 0
            for line in process.stdout:
                steps += '"event": "step"' in line
                if steps >= WARM_STEPS:
                    break
            yield
            if process.poll() is not None:
                raise SystemExit("the training ended too early")
        finally:
            process.kill()
            process.wait()


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 where the first sound takes more than twice as long."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside_training", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sounds", type=int, default=1, help="measured in each turn: a training compiles for a minute")
    parser.add_argument("--niceness", type=int, default=15)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args(arguments)
    folder: Path = given.cache
    prepare(folder)
    pair = WeightsPair(str(folder / "gpt-v2.ckpt"), str(folder / "sovits-v2.pth"))
    hubert, roberta = str(folder / HUBERT), str(folder / ROBERTA)
    engine = RemoteEngine(EngineSettings(weights=pair, hubert=hubert, roberta=roberta, device_target="CPU"))
    while engine.status().state is not EngineState.READY:
        time.sleep(0.2)
    reference = Reference(str(folder / "reference.wav"), "hello there", "en")
    request = SynthesisRequest(TEXT, "en", reference, streaming=Streaming.TOKENS, seed=1)
    found: dict[str, list[float]] = {"alone": [], "beside": []}
    try:
        first_sound(engine, request)
        for number in range(given.rounds):
            say(f"round {number + 1} of {given.rounds}")
            found["alone"] += [first_sound(engine, request) for _ in range(given.sounds)]
            with training(Path(pair.gpt), given.niceness, given.threads):
                found["beside"] += [first_sound(engine, request) for _ in range(given.sounds)]
    finally:
        engine.close()
    for name, times in found.items():
        print(f"{name}: {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})")
    ratio = statistics.median(found["beside"]) / statistics.median(found["alone"])
    print(f"ratio: {ratio:.2f}")
    return int(ratio > 2)


if __name__ == "__main__":
    sys.exit(main())

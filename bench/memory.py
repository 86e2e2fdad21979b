"""What an engine holds in memory, for each precision, and whether it grows while it speaks.

    python -m bench.memory [--syntheses 200] [--precision float32 float16 int8]

A process for each precision: what it holds before the engine, then a v2 engine with HuBERT and RoBERTa, warmed up,
after its first speech, and then every twentieth of many texts of different lengths in two languages. Growth is the
slope of a straight line through the later half, per 100 syntheses. Full-size random weights whose speech ends by itself
are made in the cache folder.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.figures import markdown
from bench.make_weights import HUBERT, ROBERTA, gpt, make, say
from bench.peers.protocol import memory
from bench.synthesis import CACHE
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import EngineSettings, EngineState, Failed, Reference, SynthesisRequest, WeightsPair

EVERY = 20
LIMIT_MB = {"float32": 2200, "float16": 1300, "int8": 1300}
GROWTH_MB = 1.0
"""Per 100 syntheses."""
TEXTS = (
    ("zh", "今天天气很好。"),
    ("zh", "先帝创业未半而中道崩殂，今天下三分，益州疲弊，此诚危急存亡之秋也。"),
    ("en", "It rains."),
    ("en", "Nobody went out that day, for it rained from morning to night, and the roads were under water."),
)


def resident_mb() -> float:
    """Resident memory of this process, what is free but not given back excluded."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return memory()["resident_mb"]


def growth(readings: list[float], every: int = EVERY) -> float:
    """MB per 100 syntheses, from the later half of the readings (the first ones fill caches)."""
    later = readings[len(readings) // 2 :]
    if len(later) < 2:
        return 0.0
    return float(np.polyfit(np.arange(len(later)) * every, later, 1)[0] * 100)


def measure(precision: str, folder: Path, syntheses: int, warm_up: bool) -> dict[str, Any]:
    """Run in a process of its own."""
    from GPT_SoVITS import backend
    from GPT_SoVITS.inference.local import LocalEngine

    backend.configure("CPU")
    bare = resident_mb()
    engine = LocalEngine(
        EngineSettings(
            weights=WeightsPair(str(folder / "gpt-v2-ending.ckpt"), str(folder / "sovits-v2.pth")),
            hubert=str(folder / HUBERT), roberta=str(folder / ROBERTA), device_target="CPU", precision=precision,
            warm_up=warm_up,
        )
    )  # fmt: skip
    while engine.status().state is EngineState.STARTING:
        time.sleep(0.1)
    ready = resident_mb()
    say(f"{precision}: {bare:.0f} MB before, {ready:.0f} MB with the engine ready")

    def speak(number: int) -> None:
        language, text = TEXTS[number % len(TEXTS)]
        reference = Reference(str(folder / "reference.wav"), "那天的云很好看。", "zh")
        request = SynthesisRequest(text, language, reference, seed=number, how_to_cut="cut0", max_attempts=1)
        for event in stream(engine, request):
            if isinstance(event, Failed):
                raise SystemExit(f"the engine failed: {event.error}")

    speak(1)
    first, readings = resident_mb(), []
    for number in range(1, syntheses + 1):
        speak(number)
        if number % EVERY == 0:
            readings.append(resident_mb())
            say(f"{precision}: {readings[-1]:.1f} MB after {number} syntheses")
    result = {
        "bare_mb": bare, "ready_mb": ready, "first_mb": first, "readings_mb": readings,
        "growth_mb_per_100": growth(readings), "peak_mb": memory()["peak_mb"],
    }  # fmt: skip
    engine.close()
    return result


def prepare(folder: Path) -> None:
    """Make the weights that are not there."""
    if not (folder / "reference.wav").is_file():
        say(f"making full-size random weights in {folder}")
        make("v2", folder)
    if not (folder / "gpt-v2-ending.ckpt").is_file():
        gpt("v2", folder / "gpt-v2-ending.ckpt", ending=True)


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 when something that is required does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--syntheses", type=int, default=200)
    parser.add_argument("--precision", nargs="+", choices=list(LIMIT_MB), default=list(LIMIT_MB))
    parser.add_argument("--no-warm-up", action="store_true", help="hold only the graphs that the texts need")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--child", choices=list(LIMIT_MB), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    folder: Path = options.cache / "v2"
    if options.child:
        answer, sys.stdout = sys.stdout, sys.stderr
        print(json.dumps(measure(options.child, folder, options.syntheses, not options.no_warm_up)), file=answer)
        return 0
    prepare(folder)
    found = {precision: _child(precision, options) for precision in options.precision}
    rows = [
        [name, *(f"{each[key]:.0f}" for key in ("bare_mb", "ready_mb", "first_mb", "peak_mb")), f"{LIMIT_MB[name]}",
         f"{each['readings_mb'][-1]:.0f}" if each["readings_mb"] else "", f"{each['growth_mb_per_100']:+.2f}"]
        for name, each in found.items()
    ]  # fmt: skip
    header = ["precision", "before the engine", "engine ready", "after the first speech", "peak", "allowed"]
    print(markdown([*header, f"after {options.syntheses}", "growth per 100"], rows))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if all(holds(name, each) for name, each in found.items()) else 1


def holds(precision: str, found: dict[str, Any]) -> bool:
    """Whether memory stays within what is allowed."""
    return bool(found["first_mb"] < LIMIT_MB[precision] and found["growth_mb_per_100"] < GROWTH_MB)


def _child(precision: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.memory", "--child", precision, "--syntheses", str(options.syntheses)]
    command += ["--cache", str(options.cache), *(["--no-warm-up"] if options.no_warm_up else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())

"""This engine beside others: the same weights, inputs and number of tokens, in one go.

    python -m bench.compare [--rounds 5] [--ours float16:native int8:native float32:jit] [--json FILE] [--table FILE]

The others are genie-tts, gsv-tts-lite, gpt-sovits-cpufast and, where ``--official`` names a checkout, the official
program; :mod:`bench.cfm` compares v4 with it.

Makes what is missing in the cache folder, once: an environment for each of the others (their packages stay out of this
project's), full-size random v2 weights, genie's ONNX files. Every engine lives in its own process; they take turns,
round after round, and while one works the others are stopped. Printed are the minimum over the rounds and in brackets
median and maximum, and ratios of the minima to genie-tts, which is the fastest of the others. ``step`` is the average
of a decode step over a whole run; ``step floor`` averages the fastest reading of each step, for machines that are not
quiet.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.figures import Spread, figure, floor_of_steps, markdown
from bench.make_weights import gpt as write_gpt
from bench.make_weights import say
from bench.make_weights import sovits as write_sovits
from bench.speaking import TOKENS, make_inputs

ROOT = Path(__file__).parents[1]
BASE = "genie-tts"
TORCH = "torch==2.13.0"
_UPSTREAM = ("torchmetrics<=1.5", "einops", "tqdm", "numpy<2", "x_transformers")
"""What the networks of the official program import, and those of programs made of it."""


@dataclass(frozen=True)
class Peer:
    """Another engine.

    Attributes:
        script: In ``bench/peers``.
        packages: What its environment needs beside PyTorch.
        bare: Packages that are installed without theirs: those of a page, or compilers, which no comparison runs.
    """

    script: str
    packages: tuple[str, ...]
    bare: tuple[str, ...] = ()


OFFICIAL = "official"
PEERS = {
    BASE: Peer("genie.py", ("genie-tts==2.0.2",)),
    "gsv-tts-lite": Peer("gsv.py", ("gsv-tts-lite==0.4.7",)),
    "gpt-sovits-cpufast": Peer("official.py", _UPSTREAM, ("gpt-sovits-cpufast==0.1.0",)),
    OFFICIAL: Peer("official.py", _UPSTREAM),
}
LIMITS = {"float16:native": {"step_ms": 0.65, "vocoder": 1.0, "total": 0.75}, "int8:native": {"step_ms": 0.45}}
"""Most that our figures may be of genie's."""
QUANTITIES = {
    "step_ms": "step, ms",
    "prefill_ms": "prefill, ms",
    "vocoder": "vocoder, s per s of audio",
    "total": "total, s per s of audio",
}


@dataclass
class Engine:
    """A worker process and what it has answered.

    Attributes:
        name: As printed.
        command: How it is started.
        request: Fields of its ``load`` request.
        loaded: Its answer to that.
        runs: Its answers to ``speak``.
        memory: Its answer to ``memory``.
    """

    name: str
    command: list[str]
    request: dict[str, Any]
    loaded: dict[str, Any] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self, threads: int) -> None:
        """Start the process."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Let the process go on, send a request, wait for the answer and stop the process again."""
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.process.send_signal(signal.SIGCONT)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with status {self.process.wait()}; its message is above")
        self.process.send_signal(signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def readings(self) -> dict[str, list[float]]:
        """What was measured, by quantity, one number for each round."""
        return {
            "step_ms": [1000 * run["decode_s"] / run["steps"] for run in self.runs],
            "prefill_ms": [1000 * run["prefill_s"] for run in self.runs],
            "vocoder": [run["vocoder_s"] / run["audio_s"] for run in self.runs],
            "total": [run["total_s"] / run["audio_s"] for run in self.runs],
        }

    def best(self) -> dict[str, float]:
        """The minimum of every quantity, and the floor of the steps."""
        smallest = {name: min(values) for name, values in self.readings().items()}
        return smallest | {"step_floor_ms": 1000 * floor_of_steps([run["step_s"] for run in self.runs])}


def environment(cache: Path, name: str, peer: Peer, torch: str) -> Path:
    """The interpreter of a peer's environment, made if it is not there."""
    folder = cache / f"env-{name}"
    python, stamp = folder / "bin" / "python", folder / ".ready"
    if not stamp.is_file():
        say(f"making the environment of {name} ({torch} is a download of some size)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, torch, *peer.packages], check=True)
        if peer.bare:
            subprocess.run([*install, "--no-deps", *peer.bare], check=True)
        stamp.touch()
    return python


def weights(cache: Path) -> tuple[Path, Path]:
    """Random full-size v2 weights, made if they are not there."""
    found = cache / "gpt-v2.ckpt", cache / "sovits-v2.pth"
    for path, write in zip(found, (write_gpt, write_sovits), strict=True):
        if not path.is_file():
            partial = path.with_suffix(".part")
            write("v2", partial)
            partial.rename(path)
    return found


def engines(options: argparse.Namespace) -> list[Engine]:
    """The engines asked for, not started yet."""
    cache: Path = options.cache
    gpt, sovits = (options.gpt, options.sovits) if options.gpt else weights(cache)
    inputs = cache / "inputs.npz"
    np.savez(inputs, **make_inputs())
    request = {"gpt": str(gpt), "sovits": str(sovits), "inputs": str(inputs), "cache": str(cache)}
    request |= {"tokens": options.tokens, "threads": options.threads}
    found = []
    for name, peer in PEERS.items():
        if name in options.without or (name == OFFICIAL and options.official is None):
            continue
        python = environment(cache, name, peer, options.torch)
        own = request | ({"official": str(options.official.resolve())} if name == OFFICIAL else {})
        found.append(Engine(name, [str(python), str(ROOT / "bench/peers" / peer.script)], own))
    for variant in options.ours:
        precision, _, decode = variant.partition(":")
        own = request | {"precision": precision, "decode": decode or "auto"}
        found.append(Engine(variant, [sys.executable, "-m", "bench.speaking"], own))
    return found


def measure(found: list[Engine], options: argparse.Namespace) -> None:
    """Load every engine, then let them take turns."""
    for engine in found:
        say(f"loading {engine.name}")
        engine.start(options.threads)
        engine.loaded = engine.ask(do="load", **engine.request)
    for number in range(options.rounds):
        # In the next round the other way round, so that nobody always comes after the same one.
        for engine in found if number % 2 == 0 else reversed(found):
            run = engine.ask(do="speak", tokens=options.tokens)
            if run["steps"] != options.tokens - 1 or not run["peak"] > 0:
                raise SystemExit(f"{engine.name} made {run['steps']} steps with peak {run['peak']}: not the same work")
            engine.runs.append(run)
            step = 1000 * run["decode_s"] / run["steps"]
            say(
                f"round {number + 1}/{options.rounds} {engine.name}: step {step:.1f} ms, "
                f"total {run['total_s'] / run['audio_s']:.2f}"
            )
    for engine in found:
        engine.memory = engine.ask(do="memory")


def table(found: list[Engine]) -> str:
    """The table of all engines, with ratios to the base where it took part."""
    base = next((engine.best() for engine in found if engine.name == BASE), {})
    rows = []
    for engine in found:
        best, cells = engine.best(), [f"{engine.name} ({engine.loaded.get('backend', 'float32')})"]
        for name, values in engine.readings().items():
            cells.append(f"{Spread.of(values)}{_ratio(best[name], base.get(name))}")
            if name == "step_ms":
                floor = best["step_floor_ms"]
                cells.append(figure(floor) + _ratio(floor, base.get("step_floor_ms")))
        cells.append(f"{engine.memory['peak_mb']:.0f} / {engine.memory['resident_mb']:.0f}")
        rows.append(cells)
    names = list(QUANTITIES.values())
    return markdown(["engine", names[0], "step floor, ms", *names[1:], "memory, MB (peak / now)"], rows)


def _ratio(value: float, base: float | None) -> str:
    return "" if not base else f" **{value / base:.2f}**"


def verdicts(found: list[Engine]) -> list[tuple[str, bool]]:
    """Whether what is required of ours holds: a sentence and the answer for each requirement."""
    base = next((engine.best() for engine in found if engine.name == BASE), None)
    if base is None:
        return []
    judged = []
    for engine in found:
        for name, limit in LIMITS.get(engine.name, {}).items():
            ratio = engine.best()[name] / base[name]
            judged.append(
                (f"{engine.name}: {QUANTITIES[name]} {ratio:.2f} x {BASE}, required {limit:.2f}", ratio <= limit)
            )
    return judged


def report(found: list[Engine], options: argparse.Namespace) -> dict[str, Any]:
    """Everything measured, for a file."""
    return {
        "tokens": options.tokens,
        "rounds": options.rounds,
        "threads": options.threads,
        "engines": {
            engine.name: {"loaded": engine.loaded, "memory": engine.memory, "best": engine.best(), **engine.readings()}
            for engine in found
        },
        "verdicts": [{"requirement": sentence, "holds": holds} for sentence, holds in verdicts(found)],
    }


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "gpt-sovits-bench")
    parser.add_argument("--official", type=Path, help="checkout of the official repository, to take part as well")
    parser.add_argument("--gpt", type=Path, help="v2 weights; random ones by default")
    parser.add_argument("--sovits", type=Path)
    parser.add_argument("--torch", default=TORCH, help=f"what to install as PyTorch for the others (default {TORCH})")
    parser.add_argument("--ours", nargs="*", default=["float16:native", "int8:native", "float32:jit"],
                        metavar="PRECISION:BACKEND")  # fmt: skip
    parser.add_argument("--without", nargs="*", default=[], choices=list(PEERS), help="leave a peer out")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--table", type=Path, help="write the table to this file")
    options = parser.parse_args(arguments)
    if (options.gpt is None) != (options.sovits is None):
        parser.error("--gpt and --sovits go together")
    options.cache = options.cache.expanduser().resolve()
    options.cache.mkdir(parents=True, exist_ok=True)
    for name in ("gpt", "sovits"):
        path = getattr(options, name)
        setattr(options, name, path and path.resolve())
    return options


def main() -> int:
    """Compare; 1 when something required does not hold."""
    options = parse()
    # Ended by `timeout`: the workers, which may be stopped, are ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = engines(options)
    try:
        measure(found, options)
        text = table(found)
        judged = verdicts(found)
    finally:
        for engine in found:
            engine.close()
    print(f"{options.tokens} tokens, {options.rounds} rounds, {options.threads} threads\n\n{text}\n")
    for sentence, holds in judged:
        print(f"{'ok  ' if holds else 'MISS'} {sentence}")
    if options.json:
        options.json.write_text(json.dumps(report(found, options), indent=1), encoding="utf-8")
    if options.table:
        options.table.write_text(text + "\n", encoding="utf-8")
    return 0 if all(holds for _, holds in judged) else 1


if __name__ == "__main__":
    sys.exit(main())

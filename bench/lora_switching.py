"""How long another LoRA takes where its base is loaded, at the official sizes, and what memory a v3 or v4 engine holds.

    python -m bench.lora_switching [--version v4] [--rounds 3] [--rank 32] [--cfm-products bfloat16]

Full-size random weights. The base is loaded and speaks; then LoRA files that the engine has not seen are loaded one
after the other, each as large as the official trainer writes them, and speak. Seconds of the clock and of the
processor; the latter hardly depend on what else the machine does. Minimum of the rounds, in brackets median and
maximum.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.figures import Spread, markdown
from bench.make_weights import DEPTH, FIXTURES, HUBERT, ROBERTA, VOCODERS, Arrays, gpt, half, save, say
from bench.memory import resident_mb
from bench.peers.protocol import memory
from bench.synthesis import CACHE
from convert.torch_writer import HEADS
from GPT_SoVITS import backend
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import EngineSettings, EngineState, Failed, Reference, SynthesisRequest, WeightsPair
from GPT_SoVITS.inference import bundle
from GPT_SoVITS.inference.local import LocalEngine
from GPT_SoVITS.versions import CFM_PRODUCTS
from tests.parity.weights import generate, load_config

LIMIT_SECONDS, LIMIT_MB = 2.0, 2200
PARTS = ("to_q", "to_k", "to_v", "to_out.0")
TEXT = "Nobody went out that day."
_FROZEN = ("cfm.", "enc_p.", "enc_q.", "ssl_proj.")
"""What the official trainer leaves out of a LoRA file, beside the pairs."""


def write_lora(version: str, path: Path, rank: int, seed: int) -> None:
    """Write a LoRA file of random numbers with everything that an official one holds."""
    folder, rng = FIXTURES / f"s2_{version}", np.random.default_rng(seed)
    kept = {key: each for key, each in generate(folder / "manifest.json").items() if not key.startswith(_FROZEN)}
    pairs: Arrays = {}
    for block in range(DEPTH):
        for part in PARTS:
            stem = f"cfm.base_model.model.estimator.transformer_blocks.{block}.attn.{part}"
            pairs[f"{stem}.lora_A.default.weight"] = rng.uniform(-1 / 32, 1 / 32, (rank, 1024)).astype(np.float32)
            pairs[f"{stem}.lora_B.default.weight"] = rng.normal(0, 0.01, (1024, rank)).astype(np.float32)
    config = load_config(folder)
    config["model"]["version"] = version
    save({"weight": half(kept | pairs), "config": config, "lora_rank": rank}, path, head=HEADS[version])


def prepare(version: str, folder: Path) -> WeightsPair:
    """Make the weights that are not there, in a process of its own that takes its memory with it; returns the base."""
    if not (folder / "reference.wav").is_file():
        say(f"making full-size random weights in {folder}")
        subprocess.run([sys.executable, "-m", "bench.make_weights", "--version", version, str(folder)], check=True)
    ending = folder / f"gpt-{version}-ending.ckpt"
    if not ending.is_file():
        gpt(version, ending, ending=True)
    return WeightsPair(str(ending), str(folder / f"sovits-{version}.pth"))


def settings(version: str, folder: Path, base: WeightsPair, products: str) -> EngineSettings:
    """An engine of that folder."""
    vocoder = str(folder / VOCODERS[version])
    return EngineSettings(
        weights=base, hubert=str(folder / HUBERT), roberta=str(folder / ROBERTA), device_target="CPU",
        cfm_products=products,
        bigvgan=vocoder if version == "v3" else None, hifigan=vocoder if version == "v4" else None,
    )  # fmt: skip


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor that something takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def speak(engine: LocalEngine, folder: Path, weights: WeightsPair) -> None:
    """Speak a short sentence in four steps."""
    reference = Reference(str(folder / "reference.wav"), "The roads were under water.", "en")
    request = SynthesisRequest(TEXT, "en", reference, seed=7, max_attempts=1, sample_steps=4, weights=weights)
    for event in stream(engine, request):
        if isinstance(event, Failed):
            raise SystemExit(f"the engine failed: {event.error}")


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 when a switch takes too long or the engine holds too much."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.lora_switching", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--version", choices=list(VOCODERS), default="v4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--cfm-products", choices=CFM_PRODUCTS, default="auto")
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args(arguments)
    folder: Path = options.cache / options.version
    base = prepare(options.version, folder)
    backend.configure("CPU")
    # The base lies here, not where people install it.
    setattr(bundle, "resource_file", lambda resource: Path(base.sovits))  # noqa: B010
    engine = LocalEngine(settings(options.version, folder, base, options.cfm_products))
    held: list[float] = []
    switches: list[tuple[float, float]] = []
    try:
        clock, processor = timed(lambda: _until_ready(engine))
        held.append(resident_mb())
        speak(engine, folder, base)
        held.append(resident_mb())
        for number in range(options.rounds):
            path = folder / f"lora-{number}.pth"
            write_lora(options.version, path, options.rank, number)
            tuned = WeightsPair(base.gpt, str(path))
            switches.append(timed(partial(_load, engine, tuned)))
            speak(engine, folder, tuned)
            held.append(resident_mb())
            say(f"LoRA {number}: {switches[-1][0]:.2f} s, {switches[-1][1]:.2f} s of the processor, {held[-1]:.0f} MB")
            path.unlink()
    finally:
        engine.close()
    both = [Spread.of(each) for each in zip(*switches, strict=True)]
    rows = [["base", f"{clock:.2f}", f"{processor:.2f}"], ["LoRA over it", str(both[0]), str(both[1])]]
    print(markdown(["load", "s", "s of the processor"], rows))
    print(f"resident: ready {held[0]:.0f} MB, after speech {held[1]:.0f}, with LoRAs {[round(mb) for mb in held[2:]]}; "
          f"most so far {memory()['peak_mb']:.0f}")  # fmt: skip
    return int(both[0].best > LIMIT_SECONDS or held[1] > LIMIT_MB)


def _load(engine: LocalEngine, weights: WeightsPair) -> None:
    engine.load(weights, make_current=True).result(600)


def _until_ready(engine: LocalEngine) -> None:
    while engine.status().state is EngineState.STARTING:
        time.sleep(0.05)
    if engine.status().state is not EngineState.READY:
        raise SystemExit(f"the engine does not start: {engine.status()}")


if __name__ == "__main__":
    raise SystemExit(main())

"""How fast one pair of weights speaks: every part by itself, batches, and the whole engine with its first sound.

    python -m bench.synthesis [--gpt F --sovits F] [--tokens 200] [--batch 1 2 4 8 16] [--decode auto] [--json]

Without weights, full-size random ones are made in the cache folder. The parts run on fixed inputs without the text
part, as in ``bench.compare``; the engine runs on text, with HuBERT and RoBERTa, after its own warm-up. Times are minima
over the rounds (in brackets median and maximum); tokens per second come from the fastest reading of each step.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.figures import Spread, figure, floor_of_steps, markdown
from bench.make_weights import HUBERT, ROBERTA, make, say
from bench.peers.protocol import memory
from bench.speaking import TOKENS, Ours
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineSettings,
    EngineState,
    Failed,
    Finished,
    Reference,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)

CACHE = Path.home() / ".cache" / "gpt-sovits-bench"
BATCH_STEPS = 60
BATCHED_8 = 3.0
"""Tokens per second of eight sequences side by side, at least so many times those of one."""
FIRST_SOUND_S = 0.6
CHINESE, ENGLISH = "先帝创业未半而中道崩殂，今天下三分。", "It rained all day, and nobody went out."
PROMPTS = {"zh": "那天的云很好看。", "en": "The clouds were nice that day."}


def parts(options: argparse.Namespace) -> dict[str, Any]:
    """Times of prefill, decode and vocoder for one sequence, and of decode steps of several."""
    began = time.perf_counter()
    ours = Ours(str(options.gpt), str(options.sovits), precision=options.precision, decode=options.decode,
                rows=max(options.batch), threads=options.threads)  # fmt: skip
    loaded = time.perf_counter()
    ours.speak(options.tokens)
    ready = time.perf_counter()
    runs = []
    for number in range(options.rounds):
        runs.append(ours.speak(options.tokens))
        say(f"round {number + 1}/{options.rounds}: {1000 * runs[-1].decode_s / runs[-1].steps:.1f} ms per step")
    steps = floor_of_steps([run.step_s for run in runs])
    batches = {}
    for rows in options.batch:
        ours.decode_batch(rows, 4)  # compiles, where anything compiles
        seconds = floor_of_steps([ours.decode_batch(rows, BATCH_STEPS) for _ in range(options.rounds)])
        batches[rows] = {"step_ms": 1000 * seconds, "tokens_per_s": rows / seconds}
        say(f"{rows} rows: {1000 * seconds:.1f} ms per step, {rows / seconds:.0f} tokens/s")
    return {
        "backend": ours.bundle.decode_description,
        "load_s": loaded - began,
        "first_run_s": ready - loaded,
        "step_ms": [1000 * run.decode_s / run.steps for run in runs],
        "step_floor_ms": 1000 * steps,
        "prefill_ms": [1000 * run.prefill_s for run in runs],
        "vocoder_per_s": [run.vocoder_s / run.audio_s for run in runs],
        "total_per_s": [run.total_s / run.audio_s for run in runs],
        "batch": batches,
        "memory": memory(),
    }


def whole(options: argparse.Namespace, hubert: Path, roberta: Path | None, reference: Path) -> dict[str, Any]:
    """The engine on text: warm-up, encoding the reference, first sound of a stream, and all of it."""
    from GPT_SoVITS.inference.local import LocalEngine

    language, text = ("zh", CHINESE) if roberta else ("en", ENGLISH)
    settings = EngineSettings(
        weights=WeightsPair(str(options.gpt), str(options.sovits)),
        hubert=str(hubert),
        roberta=None if roberta is None else str(roberta),
        device_target="CPU",
        precision=options.precision,
        decode_backend=options.decode,
        threads=options.threads,
    )
    began = time.perf_counter()
    engine = LocalEngine(settings)
    while (status := engine.status()).state is EngineState.STARTING:
        time.sleep(0.05)
    warm = time.perf_counter() - began
    if status.state is not EngineState.READY:
        raise SystemExit(f"the engine is {status.state.value}: {status.detail}")
    say(f"engine ready after {warm:.0f} s")

    def speak(streaming: Streaming, seed: int) -> tuple[float, Finished]:
        request = SynthesisRequest(
            text, language, Reference(str(reference), PROMPTS[language], language),
            seed=seed, how_to_cut="cut0", streaming=streaming, max_attempts=1,
        )  # fmt: skip
        start, first = time.perf_counter(), 0.0
        for event in stream(engine, request):
            if isinstance(event, AudioChunk) and not first:
                first = time.perf_counter() - start
            elif isinstance(event, Failed):
                raise SystemExit(f"the engine failed: {event.error}")
            elif isinstance(event, Finished):
                return first, event
        raise SystemExit("the engine said nothing at the end")

    try:
        _, cold = speak(Streaming.OFF, 0)
        streamed = [speak(Streaming.TOKENS, 1 + n) for n in range(options.rounds)]
        offline = [speak(Streaming.OFF, 1 + n)[1] for n in range(options.rounds)]
    finally:
        engine.close()
    return {
        "language": language,
        "warm_up_s": warm,
        "reference_s": cold.timings.reference,
        "first_sound_s": [first for first, _ in streamed],
        "total_per_s": [done.timings.total / done.audio_seconds for done in offline],
        "streamed_total_per_s": [done.timings.total / done.audio_seconds for _, done in streamed],
        "memory": memory(),
    }


def report(result: dict[str, Any]) -> str:
    """Tables for people."""
    found, engine = result["parts"], result.get("engine")
    rows = [
        ["decode backend", found["backend"]],
        ["load; first run", f"{found['load_s']:.1f} s; {found['first_run_s']:.1f} s"],
        ["prefill", f"{Spread.of(found['prefill_ms'])} ms"],
        ["decode step", f"{Spread.of(found['step_ms'])} ms, undisturbed {figure(found['step_floor_ms'])} ms"],
        ["vocoder", f"{Spread.of(found['vocoder_per_s'])} s per second of audio"],
        ["total", f"{Spread.of(found['total_per_s'])} s per second of audio"],
        ["memory, peak and now", f"{found['memory']['peak_mb']:.0f}, {found['memory']['resident_mb']:.0f} MB"],
    ]
    if engine:
        rows += [
            [f"engine ({engine['language']}): warm-up", f"{engine['warm_up_s']:.0f} s"],
            ["encoding a new reference", f"{figure(engine['reference_s'])} s"],
            ["first sound of a stream", f"{Spread.of(engine['first_sound_s'])} s (wanted: under {FIRST_SOUND_S:g})"],
            ["total, whole", f"{Spread.of(engine['total_per_s'])} s per second of audio"],
            ["total, streamed", f"{Spread.of(engine['streamed_total_per_s'])} s per second of audio"],
            ["memory, peak and now", f"{engine['memory']['peak_mb']:.0f}, {engine['memory']['resident_mb']:.0f} MB"],
        ]
    one = found["batch"].get(1, next(iter(found["batch"].values())))
    batches = [
        [str(rows), figure(each["step_ms"]), f"{each['tokens_per_s']:.0f}",
         f"{each['tokens_per_s'] / one['tokens_per_s']:.2f} x"]
        for rows, each in found["batch"].items()
    ]  # fmt: skip
    table = markdown(["sequences", "step, ms", "tokens per second", "of one"], batches)
    return f"{markdown(['quantity', 'value'], rows)}\n\n{table}"


def complete(options: argparse.Namespace) -> None:
    """Make weights where none are named."""
    folder: Path = options.cache / "v2"
    if options.gpt is None:
        if not (folder / "reference.wav").is_file():
            say(f"making full-size random weights in {folder}")
            make("v2", folder)
        options.gpt, options.sovits = folder / "gpt-v2.ckpt", folder / "sovits-v2.pth"
    for name, default in (("hubert", HUBERT), ("roberta", ROBERTA), ("reference", "reference.wav")):
        beside = options.gpt.parent / default
        if getattr(options, name) is None and beside.exists():
            setattr(options, name, beside)


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 when something that is required does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.synthesis", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--gpt", type=Path, help="default: random weights")
    parser.add_argument("--sovits", type=Path)
    parser.add_argument(
        "--hubert", type=Path, help="folder; default: beside the GPT weights; without it no engine part"
    )
    parser.add_argument("--roberta", type=Path, help="likewise; without it the engine speaks English")
    parser.add_argument("--reference", type=Path, help="clip; likewise")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--decode", choices=("auto", "native", "jit"), default="auto")
    parser.add_argument("--precision", choices=("float32", "float16", "int8"), default="float16")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--parts", action="store_true", help="only the parts, not the engine")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    if (options.gpt is None) != (options.sovits is None):
        parser.error("--gpt and --sovits go together")
    complete(options)
    result = {"parts": parts(options)}
    if options.hubert and options.reference and not options.parts:
        result["engine"] = whole(options, options.hubert, options.roberta, options.reference)
    print(json.dumps(result, indent=1) if options.json else report(result))
    return 0 if all(judged(result)) else 1


def judged(result: dict[str, Any]) -> list[bool]:
    """Whether what is required holds, as far as it was measured."""
    batch = result["parts"]["batch"]
    held = [batch[8]["tokens_per_s"] >= BATCHED_8 * batch[1]["tokens_per_s"]] if {1, 8} <= batch.keys() else []
    if "engine" in result:
        held.append(min(result["engine"]["first_sound_s"]) < FIRST_SOUND_S)
    return held


if __name__ == "__main__":
    sys.exit(main())

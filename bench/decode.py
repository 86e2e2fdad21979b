"""Speed of the native decode step and prefill, by precision and batch, on full-size random weights.

    python -m bench.decode [--precision fp16 int8 fp32] [--batch 1 2 4 8 16] [--context 350] [--repeats 60] [--json]

Minimum and median over the repeats; minima are what the machine can do, medians what it did. ``--jit`` also measures
the portable backend at batch 1.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend

FULL = T2SConfig(vocab_size=1025, phoneme_vocab_size=732, hidden_dim=512, head=16, n_layer=24)
TEXT = 120


def shapes(config: T2SConfig) -> dict[str, tuple[int, ...]]:
    """Return every parameter's shape."""
    dim, ffn = config.hidden_dim, config.feed_forward_dim
    found: dict[str, tuple[int, ...]] = {
        "bert_proj.weight": (dim, config.bert_dim),
        "bert_proj.bias": (dim,),
        "ar_text_embedding.word_embeddings.weight": (config.phoneme_vocab_size, dim),
        "ar_audio_embedding.word_embeddings.weight": (config.vocab_size, dim),
        "ar_text_position.alpha": (1,),
        "ar_audio_position.alpha": (1,),
        "ar_predict_layer.weight": (config.vocab_size, dim),
    }
    block = {
        "self_attn.in_proj_weight": (3 * dim, dim), "self_attn.in_proj_bias": (3 * dim,),
        "self_attn.out_proj.weight": (dim, dim), "self_attn.out_proj.bias": (dim,),
        "linear1.weight": (ffn, dim), "linear1.bias": (ffn,), "linear2.weight": (dim, ffn), "linear2.bias": (dim,),
        "norm1.weight": (dim,), "norm1.bias": (dim,), "norm2.weight": (dim,), "norm2.bias": (dim,),
    }  # fmt: skip
    for layer in range(config.n_layer):
        found.update({f"h.layers.{layer}.{name}": shape for name, shape in block.items()})
    return found


def random_arrays(config: T2SConfig, seed: int = 0) -> dict[str, npt.NDArray[np.float16]]:
    """Return float16 weights, as official files hold them, of sizes that keep activations near 1."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in shapes(config).items():
        spread = 0.5 if "embedding" in name or len(shape) == 1 else shape[-1] ** -0.5
        offset = 1.0 if name.endswith(("norm1.weight", "norm2.weight", "alpha")) else 0.0
        values = rng.standard_normal(shape, np.float32) * np.float32(spread if offset == 0 else 0.1)
        arrays[name] = (values + np.float32(offset)).astype(np.float16)
    return arrays


def random_sequence(config: T2SConfig, text: int, prompt: int, seed: int = 0) -> DecodeInput:
    """Return random input of the given lengths."""
    rng = np.random.default_rng(seed)
    bert = rng.standard_normal((config.bert_dim, text)).astype(np.float32)
    return DecodeInput(rng.integers(0, config.phoneme_vocab_size, text), bert, rng.integers(0, config.eos, prompt))


def _times(run: Callable[[], object], repeats: int) -> dict[str, float]:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return {"min_ms": round(min(seconds) * 1e3, 2), "median_ms": round(float(np.median(seconds)) * 1e3, 2)}


def measure_step(backend: DecodeBackend, rows: int, context: int, repeats: int) -> dict[str, float]:
    """Time steps of ``rows`` sequences, all at about ``context`` cache entries."""
    state = backend.start(rows)
    start = context - repeats // 2
    for slot in range(rows):
        backend.prefill(state, slot, random_sequence(backend.config, TEXT, start - TEXT, seed=slot))
    tokens = np.arange(state.rows) % backend.config.eos
    backend.step(state, tokens)
    found = _times(lambda: backend.step(state, tokens), repeats)
    backend.finish(state)
    return {**found, "tokens_per_second": round(rows / found["min_ms"] * 1e3)}


def measure_prefill(backend: DecodeBackend, length: int, repeats: int) -> dict[str, float]:
    """Time prefills of ``length`` entries."""
    state = backend.start(1)
    sequence = random_sequence(backend.config, TEXT, length - TEXT)

    def run() -> None:
        backend.prefill(state, 0, sequence)
        state.leave(0)

    run()
    found = _times(run, repeats)
    backend.finish(state)
    return found


def _report(name: str, backend: DecodeBackend, options: argparse.Namespace, batches: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"prefill_250": measure_prefill(backend, 250, 5)}
    for rows in batches:
        found[f"batch_{rows}"] = measure_step(backend, rows, options.context, options.repeats)
    if not options.json:
        for case, numbers in found.items():
            print(f"{name:10} {case:12} " + "  ".join(f"{key} {value:g}" for key, value in numbers.items()), flush=True)
    return found


def main() -> int:
    """Measure and print; the exit status is 1 where there is no native library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", default=["fp16", "int8", "fp32"], choices=["fp32", "fp16", "int8"])
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--context", type=int, default=350, help="cache entries around which steps are timed")
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    library = load()
    if library.handle is None:
        print(library.description)
        return 1
    arrays = random_arrays(FULL)
    found: dict[str, Any] = {"isa": library.isa, "context": options.context}
    for precision in options.precision:
        backend = NativeBackend(library.handle, FULL, arrays, precision, threads=options.threads)
        found[precision] = _report(precision, backend, options, options.batch)
    if options.jit:
        from GPT_SoVITS.t2s.jit_backend import JitBackend

        found["jit"] = _report("jit", JitBackend.from_arrays(FULL, arrays), options, [1])
    if options.json:
        print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

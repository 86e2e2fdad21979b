"""Tokens to audio, step by step, with the compiled graph and with native code, alternating in one process.

    python -m bench.vocoder --version v2 --seconds 8 --rounds 10

Prints for every step the shortest time, the median and the longest, the shortest per second of audio, the least work of
all threads together (which a busy machine disturbs less), and how native code compares. Random weights of full size;
noise in, noise out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Buckets, Synthesizer
from tests.parity.weights import load_config, network_arrays

FIXTURES = Path(__file__).parents[1] / "tests" / "data" / "parity"
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus")
PHONEMES_PER_SECOND = 12
Array = np.ndarray[Any, np.dtype[Any]]


def build(version: str, seconds: float, vocoder: str) -> tuple[Synthesizer, float]:
    """Return a synthesizer and the seconds it took to load; buckets fit the length, so that nothing is padding."""
    folder = FIXTURES / f"s2_{version}"
    arrays = network_arrays("sovits", folder / "manifest.json")
    config = SovitsConfig.from_official(load_config(folder), version)
    codes = int(seconds * config.codes_per_second)
    buckets = Buckets((codes,), (int(seconds * PHONEMES_PER_SECOND),), (codes * config.frames_per_code,))
    began = time.perf_counter()
    voice = Synthesizer(config, arrays, buckets=buckets, vocoder=vocoder)
    return voice, time.perf_counter() - began


def timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """Return what the work returns, its seconds, and the seconds of all its threads together."""
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - began, time.process_time() - worked)


def measure(
    voices: dict[str, Synthesizer], seconds: float, rounds: int
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, Array]]:
    """Return the times of every step and the audio of every vocoder."""
    rng = np.random.default_rng(0)
    voice = next(iter(voices.values()))
    config = voice.config
    codes = rng.integers(0, config.codebook_size, int(seconds * config.codes_per_second))
    text = rng.integers(0, config.phoneme_count, int(seconds * PHONEMES_PER_SECOND))
    condition = rng.standard_normal(config.gin_channels).astype(np.float32) * np.float32(0.1)
    times: dict[str, list[tuple[float, float]]] = {}
    audio: dict[str, Array] = {}
    for turn in range(rounds + 1):
        found: dict[str, tuple[float, float]] = {}
        encoded, found["phonemes"] = timed(partial(voice.phonemes, text))
        content, found["content"] = timed(partial(voice.content, codes, encoded, condition))
        latent, found["latent"] = timed(partial(voice.latent, content, condition, None, 0.0))
        for name, one in voices.items():
            audio[name], found[name] = timed(partial(one.vocoder, latent.frames, condition))
        for name, value in found.items() if turn else ():  # the first round compiles
            times.setdefault(name, []).append(value)
    return times, audio


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.vocoder", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--version", choices=VERSIONS, default="v2")
    parser.add_argument("--seconds", type=float, default=8.0, help="audio")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=("native", "jit"), help="one vocoder alone")
    options = parser.parse_args()
    voices = {}
    for choice in (options.only,) if options.only else ("jit", "native"):
        voice, loading = build(options.version, options.seconds, choice)
        voices[voice.vocoder_description] = voice
        print(f"{voice.vocoder_description}: loaded in {loading:.2f} s")
    times, audio = measure(voices, options.seconds, options.rounds)
    print(f"{options.version}, {options.seconds:g} s of audio, {options.rounds} rounds: shortest, median, longest")
    for name, values in times.items():
        walls, threads = zip(*values, strict=True)
        low, middle, high = min(walls), statistics.median(walls), max(walls)
        print(
            f"{name:28s} {low:7.3f} {middle:7.3f} {high:7.3f} s   {low / options.seconds:.4f} s per second of audio, "
            f"all threads {min(threads) / options.seconds:.4f}"
        )
    if len(voices) == 2:
        portable, native = audio
        print(f"native / compiled graph: {min(times[native])[0] / min(times[portable])[0]:.3f}")
        largest = np.abs(audio[portable]).max()
        print(f"largest difference {np.abs(audio[native] - audio[portable]).max():.2g} in audio within {largest:.2g}")


if __name__ == "__main__":
    main()

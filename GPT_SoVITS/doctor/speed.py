"""A self-test with a clock: a few tokens and two seconds of audio through the networks that speech uses.

With the weights that are there, else with random ones of the same sizes, which tests everything but the sound.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.compare import compare_keys
from convert.expected import expected_keys
from convert.keymap import Mapped
from convert.weights import Weights
from convert.writer import write
from GPT_SoVITS import _commands
from GPT_SoVITS.doctor.findings import Finding, State
from GPT_SoVITS.engine.errors import EngineError, WeightsMissingError
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.say.weights import find_weights

if TYPE_CHECKING:
    from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
    from GPT_SoVITS.inference.bundle import Bundle

AREA = "speed"
VERSION = "v2"
PHONEMES, PROMPT, STEPS = 60, 100, 30
TOKENS = 50
"""Two seconds."""
TOKENS_PER_SECOND = 25
REPEATS = 2


def examine(settings: EngineSettings) -> list[Finding]:
    """Run the networks; what fails or differs from run to run is BAD."""
    try:
        with _weights() as (weights, words):
            return _measure(weights, words, settings)
    except EngineError as error:
        return [Finding(AREA, "self-test", State.BAD, str(error), "see the lines above, or name other weights")]


@contextmanager
def _weights() -> Iterator[tuple[WeightsPair, str]]:
    """The weights that would speak, and what to call them."""
    try:
        found = find_weights()
    except WeightsMissingError:
        with tempfile.TemporaryDirectory(prefix="gpt-sovits-doctor-") as folder:
            paths = [_made_up(kind, Path(folder)) for kind in ("t2s", "sovits")]
            yield WeightsPair(*map(str, paths)), f"random {VERSION} weights of full size"
    else:
        yield found, Path(found.sovits).name


def _made_up(kind: str, folder: Path) -> Path:
    from GPT_SoVITS.selftest import made_up

    source = made_up(kind, VERSION)
    report = compare_keys(expected_keys(kind, source.config), Mapped(source.arrays, {}))
    path = folder / f"{kind}.ckpt"
    write(Weights(kind, VERSION, VERSION, source.config, source.arrays, report, ("made up",), path), path)
    return path


def _measure(weights: WeightsPair, words: str, given: EngineSettings) -> list[Finding]:
    from GPT_SoVITS.inference.bundle import load_bundle
    from GPT_SoVITS.inference.features import Features

    settings = replace(given, weights=weights, max_rows=1)
    bundle = load_bundle(weights, settings, Features(settings))
    tokens = [_decode(bundle) for _ in range(1 + REPEATS)]  # the first compiles
    audio = [_speak(bundle) for _ in range(1 + REPEATS)]
    step = min(seconds for _, seconds in tokens[1:]) / STEPS
    vocoder = min(seconds for _, seconds in audio[1:]) / (TOKENS / TOKENS_PER_SECOND)
    findings = [
        *_kernels(),
        _sound("decoder", bundle.decode_description, [each for each, _ in tokens]),
        _sound("vocoder", words, [each for each, _ in audio]),
    ]
    factor = TOKENS_PER_SECOND * step + vocoder
    found = (f"{1000 * step:.1f} ms per token, {vocoder:.2f} s of vocoder per second of speech: about "
             f"{1 / factor:.1f} x real time for one text at a time, {settings.precision}")  # fmt: skip
    remedy = "" if factor < 1 else "slower than real time: build the native kernels, or end other programs"
    return [*findings, Finding(AREA, "estimate", State.OK if factor < 1 else State.NOTE, found, remedy)]


def _kernels() -> list[Finding]:
    """The native kernels' check against the portable step, where there are kernels."""
    from GPT_SoVITS.native.library import load
    from GPT_SoVITS.t2s.self_check import check_kernels

    library = load(may_build=False)
    if library.handle is None:
        return []
    wrong = check_kernels(library.handle, "fp16")
    if not wrong:
        return [Finding(AREA, "kernel check", State.OK, f"{library.isa} agrees with the portable step")]
    remedy = _commands.module("GPT_SoVITS.native", "build", "--best", "--force")
    return [Finding(AREA, "kernel check", State.NOTE, f"{wrong}; the portable step is used", remedy)]


def _sound(name: str, words: str, results: list[NDArray[np.float32]]) -> Finding:
    """Whether results are numbers, and the same ones every time."""
    if not all(np.isfinite(each).all() for each in results):
        return Finding(
            AREA, name, State.BAD, f"{words}: results are not finite numbers", _commands.module("GPT_SoVITS.selftest")
        )
    if not all(np.array_equal(each, results[0]) for each in results):
        return Finding(
            AREA, name, State.BAD, f"{words}: differs from run to run", _commands.module("GPT_SoVITS.selftest")
        )
    return Finding(AREA, name, State.OK, words)


def _decode(bundle: Bundle) -> tuple[NDArray[np.float32], float]:
    """Logits of some steps, and the seconds of the steps."""
    from GPT_SoVITS.t2s.backend import DecodeInput

    decoder = bundle.decoder
    text = np.arange(1, PHONEMES + 1)
    state = decoder.start(1)
    logits = [decoder.prefill(state, 0, DecodeInput(text, np.zeros((decoder.config.bert_dim, PHONEMES), np.float32),
                                                    np.arange(PROMPT)))]  # fmt: skip
    start = time.perf_counter()
    logits += [decoder.step(state, np.full(state.rows, step))[0] for step in range(STEPS)]
    seconds = time.perf_counter() - start
    decoder.finish(state)
    return np.stack(logits), seconds


def _speak(bundle: Bundle) -> tuple[NDArray[np.float32], float]:
    """Audio of some tokens, and its seconds of computation."""
    from GPT_SoVITS.cfm.synthesizer import MelSynthesizer

    voice, text = bundle.synthesizer, np.arange(1, PHONEMES + 1)
    condition = np.zeros(voice.config.gin_channels, np.float32)
    start = time.perf_counter()
    if isinstance(voice, MelSynthesizer):
        audio = _speak_mel(voice, text, condition)
    else:
        audio = voice.decode(np.arange(TOKENS), text, condition, noise_scale=0.0)
    return audio, time.perf_counter() - start


def _speak_mel(voice: MelSynthesizer, text: NDArray[np.int64], timbre: NDArray[np.float32]) -> NDArray[np.float32]:
    """With the steps that a request has by default; how long the prompt is does not matter, chunks are filled."""
    from GPT_SoVITS.cfm.sampler import Sampling

    bins = voice.cfm.mel
    prompt = voice.prompt(np.zeros((bins, 1), np.float32), np.zeros((1, voice.cfm.text), np.float32))

    def silence(frames: int) -> NDArray[np.float32]:
        return np.zeros((frames, bins), np.float32)

    return voice.decode(np.arange(TOKENS), text, timbre, prompt, silence, Sampling())

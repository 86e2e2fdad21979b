"""Before a native backend is used: does it compute what the portable code computes?

Two checks. The kernels, on a small random network, against the portable backend: ragged rows over advancing positions,
across a page of the cache, and a row alone against the same row in company, to the last bit. That compiles graphs,
which takes seconds; when they pass it is noted beside the library, and the next processes skip it. Then the loaded
weights, against plain numpy, over a few tokens: always.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.native import isa, verdicts
from GPT_SoVITS.native.build import digest
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.network import Text2SemanticDecoder, sine_table

SMALL = T2SConfig(
    vocab_size=37, phoneme_vocab_size=19, hidden_dim=48, head=3, n_layer=2, bert_dim=10, max_positions=256
)
# Text and prompt of the rows; the first reaches the end of a cache page within the steps.
_ROWS = ((5, 118), (3, 0), (40, 21))
_STEPS = 8
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-2, "int8": 0.1}
"""Largest difference of logits allowed, relative to the largest logit; several times what is measured."""


def _small_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {}
    for name, parameter in Text2SemanticDecoder(SMALL).parameters_and_names():
        shape = tuple(parameter.shape)
        spread = shape[-1] ** -0.5 if len(shape) > 1 and "embedding" not in name else 0.3
        offset = 1.0 if name.endswith(("norm1.weight", "norm2.weight", "alpha")) else 0.0
        values = (rng.standard_normal(shape) * spread + offset).astype(np.float16)
        arrays[name] = values.astype(np.float32)
    return arrays


def _sequence(config: T2SConfig, text: int, prompt: int) -> DecodeInput:
    rng = np.random.default_rng((text, prompt))
    bert = rng.standard_normal((config.bert_dim, text)).astype(np.float32)
    return DecodeInput(rng.integers(0, config.phoneme_vocab_size, text), bert, rng.integers(0, config.eos, prompt))


def _logits(backend: DecodeBackend, rows: list[int], slots: int) -> np.ndarray:
    """Logits (steps + 1, rows, vocab) of these rows of the plan, side by side."""
    state = backend.start(slots)
    used = list(range(slots))[-len(rows) :]  # the last slots, so that free ones come before
    first = [backend.prefill(state, slot, _sequence(SMALL, *_ROWS[row])) for slot, row in zip(used, rows, strict=True)]
    found = [np.stack(first)]
    for step in range(_STEPS):
        tokens = np.zeros(state.rows, np.int64)
        tokens[used] = [(7 * row + 3 * step) % SMALL.eos for row in rows]
        found.append(backend.step(state, tokens)[used])
    backend.finish(state)
    return np.stack(found)


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@lru_cache(maxsize=1)
def _expected() -> np.ndarray:
    backend = JitBackend.from_arrays(SMALL, _small_arrays(), capacities=(256,), prefill_lengths=(128,), row_counts=(4,))
    return _logits(backend, [0, 1, 2], 4)


@lru_cache(maxsize=8)
def _kernels(path: str, precision: Precision, threads: int) -> str:
    native = NativeBackend(ctypes.CDLL(path), SMALL, _small_arrays(), precision, threads=threads)
    found = _logits(native, [0, 1, 2], 4)
    difference = _difference(found, _expected())
    if not difference <= TOLERANCE[precision]:
        return f"logits of a small network differ from the portable ones by {difference:.1e} of the largest"
    alone = _logits(native, [2], 1)
    if not np.array_equal(alone[:, 0], found[:, 2]):
        return "a row's logits depend on the rows beside it"
    return ""


def check_kernels(library: ctypes.CDLL, precision: Precision, threads: int = 0) -> str:
    """Return what is wrong with the kernels, empty when nothing is; a few seconds, once per library and processor."""
    path = str(library._name)
    key = _key(Path(path), precision, threads or int(library.gs_pool_threads()))
    if verdicts.passed(Path(path), key):
        return ""
    wrong = _kernels(path, precision, threads)
    if not wrong:
        verdicts.note(Path(path), key)
    return wrong


def _key(path: Path, precision: Precision, threads: int) -> str:
    """All that the outcome depends on: the code, the processor, and what is checked how closely."""
    checked = (SMALL, _ROWS, _STEPS, TOLERANCE[precision], digest(Path(__file__)))
    return verdicts.key(digest(path), sorted(isa.cpu_flags()), precision, threads, checked)


def _norm(x: np.ndarray, weight: Any, bias: Any) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    normal: np.ndarray = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias
    return normal


def reference_logits(
    config: T2SConfig, arrays: Mapping[str, np.ndarray], sequence: DecodeInput, generated: list[int]
) -> np.ndarray:
    """Logits after the prompt and after every generated token (1 + generated, vocab), in numpy, without a cache."""

    def get(name: str) -> np.ndarray:
        return np.asarray(arrays[name], np.float32)

    text, tokens = len(sequence.phonemes), np.array([*sequence.prompt, *generated], int)
    table = sine_table(max(text, len(tokens)), config.hidden_dim)
    of_text = arrays["ar_text_embedding.word_embeddings.weight"][sequence.phonemes].astype(np.float32)
    of_text = of_text + sequence.bert.T @ get("bert_proj.weight").T + get("bert_proj.bias")
    of_tokens = arrays["ar_audio_embedding.word_embeddings.weight"][tokens].astype(np.float32)
    x = np.concatenate(
        [
            of_text + get("ar_text_position.alpha") * table[:text],
            of_tokens + get("ar_audio_position.alpha") * table[: len(tokens)],
        ]
    )
    row, column = np.arange(len(x))[:, None], np.arange(len(x))[None]
    visible = (column < text) | ((row >= text) & (column <= row))
    for layer in range(config.n_layer):
        prefix = f"h.layers.{layer}."
        qkv = x @ get(prefix + "self_attn.in_proj_weight").T + get(prefix + "self_attn.in_proj_bias")
        split = (part.reshape(len(x), config.head, -1).swapaxes(0, 1) for part in np.split(qkv, 3, -1))
        queries, keys, values = split
        scores = np.where(visible, queries @ keys.swapaxes(1, 2) * np.float32(config.head_dim**-0.5), -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True) @ values).swapaxes(0, 1).reshape(x.shape)
        mixed = mixed @ get(prefix + "self_attn.out_proj.weight").T + get(prefix + "self_attn.out_proj.bias")
        x = _norm(x + mixed, get(prefix + "norm1.weight"), get(prefix + "norm1.bias"))
        wide = np.maximum(x @ get(prefix + "linear1.weight").T + get(prefix + "linear1.bias"), 0)
        wide = wide @ get(prefix + "linear2.weight").T + get(prefix + "linear2.bias")
        x = _norm(x + wide, get(prefix + "norm2.weight"), get(prefix + "norm2.bias"))
    logits: np.ndarray = x[-1 - len(generated) :] @ get("ar_predict_layer.weight").T
    return logits


def check_weights(backend: NativeBackend, arrays: Mapping[str, np.ndarray]) -> str:
    """Return what is wrong with the loaded weights, empty when nothing is; under a second for a full-size network."""
    config = backend.config
    sequence = _sequence(config, min(6, config.max_positions), 5)
    generated = [1 % config.eos, 2 % config.eos, 3 % config.eos]
    expected = reference_logits(config, arrays, sequence, generated)
    state = backend.start(2)
    found = [backend.prefill(state, 1, sequence)]
    found += [backend.step(state, np.array([0, token]))[1] for token in generated]
    backend.finish(state)
    difference = _difference(np.stack(found), expected)
    if not difference <= 2 * TOLERANCE[backend.decoder.precision]:
        return f"logits of the loaded weights differ from plain numpy's by {difference:.1e} of the largest"
    return ""

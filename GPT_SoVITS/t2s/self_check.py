"""Before a native backend is used: does it compute what the portable code computes?

Two checks. The kernels, on a small random network, against the portable backend (``kernel_check.py``). That compiles
graphs, which takes seconds, and loads MindSpore, which takes 430 MB; so a process that has no MindSpore yet has it done
by a short-lived one, and when they pass it is noted beside the library, and the next processes skip it. Then the loaded
weights, against plain numpy, over a few tokens: always.
"""

from __future__ import annotations

import ctypes
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from GPT_SoVITS.layers.elementwise import layer_norm
from GPT_SoVITS.layers.weights import check_results
from GPT_SoVITS.native import check_cache, isa
from GPT_SoVITS.native.build import digest
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.comparison import relative_difference, sample_sequence
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.positions import sine_table

logger = logging.getLogger(__name__)

TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-2, "int8": 0.1}
"""Largest difference of logits allowed, relative to the largest logit; several times what is measured."""
NORM_EPS = 1e-5
PATIENCE = 300.0
"""Seconds for the process that checks; a few are usual."""
_CHECK = Path(__file__).with_name("kernel_check.py")
_CHECKED_BY = (Path(__file__), _CHECK, Path(__file__).with_name("comparison.py"))
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from GPT_SoVITS.t2s.kernel_check import main; main(*sys.argv[2:])"
)


@lru_cache(maxsize=8)
def _kernels(path: str, precision: Precision, threads: int) -> str:
    if "mindspore" in sys.modules:
        from GPT_SoVITS.t2s.kernel_check import measure

        measured = measure(path, precision, threads)
    else:
        outcome = _measured_elsewhere(path, precision, threads)
        if isinstance(outcome, str):
            return outcome
        measured = outcome
    difference, is_alone_the_same = measured
    if not difference <= TOLERANCE[precision]:
        return f"logits of a small network differ from the portable ones by {difference:.1e} of the largest"
    return "" if is_alone_the_same else "a row's logits depend on the rows beside it"


def _measured_elsewhere(path: str, precision: Precision, threads: int) -> tuple[float, bool] | str:
    """What :func:`GPT_SoVITS.t2s.kernel_check.measure` returns in a process of its own, or what went wrong with it.

    MindSpore's memory goes with that process, and kernels that crash take only it along.
    """
    logger.info("checking the native kernels against the portable step (once, some seconds)")
    paths = [str(_CHECK.parents[2]), *(str(Path(entry).absolute()) for entry in sys.path)]
    command = [sys.executable, "-c", _BOOT, json.dumps(paths), path, precision, str(threads)]
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter and code)
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the process that checks the kernels could not do it: {error}"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or [""]
    if done.returncode != 0:
        return f"the process that checks the kernels ended with code {done.returncode}; last line: {lines[-1]}"
    difference, is_alone_the_same = json.loads(lines[-1])
    return float(difference), bool(is_alone_the_same)


def check_kernels(library: ctypes.CDLL, precision: Precision, threads: int = 0) -> str:
    """Return what is wrong with the kernels, empty when nothing is; a few seconds, once per library and processor."""
    path = str(library._name)
    key = _key(Path(path), precision, threads or int(library.gs_pool_threads()))
    if check_cache.passed(Path(path), key):
        return ""
    wrong = _kernels(path, precision, threads)
    if not wrong:
        check_cache.note(Path(path), key)
    return wrong


def _key(path: Path, precision: Precision, threads: int) -> str:
    """All that the outcome depends on: the code, the processor, and what is checked how closely."""
    checked = (TOLERANCE[precision], *map(digest, _CHECKED_BY))
    return check_cache.key(digest(path), sorted(isa.cpu_flags()), precision, threads, checked)


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
        x = layer_norm(x + mixed, (get(prefix + "norm1.weight"), get(prefix + "norm1.bias")), NORM_EPS)
        wide = np.maximum(x @ get(prefix + "linear1.weight").T + get(prefix + "linear1.bias"), 0)
        wide = wide @ get(prefix + "linear2.weight").T + get(prefix + "linear2.bias")
        x = layer_norm(x + wide, (get(prefix + "norm2.weight"), get(prefix + "norm2.bias")), NORM_EPS)
    logits: np.ndarray = x[-1 - len(generated) :] @ get("ar_predict_layer.weight").T
    return logits


def _sample(config: T2SConfig) -> tuple[DecodeInput, list[int]]:
    """A short sequence, and tokens after it."""
    sequence = sample_sequence(config, min(6, config.max_positions), 5)
    return sequence, [1 % config.eos, 2 % config.eos, 3 % config.eos]


def sample_logits(config: T2SConfig, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return logits (4, vocab) of a short sequence in plain numpy; under a second for a full-size network.

    Raises:
        NotFiniteResultsError: the weights are so large that they are not finite.
    """
    with np.errstate(all="ignore"):
        logits = reference_logits(config, arrays, *_sample(config))
    check_results("logits", logits)
    return logits


def check_weights(backend: NativeBackend, expected: np.ndarray) -> str:
    """Return what is wrong with the loaded weights, empty when nothing is.

    Args:
        backend: Holds them.
        expected: Their :func:`sample_logits`.
    """
    sequence, generated = _sample(backend.config)
    state = backend.start(2)
    found = [backend.prefill(state, 1, sequence)]
    found += [backend.step(state, np.array([0, token]))[1] for token in generated]
    backend.finish(state)
    if not np.isfinite(found).all():
        return f"logits of the loaded weights are not finite in {backend.decoder.precision}"
    difference = relative_difference(np.stack(found), expected)
    if not difference <= 2 * TOLERANCE[backend.decoder.precision]:
        return f"logits of the loaded weights differ from plain numpy's by {difference:.1e} of the largest"
    return ""

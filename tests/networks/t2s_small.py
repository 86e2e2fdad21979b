"""A decoder small enough to compile in seconds, its sequences, and a plain numpy account of what it computes."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.cache import RowMover
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.t2s.positions import sine_table

Array = npt.NDArray[Any]

SMALL = T2SConfig(vocab_size=29, phoneme_vocab_size=17, hidden_dim=16, head=2, n_layer=2, bert_dim=6, max_positions=128)
CAPACITIES, PREFILL_LENGTHS, ROW_COUNTS = (16, 32, 64), (8, 16, 64), (1, 2, 4)


def random_arrays(config: T2SConfig = SMALL, seed: int = 0) -> dict[str, Array]:
    """Return weights for every parameter; norms near 1, so that activations keep their size."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, p in Text2SemanticDecoder(config).parameters_and_names():
        spread = 1.0 / np.sqrt(p.shape[-1]) if len(p.shape) > 1 and "embedding" not in name else 0.5
        offset = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        arrays[name] = (offset + spread * rng.standard_normal(p.shape)).astype(np.float32)
    return arrays


def small_backend(seed: int = 0, **options: Any) -> JitBackend:
    """Return a backend over a small random network, with small buckets unless told."""
    chosen = {"capacities": CAPACITIES, "prefill_lengths": PREFILL_LENGTHS, "row_counts": ROW_COUNTS, **options}
    return JitBackend.from_arrays(SMALL, random_arrays(seed=seed), **chosen)


@cache
def compiled_backend() -> JitBackend:
    """The backend over the small network, whose graphs all tests of a process share."""
    return small_backend()


def with_mover(mover: RowMover) -> JitBackend:
    """The same with its own way to move rows; graphs and caches are those of :func:`compiled_backend`."""
    backend = copy.copy(compiled_backend())
    backend._mover = mover
    return backend


def sequence(phonemes: int, prompt: int, seed: int = 0) -> DecodeInput:
    """Return random input of the given lengths."""
    rng = np.random.default_rng((seed, phonemes, prompt))
    bert = rng.standard_normal((SMALL.bert_dim, phonemes)).astype(np.float32)
    return DecodeInput(rng.integers(0, SMALL.phoneme_vocab_size, phonemes), bert, rng.integers(0, SMALL.eos, prompt))


def _norm(x: Array, weight: Array, bias: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    result: Array = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias
    return result


def _attention(x: Array, visible: Array, get: Any) -> Array:
    qkv = x @ get("self_attn.in_proj_weight").T + get("self_attn.in_proj_bias")
    queries, keys, values = (part.reshape(len(x), SMALL.head, -1).swapaxes(0, 1) for part in np.split(qkv, 3, -1))
    scores = queries @ keys.swapaxes(1, 2) / np.sqrt(SMALL.head_dim)
    weights = np.exp(np.where(visible, scores, -np.inf))
    mixed = (weights / weights.sum(-1, keepdims=True)) @ values
    joined = mixed.swapaxes(0, 1).reshape(x.shape)
    result: Array = joined @ get("self_attn.out_proj.weight").T + get("self_attn.out_proj.bias")
    return result


def logits_of_whole(arrays: dict[str, Array], given: DecodeInput, generated: list[int]) -> Array:
    """Next-token logits (vocab,) of text, prompt and generated tokens at once, without cache, in float64."""
    text, tokens = len(given.phonemes), [*given.prompt, *generated]
    weights = {name: array.astype(np.float64) for name, array in arrays.items()}
    table = sine_table(SMALL.max_positions, SMALL.hidden_dim).astype(np.float64)
    x = weights["ar_text_embedding.word_embeddings.weight"][given.phonemes]
    x = x + given.bert.T @ weights["bert_proj.weight"].T + weights["bert_proj.bias"]
    x = x + weights["ar_text_position.alpha"] * table[:text]
    y = weights["ar_audio_embedding.word_embeddings.weight"][np.array(tokens, int)]
    y = y + weights["ar_audio_position.alpha"] * table[: len(tokens)]
    x = np.concatenate([x, y])
    row, column = np.arange(len(x))[:, None], np.arange(len(x))[None]
    visible = (column < text) | ((row >= text) & (column <= row))
    for i in range(SMALL.n_layer):

        def get(name: str, i: int = i) -> Array:
            return weights[f"h.layers.{i}.{name}"]

        x = _norm(x + _attention(x, visible, get), get("norm1.weight"), get("norm1.bias"))
        hidden = np.maximum(x @ get("linear1.weight").T + get("linear1.bias"), 0)
        x = _norm(x + hidden @ get("linear2.weight").T + get("linear2.bias"), get("norm2.weight"), get("norm2.bias"))
    result: Array = x[-1] @ weights["ar_predict_layer.weight"].T
    return result

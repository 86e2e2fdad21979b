"""The synthesizer before the vocoder without graphs: matrix products over rows of time, everything else in numpy.

A compiled graph keeps its own packed copy of every convolution's weights and an index table for every transposition,
for every length it was compiled for. Here a signal lies row by row, (time, channels), so a convolution is one product
with windows that overlap in memory: nothing is compiled, padded or held twice. Agrees with the cells of ``network.py``,
which are its specification (``tests/networks/test_sovits_host.py``) and run where this does not (Ascend).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from GPT_SoVITS.layers.elementwise import sigmoid
from GPT_SoVITS.layers.products import Layers, Products
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.semantic import SemanticTokens
from GPT_SoVITS.sovits.shapes import encoder_layers

Array = np.ndarray[Any, np.dtype[Any]]
NORM_EPS = 1e-5


@dataclass(frozen=True)
class EncodedPhonemes:
    """Phonemes of a segment as content is computed with them: encoding (1, hidden, L), mask (1, 1, L) of ones, then
    zeros where a graph's length goes beyond them."""

    encoding: Array
    mask: Array


def _joined(arrays: Mapping[str, Array], *names: str) -> tuple[Array, Array]:
    """Layers that read the same rows as one; a convolution's matrix has a window's moments side by side."""
    weights, biases = [], []
    for name in names:
        weight = arrays[f"{name}.weight"]
        weights.append(weight if weight.ndim == 2 else weight.transpose(0, 2, 1).reshape(len(weight), -1))
        biases.append(arrays[f"{name}.bias"])
    return np.concatenate(weights), np.concatenate(biases)


def matrices(config: SovitsConfig, arrays: Mapping[str, Array]) -> Layers:
    """Return every matrix that :class:`HostEncoders` asks its products for."""
    found: Layers = {}

    def add(*names: str, called: str | None = None) -> None:
        found[called or names[0]] = _joined(arrays, *names)

    for prefix, count in encoder_layers(config).items():
        for i in range(count):
            heads = f"{prefix}.attn_layers.{i}"
            add(*(f"{heads}.conv_{part}" for part in "qkv"), called=f"{heads}.qkv")
            add(f"{heads}.conv_o")
            add(f"{prefix}.ffn_layers.{i}.conv_1")
            add(f"{prefix}.ffn_layers.{i}.conv_2")
    mrte = "enc_p.mrte"
    for name in ("c_pre", "text_pre", "c_post", "cross_attention.conv_q", "cross_attention.conv_o"):
        add(f"{mrte}.{name}")
    add(*(f"{mrte}.cross_attention.conv_{part}" for part in "kv"), called=f"{mrte}.cross_attention.kv")
    add("enc_p.ssl_proj")
    add("enc_p.proj")
    for i in range(config.flow_count):
        flow = f"flow.flows.{2 * i}"
        for name in ("pre", "post", "enc.cond_layer"):
            add(f"{flow}.{name}")
        for j in range(config.flow_layers):
            add(f"{flow}.enc.in_layers.{j}")
            add(f"{flow}.enc.res_skip_layers.{j}")
    for name in ("spectral.0.fc", "spectral.3.fc", "slf_attn.fc", "fc.fc"):
        add(f"ref_enc.{name}")
    add(*(f"ref_enc.slf_attn.w_{part}s" for part in "qkv"), called="ref_enc.slf_attn.qkv")
    for i in range(2):
        add(f"ref_enc.temporal.{i}.conv1.conv")
    if config.is_pro:
        add("sv_emb")
        add("ge_to512")
    return found


def windows(rows: Array, kernel: int) -> Array:
    """Return what a convolution that keeps the length sees, (n, kernel * channels), for rows (n, channels)."""
    padded = np.zeros((len(rows) + kernel - 1, rows.shape[1]), np.float32)
    padded[kernel // 2 : kernel // 2 + len(rows)] = rows
    step = padded.strides[0]
    return np.lib.stride_tricks.as_strided(padded, (len(rows), kernel * rows.shape[1]), (step, 4), writeable=False)


def mish(x: Array) -> Array:
    """``x * tanh(log(1 + e^x))`` without logarithm."""
    e = np.exp(np.minimum(x, np.float32(20.0)))
    square = e * (e + np.float32(2.0))
    result: Array = x * (square / (square + np.float32(2.0)))
    return result


def softmax(scores: Array) -> Array:
    """Softmax over the last axis, in place."""
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    return scores


def _heads(rows: Array, heads: int) -> Array:
    """(n, channels) -> (heads, n, dim)."""
    return rows.reshape(len(rows), heads, -1).transpose(1, 0, 2)


def _rows(split: Array) -> Array:
    """(heads, n, dim) -> (n, channels)."""
    return np.ascontiguousarray(split.transpose(1, 0, 2)).reshape(split.shape[1], -1)


def _diagonals(square: Array, window: int) -> Iterator[tuple[int, slice, Array]]:
    """Diagonals -window..window of (heads, n, n): which of 2 * window + 1 it is, its rows, a writeable view of it."""
    heads, n, _ = square.shape
    across, down, right = square.strides
    for offset in range(max(-window, 1 - n), min(window, n - 1) + 1):
        first = max(0, -offset)
        start = square[:, first:, first + offset :]
        view = np.lib.stride_tricks.as_strided(start, (heads, n - abs(offset)), (across, down + right))
        yield offset + window, slice(first, first + n - abs(offset)), view


class HostEncoders:
    """Everything of a synthesizer but its vocoder; see :class:`GPT_SoVITS.sovits.encoders.Encoders`.

    Args:
        config: Sizes.
        arrays: Official arrays, complete and shaped as ``shapes.encoder_shapes`` says; copied where they are kept.
        products: Holds and multiplies :func:`matrices`.
    """

    needs_compiling = False

    def __init__(self, config: SovitsConfig, arrays: Mapping[str, Array], products: Products) -> None:
        self.config, self._products = config, products
        small = ("emb_rel_k", "emb_rel_v", "gamma", "beta", "text_embedding.weight", "prelu.weight")
        self._small = {
            key: np.array(array, np.float32, order="C")
            for key, array in arrays.items()
            if key.endswith(small) and not key.startswith("dec.")
        }
        self.tokens = SemanticTokens(arrays)
        # The projection of a token does not depend on its neighbours, so it is a table.
        self._token_rows = np.array(products("enc_p.ssl_proj", self.tokens.codebook))

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        others = (*self._small.values(), self._token_rows)
        return self._products.nbytes + self.tokens.nbytes + sum(array.nbytes for array in others)

    def timbre(self, spectrogram: Array) -> Array:
        """Reference encoder: (bins, F) -> (gin,)."""
        config, prefix = self.config, "ref_enc"
        x = mish(self._products(f"{prefix}.spectral.0.fc", np.asarray(spectrogram.T, np.float32, order="C")))
        x = mish(self._products(f"{prefix}.spectral.3.fc", x))
        hidden = config.style_hidden
        for i in range(2):
            y = self._products(f"{prefix}.temporal.{i}.conv1.conv", windows(x, config.style_kernel_size))
            x = x + y[:, :hidden] * sigmoid(y[:, hidden:])
        q, k, v = self._split(f"{prefix}.slf_attn.qkv", x, config.style_heads)
        weights = softmax(q @ k.transpose(0, 2, 1) * np.float32(1.0 / sqrt(hidden)))
        x = self._products(f"{prefix}.slf_attn.fc", _rows(weights @ v)) + x
        timbre: Array = self._products(f"{prefix}.fc.fc", x.mean(0, keepdims=True))[0]
        return timbre

    def with_speaker(self, timbre: Array, speaker: Array) -> Array:
        """Pro versions: timbre (gin,) and speaker embedding (20480,) -> condition (gin,)."""
        x = timbre + self._products("sv_emb", np.asarray(speaker, np.float32).reshape(1, -1))[0]
        condition: Array = np.maximum(x, 0) + self._small["prelu.weight"] * np.minimum(x, 0)
        return condition

    def phonemes(self, ids: Array) -> EncodedPhonemes:
        """Encode phonemes (L,)."""
        rows = self._small["enc_p.text_embedding.weight"][ids]
        encoding = self._encode("enc_p.encoder_text", self.config.n_layers, rows)
        return EncodedPhonemes(encoding.T[None], np.ones((1, 1, len(ids)), np.float32))

    def content(self, codes: Array, phonemes: EncodedPhonemes, condition: Array) -> Array:
        """Semantic tokens (N,) and encoded phonemes in a voice (gin,) -> content (hidden, T)."""
        text = np.ascontiguousarray(phonemes.encoding[0, :, : int(phonemes.mask.sum())].T)
        config, mrte = self.config, "enc_p.mrte"
        x = np.repeat(self._token_rows[codes], config.frames_per_code, axis=0)
        x = self._encode("enc_p.encoder_ssl", config.n_layers // 2, x)
        timbre = np.asarray(condition, np.float32).reshape(1, -1)
        if config.is_pro:
            timbre = self._products("ge_to512", timbre)
        x = self._products(f"{mrte}.c_pre", x)
        text = self._products(f"{mrte}.text_pre", text)
        heads, cross = config.mrte_heads, f"{mrte}.cross_attention"
        q = _heads(self._products(f"{cross}.conv_q", x) * np.float32(1.0 / sqrt(config.mrte_hidden // heads)), heads)
        both = self._products(f"{cross}.kv", text)
        k, v = (_heads(both[:, part], heads) for part in _parts(config.mrte_hidden, 2))
        weights = softmax(q @ k.transpose(0, 2, 1))
        x = self._products(f"{cross}.conv_o", _rows(weights @ v)) + x + timbre
        return self._encode("enc_p.encoder2", config.n_layers // 2, self._products(f"{mrte}.c_post", x)).T

    def latent(self, content: Array, noise: Array, condition: Array) -> tuple[Array, Array, Array]:
        """Content (hidden, T), scaled noise (inter, T) -> latent frames, mean, log deviation, (inter, T) each."""
        prior = self._products("enc_p.proj", np.asarray(content.T, np.float32, order="C"))
        mean, log_std = (prior[:, part] for part in _parts(self.config.inter_channels, 2))
        frames = mean + noise.T * np.exp(log_std)
        voice = np.asarray(condition, np.float32).reshape(1, -1)
        for i in reversed(range(self.config.flow_count)):
            frames = np.ascontiguousarray(frames[:, ::-1])
            self._uncouple(f"flow.flows.{2 * i}", frames, voice)
        return frames.T, mean.T, log_std.T

    def _uncouple(self, prefix: str, frames: Array, condition: Array) -> None:
        """Undo the shift of one half of the channels by the other, in place (``ResidualCoupling``)."""
        config, half, hidden = self.config, self.config.inter_channels // 2, self.config.hidden_channels
        x = self._products(f"{prefix}.pre", frames[:, :half])
        voice = self._products(f"{prefix}.enc.cond_layer", condition)[0]
        total = np.zeros((len(x), hidden), np.float32)
        for j, part in enumerate(_parts(2 * hidden, config.flow_layers)):
            gated = self._products(f"{prefix}.enc.in_layers.{j}", windows(x, config.flow_kernel_size))
            gated += voice[part]
            gated = np.tanh(gated[:, :hidden]) * sigmoid(gated[:, hidden:])
            y = self._products(f"{prefix}.enc.res_skip_layers.{j}", gated)
            total += y[:, -hidden:]  # the last layer has no successor and yields this half alone
            if j < config.flow_layers - 1:
                x = x + y[:, :hidden]
        frames[:, half:] -= self._products(f"{prefix}.post", total)

    def _encode(self, prefix: str, layers: int, x: Array) -> Array:
        """Transformer layers with relative attention and convolutions, normalised after the addition."""
        kernel = self.config.kernel_size
        for i in range(layers):
            x = self._norm(f"{prefix}.norm_layers_1.{i}", x + self._attend(f"{prefix}.attn_layers.{i}", x))
            y = self._products(f"{prefix}.ffn_layers.{i}.conv_1", windows(x, kernel), relu=True)
            y = self._products(f"{prefix}.ffn_layers.{i}.conv_2", windows(y, kernel))
            x = self._norm(f"{prefix}.norm_layers_2.{i}", x + y)
        return x

    def _attend(self, prefix: str, x: Array) -> Array:
        """Self-attention with embeddings of relative positions, see ``attention.RelativeAttention``."""
        window = self.config.window
        q, k, v = self._split(f"{prefix}.qkv", x, self.config.n_heads)
        q = q * np.float32(1.0 / sqrt(q.shape[2]))
        scores = q @ k.transpose(0, 2, 1)
        near = q @ self._small[f"{prefix}.emb_rel_k"][0].T  # (heads, n, 2 * window + 1)
        for r, rows, diagonal in _diagonals(scores, window):
            diagonal += near[:, rows, r]
        weights = softmax(scores)
        band = np.zeros_like(near)
        for r, rows, diagonal in _diagonals(weights, window):
            band[:, rows, r] = diagonal
        y = weights @ v + band @ self._small[f"{prefix}.emb_rel_v"][0]
        return self._products(f"{prefix}.conv_o", _rows(y))

    def _split(self, name: str, x: Array, heads: int) -> list[Array]:
        both = self._products(name, x)
        return [_heads(both[:, part], heads) for part in _parts(x.shape[1], 3)]

    def _norm(self, prefix: str, x: Array) -> Array:
        centred = x - x.mean(1, keepdims=True)
        variance = np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(x.shape[1])
        centred *= np.float32(1.0) / np.sqrt(variance + np.float32(NORM_EPS))
        centred *= self._small[f"{prefix}.gamma"]
        centred += self._small[f"{prefix}.beta"]
        return centred


def _parts(size: int, count: int) -> list[slice]:
    """That many neighbouring parts of ``size`` each."""
    return [slice(i * size, (i + 1) * size) for i in range(count)]

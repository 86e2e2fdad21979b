"""The estimator without graphs: matrix products over rows of time, everything else in numpy.

A signal lies row by row, (time, channels), one element of a batch after the other. Weight matrices are held by
``Products`` (packed natively, float32 or float16).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from math import sqrt
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.cfm.config import NORM_EPS, CfmConfig
from GPT_SoVITS.cfm.embedding import moments, rotations, text_positions
from GPT_SoVITS.cfm.estimator import Moment, drained
from GPT_SoVITS.layers.elementwise import gelu, sigmoid
from GPT_SoVITS.layers.products import Change, Layers, Part, Products, Stacked, Windowed
from GPT_SoVITS.sovits.host import softmax, windows

Array = np.ndarray[Any, np.dtype[Any]]
GRN_FLOOR = 1e-6
GELU_SQRT = sqrt(2.0 / np.pi)
GELU_CUBE = 0.044715


def _depthwise(weight: Array) -> Array:
    """(C, 1, kernel) -> (kernel, C), one row for each moment of the window."""
    return np.array(weight[:, 0].T, np.float32, order="C")


def matrices(config: CfmConfig, arrays: Mapping[str, Array], changes: Mapping[str, Change] | None = None) -> Layers:
    """Return every matrix and bias that :class:`HostEstimator` asks its products for.

    Args:
        config: Sizes.
        arrays: Official arrays without the prefix ``cfm.estimator.``.
        changes: What is yet to be added to some of them.
    """
    found: Layers = {}
    changes = changes or {}

    def add(*names: str, called: str | None = None) -> None:
        parts = [Part(arrays[f"{name}.weight"], changes.get(f"{name}.weight")) for name in names]
        is_plain = len(parts) == 1 and parts[0].change is None
        bias = np.concatenate([arrays[f"{name}.bias"] for name in names])
        found[called or names[0]] = parts[0].weight if is_plain else Stacked(parts), bias

    for embedding in ("time_embed", "d_embed"):
        add(f"{embedding}.time_mlp.0")
        add(f"{embedding}.time_mlp.2")
    for i in range(config.text_blocks):
        add(f"text_embed.text_blocks.{i}.pwconv1")
        add(f"text_embed.text_blocks.{i}.pwconv2")
    add("input_embed.proj")
    for i in (0, 2):
        name = f"input_embed.conv_pos_embed.conv1d.{i}"
        weight, bias = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
        size = config.width // config.position_groups
        for group in range(config.position_groups):
            part = slice(group * size, (group + 1) * size)
            found[f"{name}.{group}"] = Windowed(weight[part]), bias[part]
    for i in range(config.depth):
        block = f"transformer_blocks.{i}"
        add(f"{block}.attn_norm.linear")
        add(*(f"{block}.attn.to_{part}" for part in "qkv"), called=f"{block}.qkv")
        for layer in ("attn.to_out.0", "ff.ff.0.0", "ff.ff.2"):
            add(f"{block}.{layer}")
    add("norm_out.linear")
    add("proj_out")
    return found


def keys_of(name: str) -> tuple[str, ...]:
    """Return the keys of the arrays that a layer of :func:`matrices` is made of."""
    block, _, part = name.rpartition(".")
    if part == "qkv":
        layers = tuple(f"{block}.attn.to_{each}" for each in "qkv")
    else:  # a group of a convolution bears its number
        layers = (block if ".conv1d." in name else name,)
    return tuple(f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias"))


def silu(x: Array) -> Array:
    """``x * sigmoid(x)``."""
    result: Array = x * sigmoid(x)
    return result


def gelu_tanh(x: Array) -> Array:
    """GELU with the hyperbolic tangent (``approximate="tanh"``)."""
    inner = (x * x * np.float32(GELU_CUBE) + np.float32(1.0)) * x * np.float32(GELU_SQRT)
    result: Array = x * np.float32(0.5) * (np.tanh(inner) + np.float32(1.0))
    return result


def normalised(x: Array) -> Array:
    """Layer norm over the last axis without weight and bias."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / np.float32(x.shape[-1])
    centred *= np.float32(1.0) / np.sqrt(variance + np.float32(NORM_EPS))
    return centred


def mish(x: Array) -> Array:
    """``x * tanh(log(1 + e^x))`` without logarithm."""
    e = np.exp(np.minimum(x, np.float32(20.0)))
    square = e * (e + np.float32(2.0))
    result: Array = x * (square / (square + np.float32(2.0)))
    return result


class Attention(Protocol):
    """Full attention: queries, scaled already, keys and values of all heads side by side, (T, 3 * width) -> (T, width).

    Every row takes from the first ``keys`` rows.
    """

    def __call__(self, qkv: Array, keys: int) -> Array: ...


class PlainAttention:
    """See :class:`Attention`; numpy's."""

    def __init__(self, heads: int) -> None:
        self.heads = heads

    def __call__(self, qkv: Array, keys: int) -> Array:
        split = qkv.reshape(len(qkv), 3, self.heads, -1).transpose(1, 2, 0, 3)
        q, k, v = (np.ascontiguousarray(part) for part in split)
        mixed = softmax(q @ k[:, :keys].transpose(0, 2, 1)) @ v[:, :keys]
        return mixed.transpose(1, 0, 2).reshape(len(qkv), -1)


class HostEstimator:
    """See :class:`GPT_SoVITS.cfm.estimator.Estimator`.

    Args:
        config: Sizes.
        arrays: Official arrays without the prefix ``cfm.estimator.``; copied where they are kept.
        products: Holds and multiplies :func:`matrices`.
        attention: Attention of all heads; numpy's when None.
    """

    def __init__(
        self,
        config: CfmConfig,
        arrays: Mapping[str, Array],
        products: Products,
        attention: Attention | None = None,
    ) -> None:
        self.config, self._products = config, products
        self._attention = attention or PlainAttention(config.heads)
        self._depthwise = [
            _depthwise(arrays[f"text_embed.text_blocks.{i}.dwconv.weight"]) for i in range(config.text_blocks)
        ]
        small = ("dwconv.bias", "norm.weight", "norm.bias", "grn.gamma", "grn.beta")
        self._small = {
            key: np.array(array, np.float32, order="C").reshape(-1)
            for key, array in arrays.items()
            if key.startswith("text_embed.") and key.endswith(small)
        }

    def embed(self, condition: Array) -> Array:
        """Condition (B, T, text) -> its embedding (B, T, text)."""
        return np.stack([self._embed(rows) for rows in np.asarray(condition, np.float32)])

    def moment(self, times: Array, steps: Array) -> Moment:
        """Moments (B,) in 0..1 and lengths of a step (B,) -> what they set in every block, see :class:`Moment`."""
        step = self._time("d_embed", steps)
        active = silu(self._time("time_embed", times) + step)
        blocks = [self._products(f"transformer_blocks.{i}.attn_norm.linear", active) for i in range(self.config.depth)]
        return Moment(step, np.stack(blocks), self._products("norm_out.linear", active))

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        small = (*self._depthwise, *self._small.values())
        return self._products.nbytes + sum(array.nbytes for array in small)

    def velocity(self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None) -> Array:
        """x and prompt (B, T, mel), embedded condition (B, T, text) -> velocity (B, T, mel)."""
        return drained(self.velocity_parts(x, prompt, text, moment, keys))

    def velocity_parts(
        self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None
    ) -> Generator[None, None, Array]:
        """The same, yielding after every transformer block."""
        batch, count, _ = x.shape
        valid = np.full(batch, count) if keys is None else np.asarray(keys)
        joined = np.concatenate([x, prompt, text], axis=2, dtype=np.float32)
        rows = self._products("input_embed.proj", joined.reshape(batch * count, -1)).reshape(batch, count, -1)
        hidden = np.stack([self._with_positions(one) for one in rows])
        for i in range(self.config.depth):
            hidden = self._block(f"transformer_blocks.{i}", hidden, moment.blocks[i][:, None], valid)
            yield
        scale, shift = np.split(moment.final[:, None], 2, axis=2)
        hidden = normalised(hidden) * (scale + np.float32(1.0)) + shift
        return self._products("proj_out", hidden.reshape(batch * count, -1)).reshape(batch, count, -1)

    def _time(self, name: str, times: Array) -> Array:
        rows = moments(times, self.config.frequencies)
        return self._products(f"{name}.time_mlp.2", silu(self._products(f"{name}.time_mlp.0", rows)))

    def _embed(self, rows: Array) -> Array:
        x = rows + text_positions(len(rows), rows.shape[1], self.config.most_positions)
        for i in range(self.config.text_blocks):
            x = x + self._text_block(i, x)
        return x

    def _text_block(self, index: int, x: Array) -> Array:
        """ConvNeXt V2; the response is normalised over time, so every row depends on all others."""
        block, kernel = f"text_embed.text_blocks.{index}", self._depthwise[index]
        seen = windows(x, len(kernel)).reshape(len(x), *kernel.shape)
        y = np.einsum("tkc,kc->tc", seen, kernel) + self._small[f"{block}.dwconv.bias"]
        y = normalised(y) * self._small[f"{block}.norm.weight"] + self._small[f"{block}.norm.bias"]
        y = gelu(self._products(f"{block}.pwconv1", y))
        response = np.sqrt(np.einsum("tc,tc->c", y, y))
        response /= response.mean() + np.float32(GRN_FLOOR)
        y = y * (self._small[f"{block}.grn.gamma"] * response + np.float32(1.0)) + self._small[f"{block}.grn.beta"]
        return self._products(f"{block}.pwconv2", y)

    def _with_positions(self, rows: Array) -> Array:
        x = rows
        for i in (0, 2):
            x = mish(self._grouped(f"input_embed.conv_pos_embed.conv1d.{i}", x))
        return x + rows

    def _grouped(self, name: str, rows: Array) -> Array:
        groups, size = self.config.position_groups, self.config.width // self.config.position_groups
        parts = (
            self._products(f"{name}.{g}", windows(rows[:, g * size : (g + 1) * size], self.config.position_kernel))
            for g in range(groups)
        )
        return np.concatenate(list(parts), axis=1)

    def _block(self, name: str, x: Array, moment: Array, valid: Array) -> Array:
        shift, scale, gate, shift_ff, scale_ff, gate_ff = np.split(moment, 6, axis=2)
        one = np.float32(1.0)
        x = x + gate * self._attend(name, normalised(x) * (scale + one) + shift, valid)
        rows = (normalised(x) * (scale_ff + one) + shift_ff).reshape(-1, x.shape[2])
        rows = self._products(f"{name}.ff.ff.2", gelu_tanh(self._products(f"{name}.ff.ff.0.0", rows)))
        return x + gate_ff * rows.reshape(x.shape)

    def _attend(self, name: str, x: Array, valid: Array) -> Array:
        batch, count, width = x.shape
        dim = self.config.head_dim
        both = np.ascontiguousarray(self._products(f"{name}.qkv", x.reshape(-1, width))).reshape(batch, count, -1)
        both[:, :, :width] *= np.float32(1.0 / sqrt(dim))
        mixed = np.empty((batch, count, width), np.float32)
        for rows, keys, result in zip(both, valid, mixed, strict=True):
            _rotate(rows[:, :dim])  # queries and keys of the first head
            _rotate(rows[:, width : width + dim])
            result[:] = self._attention(rows, int(keys))
        out = self._products(f"{name}.attn.to_out.0", mixed.reshape(-1, width)).reshape(x.shape)
        if valid.min() < count:
            out = np.where(np.arange(count)[None, :, None] < valid[:, None, None], out, np.float32(0.0))
        return out


def _rotate(rows: Array) -> None:
    """Rotate neighbouring channels of one head (T, dim) by their position, in place."""
    cos, sin = rotations(len(rows), rows.shape[1])
    even, odd = rows[:, 0::2].copy(), rows[:, 1::2].copy()
    rows[:, 0::2] = even * cos - odd * sin
    rows[:, 1::2] = odd * cos + even * sin

"""What the host computes between two products, once for all networks: GELU, layer norm, logistic function."""

from __future__ import annotations

from typing import Any

import numpy as np

from GPT_SoVITS.layers.gelu import GELU_TAIL

Array = np.ndarray[Any, np.dtype[Any]]


def gelu(x: Array) -> Array:
    """Exact GELU with the polynomial of :class:`GPT_SoVITS.layers.activation.Gelu`; x, float32, is overwritten."""
    t = np.abs(x)
    tail = np.full_like(t, GELU_TAIL[-1])
    for coefficient in reversed(GELU_TAIL[:-1]):
        tail *= t
        tail += np.float32(coefficient)
    np.exp(tail, out=tail)
    tail *= t
    np.maximum(x, 0, out=x)
    x -= tail
    return x


def layer_norm(x: Array, norm: tuple[Array, Array], eps: float) -> Array:
    """Normalise the last axis, float32; ``norm`` is weight and bias."""
    weight, bias = norm
    centred = x - x.mean(-1, keepdims=True, dtype=np.float32)
    variance = (centred * centred).mean(-1, keepdims=True, dtype=np.float32)
    result: Array = centred / np.sqrt(variance + np.float32(eps)) * weight + bias
    return result


def sigmoid(x: Array) -> Array:
    """Logistic function, through the hyperbolic tangent, which numpy computes with vectors."""
    result: Array = np.tanh(x * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5)
    return result

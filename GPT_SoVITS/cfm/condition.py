"""Content in a voice to the condition of the flow: ``bridge`` and ``wns1`` of the official ``SynthesizerTrnV3``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.layers.elementwise import sigmoid
from GPT_SoVITS.layers.products import Layers, Products, Windowed
from GPT_SoVITS.sovits.host import windows
from GPT_SoVITS.sovits.speed import change_speed

Array = np.ndarray[Any, np.dtype[Any]]
SLOPE = 0.01


class Condition(Protocol):
    """Content at the mel's rate (content, T) in a voice (timbre,) -> condition (T, text).

    Frames from ``valid`` on are silent: zero inside and in the result.
    """

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        ...

    def __call__(self, content: Array, timbre: Array, valid: int) -> Array: ...


def valid_frames(per_token: float, tokens: int, speed: float) -> int:
    """Frames that are not masked, for so many semantic tokens (the official formula; more than there are may be)."""
    exact = tokens * per_token
    return int(exact) if speed == 1 else int(exact / speed) + 1


def at_mel_rate(content: Array, rate: float) -> Array:
    """Repeat frames of content (C, T) to (C, int(T * rate)): each is the nearest one before (``mode="nearest"``)."""
    count = content.shape[1]
    repeated: Array = content[:, np.minimum(nearest_before(int(count * rate), rate), count - 1)]
    return repeated


def nearest_before(count: int, rate: float) -> Array:
    """Index of the frame of content in which each of ``count`` mel frames stands, (count,) int64."""
    source = np.arange(count, dtype=np.float32) * np.float32(1.0 / rate)
    return source.astype(np.int64)


def condition_of(
    network: Condition, config: CfmConfig, content: Array, timbre: Array, tokens: int, speed: float = 1.0
) -> Array:
    """Return the condition (T, text) of content as ``decode_encp`` does.

    Args:
        network: Computes it.
        config: Sizes.
        content: (content, frames) of that many tokens at speed 1.
        timbre: (timbre,).
        tokens: Semantic tokens that the content was made from.
        speed: Speaking speed.
    """
    frames = at_mel_rate(change_speed(content, speed), config.frames.per_content_frame)
    return network(frames, timbre, min(frames.shape[1], valid_frames(config.frames.per_token, tokens, speed)))


def condition_matrices(config: CfmConfig, arrays: Mapping[str, Array]) -> Layers:
    """Return every matrix that :class:`HostCondition` asks its products for."""
    found: Layers = {}

    def add(name: str) -> None:
        found[name] = Windowed(arrays[f"{name}.weight"]), arrays[f"{name}.bias"]

    for name in ("bridge.0", "wns1.pre", "wns1.proj", "wns1.enc.cond_layer"):
        add(name)
    for i in range(config.condition_layers):
        add(f"wns1.enc.in_layers.{i}")
        add(f"wns1.enc.res_skip_layers.{i}")
    return found


class HostCondition:
    """See :class:`Condition`; products over rows of time.

    Args:
        config: Sizes.
        products: Holds and multiplies :func:`condition_matrices`.
    """

    def __init__(self, config: CfmConfig, products: Products) -> None:
        self.config, self._products = config, products

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return self._products.nbytes

    def __call__(self, content: Array, timbre: Array, valid: int) -> Array:
        width, layers = self.config.text, self.config.condition_layers
        x = self._products("bridge.0", np.asarray(content.T, np.float32, order="C"))
        x = self._products("wns1.pre", np.maximum(x, x * np.float32(SLOPE)))
        x[valid:] = 0.0
        voice = self._products("wns1.enc.cond_layer", np.asarray(timbre, np.float32).reshape(1, -1))[0]
        total = np.zeros((len(x), width), np.float32)
        for i in range(layers):
            gated = self._products(f"wns1.enc.in_layers.{i}", windows(x, self.config.condition_kernel))
            gated += voice[2 * width * i : 2 * width * (i + 1)]
            gated = np.tanh(gated[:, :width]) * sigmoid(gated[:, width:])
            y = self._products(f"wns1.enc.res_skip_layers.{i}", gated)
            total += y[:, -width:]  # the last layer has no successor and yields this half alone
            if i < layers - 1:
                x = x + y[:, :width]
                x[valid:] = 0.0
        total[valid:] = 0.0
        result = self._products("wns1.proj", total)
        result[valid:] = 0.0
        return result

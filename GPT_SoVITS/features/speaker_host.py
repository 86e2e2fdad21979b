"""ERes2NetV2 without a graph: products with windows of rows that overlap in memory, the rest of it numpy.

A map is (frequency, time, channels). Its pixels lie one after the other, so a convolution of one pixel is one product.
One of 3 x 3 pixels is a product as well: a copy of the map that has each pixel's neighbours below and above beside it,
with a column of zeros at both ends, is read in windows of three pixels. Agrees with ``speaker_network.py``, which runs
where this does not (Ascend). Nothing is padded or compiled for a length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.features.speaker_arrays import PROJECTION, fold_batch_norms
from GPT_SoVITS.features.speaker_config import CLIP, REDUCTION, STAGES, SpeakerConfig
from GPT_SoVITS.layers.elementwise import sigmoid
from GPT_SoVITS.layers.products import Layers, Products
from GPT_SoVITS.layers.weights import check_shapes

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
WITHOUT_BIAS = "layer3_ds"
FIRST_STAGE_FRAMES = 256
"""Frames of the first stage, the one with the largest maps, that are computed at once: 20 MB."""


def _fusion_shapes(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    inner = channels // REDUCTION
    yield f"{name}.local_att.0", (inner, 2 * channels, 1, 1)
    yield f"{name}.local_att.1", (channels, inner, 1, 1)


def _block_shapes(config: SpeakerConfig, stage: int, index: int) -> Iterator[tuple[str, Shape]]:
    name, width, out = f"layer{stage + 1}.{index}", config.branch_width(stage), config.stage_channels(stage)
    inputs = out if index else (config.stage_channels(stage - 1) if stage else config.channels)
    yield f"{name}.conv1", (width * config.scale, inputs, 1, 1)
    for branch in range(config.scale):
        yield f"{name}.convs.{branch}", (width, width, 3, 3)
    if _is_fused(stage):
        for branch in range(config.scale - 1):
            yield from _fusion_shapes(f"{name}.fuse_models.{branch}", width)
    yield f"{name}.conv3", (out, width * config.scale, 1, 1)
    if not index and (stage or inputs != out):
        yield f"{name}.shortcut.0", (out, inputs, 1, 1)


def convolution_shapes(config: SpeakerConfig) -> dict[str, Shape]:
    """Return the weight (out, in, height, width) of every convolution by name; all but one have a bias."""
    found: dict[str, Shape] = {"conv1": (config.channels, 1, 3, 3)}
    for stage in range(STAGES):
        for index in range(config.blocks[stage]):
            found.update(_block_shapes(config, stage, index))
    out3, out4 = config.stage_channels(2), config.stage_channels(3)
    found["layer3_ds"] = (out4, out3, 3, 3)
    found.update(_fusion_shapes("fuse34", out4))
    return found


def speaker_matrices(config: SpeakerConfig, arrays: Mapping[str, Array]) -> Layers:
    """Return every matrix that :class:`HostSpeakerNetwork` asks its products for.

    Args:
        config: Sizes.
        arrays: Official arrays.

    Raises:
        WeightsError: one is missing, unexpected or misshapen.
    """
    folded = {key: array for key, array in fold_batch_norms(arrays).items() if not key.startswith(PROJECTION)}
    shapes = convolution_shapes(config)
    expected: dict[str, Shape] = {f"{name}.weight": shape for name, shape in shapes.items()}
    expected |= {f"{name}.bias": shape[:1] for name, shape in shapes.items() if name != WITHOUT_BIAS}
    check_shapes("the speaker verifier", expected, folded)
    found: Layers = {}
    for name in shapes:
        weight = folded[f"{name}.weight"]
        # A window has its pixels side by side, each with its three rows: (out, in, dy, dx) -> (out, dx, dy, in)
        matrix = weight.transpose(0, 3, 2, 1).reshape(len(weight), -1)
        found[name] = matrix, folded.get(f"{name}.bias", np.zeros(len(weight), np.float32))
    return found


class HostSpeakerNetwork:
    """The network after its features; see :class:`GPT_SoVITS.features.speaker.EmbeddingNetwork`.

    Args:
        config: Sizes.
        products: Holds and multiplies :func:`speaker_matrices`.
    """

    def __init__(self, config: SpeakerConfig, products: Products) -> None:
        self.config, self._products = config, products
        self._outputs = {name: shape[0] for name, shape in convolution_shapes(config).items()}

    def __call__(self, features: Array) -> Array:
        """Features (frames, bins) float32 -> embedding (1, embedding_dim) float32."""
        x = self._stage(1, self._halved_first_stage(features))
        map3 = self._stage(2, x[::2, ::2])
        map4 = self._stage(3, map3[::2, ::2])
        fused = self._fuse("fuse34", map4, self._square("layer3_ds", map3, stride=2))
        mean = fused.mean(axis=1, dtype=np.float32)  # (F, C)
        return np.ascontiguousarray(mean.T).reshape(1, -1)

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Nothing is compiled for a length: one run shows that it works and fills caches."""
        return [8]

    def _halved_first_stage(self, features: Array) -> Array:
        """Every other pixel both ways of the first stage's map: nothing else of it is looked at.

        A frame depends on one frame to each side for every 3 x 3 convolution, so the stage is computed in windows.
        """
        reach = 1 + self.config.blocks[0] * self.config.scale
        halo = reach + reach % 2  # even, so that every window's even frames are those of the whole
        found = []
        for start in range(0, len(features), FIRST_STAGE_FRAMES):
            first, stop = max(start - halo, 0), start + FIRST_STAGE_FRAMES
            window = np.ascontiguousarray(features[first : stop + halo].T[:, :, None])  # (bins, frames, 1)
            x = self._stage(0, np.maximum(self._square("conv1", window), 0))
            found.append(x[::2, start - first : stop - first : 2].copy())
        return np.concatenate(found, axis=1)

    def _stage(self, stage: int, x: Array) -> Array:
        """The blocks of a stage; its first convolutions, which halve the map, are given it halved."""
        for index in range(self.config.blocks[stage]):
            x = self._block(stage, f"layer{stage + 1}.{index}", x, has_shortcut=index == 0)
        return x

    def _block(self, stage: int, name: str, x: Array, *, has_shortcut: bool) -> Array:
        width = self.config.branch_width(stage)
        parts = _clipped(self._point(f"{name}.conv1", x))
        branches: list[Array] = []
        for i in range(self.config.scale):
            part = parts[:, :, i * width : (i + 1) * width]
            if i:
                fusion = f"{name}.fuse_models.{i - 1}"
                part = self._fuse(fusion, branches[-1], part) if _is_fused(stage) else branches[-1] + part
            branches.append(_clipped(self._square(f"{name}.convs.{i}", part)))
        y = self._point(f"{name}.conv3", np.concatenate(branches, axis=2))
        shortcut = has_shortcut and (stage > 0 or x.shape[2] != y.shape[2])
        y += self._point(f"{name}.shortcut.0", x) if shortcut else x
        return _clipped(y)

    def _fuse(self, name: str, a: Array, b: Array) -> Array:
        """``a (1 + tanh w) + b (1 - tanh w)``, as :class:`GPT_SoVITS.features.speaker_network.AttentiveFusion`."""
        inner = self._point(f"{name}.local_att.0", np.concatenate([a, b], axis=2))
        inner *= sigmoid(inner)
        gate = np.tanh(self._point(f"{name}.local_att.1", inner))
        return a + b + (a - b) * gate

    def _point(self, name: str, x: Array) -> Array:
        """Convolution of one pixel: (F, T, C) -> (F, T, out)."""
        height, length, channels = x.shape
        return self._products(name, np.ascontiguousarray(x).reshape(-1, channels)).reshape(height, length, -1)

    def _square(self, name: str, x: Array, stride: int = 1) -> Array:
        """Convolution of 3 x 3 pixels that keeps the size, or halves it both ways: (F, T, C) -> (F', T', out)."""
        height, length, channels = x.shape
        rows, columns = -(-height // stride), -(-length // stride)
        width = columns + -(-2 // stride)  # windows that begin in a row, those over its end included
        near = np.zeros((rows, width * stride, 3, channels), np.float32)
        for dy in (-1, 0, 1):
            first = 1 if dy < 0 else 0  # the first row that has a row there
            source = x[first * stride + dy :: stride][: rows - first]
            near[first : first + len(source), 1 : length + 1, dy + 1] = source
        step = 3 * channels
        windows = np.lib.stride_tricks.as_strided(
            near, (rows * width - -(-2 // stride), 3 * step), (stride * step * 4, 4), writeable=False
        )
        y = np.empty((rows * width, self._outputs[name]), np.float32)
        y[: len(windows)] = self._products(name, windows)
        return y.reshape(rows, width, -1)[:, :columns]


def _is_fused(stage: int) -> bool:
    """Whether the branches of a stage's blocks are joined by attention instead of added."""
    return stage >= STAGES // 2


def _clipped(x: Array) -> Array:
    """Clip to 0..CLIP in place where the array may be written to."""
    return np.clip(x, 0, np.float32(CLIP), out=x)

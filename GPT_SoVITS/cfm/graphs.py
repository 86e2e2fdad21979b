"""The estimator and the condition as compiled graphs: lengths are padded to buckets and masked.

This is how Ascend runs them. One row of a batch at a time, so that there is a graph for a length alone.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend, compiled
from GPT_SoVITS.cfm.cells import (
    AdaptiveNorm,
    Block,
    InputEmbedding,
    PlainNorm,
    Silu,
    TextEmbedding,
    TimeEmbedding,
    key_bias,
    modulated,
)
from GPT_SoVITS.cfm.condition import SLOPE
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.embedding import moments, rotations, text_positions
from GPT_SoVITS.cfm.estimator import Moment, drained
from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.parameters import held_bytes, load_arrays
from GPT_SoVITS.sovits.flow import WaveNet

Array = np.ndarray[Any, np.dtype[Any]]
FRAMES = (256, 512, 768, 934, 1000)
"""Frames that graphs are compiled for; 934 and 1000 are the whole chunks of v3 and v4."""
CONDITION_FRAMES = (256, 512, 1024, 2048, 4096)


class EstimatorNetwork(nn.Cell):
    """All parameters of the estimator under official names."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embed, self.d_embed = TimeEmbedding(config), TimeEmbedding(config)
        self.text_embed = TextEmbedding(config)
        self.input_embed = InputEmbedding(config)
        self.transformer_blocks = nn.CellList([Block(config) for _ in range(config.depth)])
        self.norm_out = AdaptiveNorm(config, 2)
        self.proj_out = Linear(config.width, config.mel)


class MomentGraph(nn.Cell):
    """Embedded moment and step (1, frequencies) -> the step's embedding, what is set in each block and at the end."""

    def __init__(self, network: EstimatorNetwork) -> None:
        super().__init__()
        self.network, self.depth, self.silu = network, network.config.depth, Silu()

    def construct(self, time: Tensor, step: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        length = self.network.d_embed(step)
        active = self.silu(self.network.time_embed(time) + length)
        parts = [self.network.transformer_blocks[i].attn_norm(active) for i in range(self.depth)]
        return length, ops.stack(parts, 0), self.network.norm_out(active)


class VelocityGraph(nn.Cell):
    """One row: see :class:`GPT_SoVITS.cfm.estimator.Estimator`; masks of existing frames and of keys (1, T)."""

    def __init__(self, network: EstimatorNetwork) -> None:
        super().__init__()
        self.network, self.depth, self.heads = network, network.config.depth, network.config.heads
        self.width = network.config.width
        self.norm = PlainNorm(network.config.width)

    def construct(
        self,
        x: Tensor,
        prompt: Tensor,
        text: Tensor,
        exists: Tensor,
        keys: Tensor,
        blocks: Tensor,
        final: Tensor,
        cos: Tensor,
        sin: Tensor,
    ) -> Tensor:
        mask = ops.tile(exists.expand_dims(1), (1, self.width, 1))
        x = self.network.input_embed(x, prompt, text, mask)
        bias = key_bias(keys, self.heads)
        attended = ops.tile(keys.expand_dims(2), (1, 1, self.width))
        for i in range(self.depth):
            x = self.network.transformer_blocks[i](x, blocks[i].expand_dims(0), bias, attended, cos, sin)
        scale, shift = final[:, : self.width], final[:, self.width :]
        return self.network.proj_out(modulated(self.norm(x), scale.expand_dims(0), shift.expand_dims(0)))


class GraphEstimator:
    """See :class:`GPT_SoVITS.cfm.estimator.Estimator`.

    Args:
        config: Sizes.
        arrays: Official arrays without the prefix ``cfm.estimator.``.
        frames: Lengths to compile for.
        dtype: numpy float type of weights and computation.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """

    def __init__(
        self,
        config: CfmConfig,
        arrays: Mapping[str, Array],
        frames: Sequence[int] = FRAMES,
        dtype: type = np.float32,
    ) -> None:
        self.config, self._frames, self._dtype = config, tuple(frames), dtype
        self.network = EstimatorNetwork(config)
        load_arrays(self.network, arrays, dtype)
        self.nbytes = held_bytes(self.network)
        self._embed = compiled.compile_cell(self.network.text_embed)
        self._moment = compiled.compile_cell(MomentGraph(self.network))
        self._velocity = compiled.compile_cell(VelocityGraph(self.network))

    def embed(self, condition: Array) -> Array:
        """Condition (B, T, text) -> its embedding (B, T, text)."""
        _, count, width = condition.shape
        size = backend.bucket(count, self._frames)
        positions = text_positions(count, width, self.config.most_positions)
        mask = np.repeat(self._mask(count, size)[:, :, None], width, axis=2)
        return np.stack(
            [self._run(self._embed, self._padded(row + positions, size), mask)[0, :count] for row in condition]
        )

    def moment(self, times: Array, steps: Array) -> Moment:
        """Moments (B,) and lengths of their steps (B,) -> what they set, see :class:`Moment`."""
        rows: list[Array] = [moments(values, self.config.frequencies).astype(self._dtype) for values in (times, steps)]
        parts = []
        for i in range(len(times)):
            inputs = (compiled.to_tensor(values[i : i + 1]) for values in rows)
            parts.append([output.asnumpy() for output in self._moment(*inputs)])
        step, blocks, final = (np.concatenate([part[k] for part in parts], axis=k % 2) for k in range(3))
        return Moment(step, blocks, final)

    def velocity(self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None) -> Array:
        """x and prompt (B, T, mel), embedded condition (B, T, text) -> velocity (B, T, mel)."""
        return drained(self.velocity_parts(x, prompt, text, moment, keys))

    def velocity_parts(
        self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None
    ) -> Generator[None, None, Array]:
        """The same, yielding after every row."""
        batch, count, _ = x.shape
        size = backend.bucket(count, self._frames)
        shared = len(moment.final) == 1
        cos, sin = (self._padded(table, size) for table in rotations(count, self.config.head_dim))
        results = []
        for i in range(batch):
            own = moment if shared else moment.row(i)
            seen = count if keys is None else int(keys[i])
            signals = [self._padded(signal[i], size) for signal in (x, prompt, text)]
            masks = [self._mask(count, size), self._mask(seen, size)]
            results.append(self._run(self._velocity, *signals, *masks, own.blocks, own.final, cos, sin)[0, :count])
            yield
        return np.stack(results)

    def _run(self, graph: Any, *inputs: Array) -> Array:
        tensors = (compiled.to_tensor(np.asarray(array, self._dtype)) for array in inputs)
        result: Array = graph(*tensors).asnumpy().astype(np.float32)
        return result

    def _padded(self, rows: Array, size: int) -> Array:
        """(T, C) -> (1, size, C)."""
        padded = np.zeros((1, size, rows.shape[1]), np.float32)
        padded[0, : len(rows)] = rows
        return padded

    def _mask(self, length: int, size: int) -> Array:
        mask = np.zeros((1, size), np.float32)
        mask[0, :length] = 1.0
        return mask


class WaveNetEncoder(nn.Cell):
    """``wns1``; x and mask (B, text, T), timbre (B, timbre, 1); ``conv`` makes its gated convolutions."""

    def __init__(self, config: CfmConfig, conv: type[Conv1d] = Conv1d) -> None:
        super().__init__()
        self.pre = Conv1d(config.text, config.text, 1)
        layers, voice = config.condition_layers, config.timbre_channels
        self.enc = WaveNet(config.text, config.condition_kernel, layers, voice, conv)
        self.proj = Conv1d(config.text, config.text, 1)

    def construct(self, x: Tensor, mask: Tensor, timbre: Tensor) -> Tensor:
        return self.proj(self.enc(self.pre(x) * mask, mask, timbre)) * mask


class ConditionNetwork(nn.Cell):
    """Content at the mel's rate (1, content, T), mask (1, text, T), timbre (1, timbre, 1) -> (1, text, T)."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.bridge = nn.CellList([Conv1d(config.content_channels, config.text, 1), LeakyRelu(SLOPE)])
        self.wns1 = WaveNetEncoder(config)

    def construct(self, content: Tensor, mask: Tensor, timbre: Tensor) -> Tensor:
        return self.wns1(self.bridge[1](self.bridge[0](content)), mask, timbre)


class GraphCondition:
    """See :class:`GPT_SoVITS.cfm.condition.Condition`; arrays with the prefixes ``bridge.`` and ``wns1.``."""

    def __init__(
        self,
        config: CfmConfig,
        arrays: Mapping[str, Array],
        frames: Sequence[int] = CONDITION_FRAMES,
        dtype: type = np.float32,
    ) -> None:
        self.config, self._frames, self._dtype = config, tuple(frames), dtype
        network = ConditionNetwork(config)
        load_arrays(network, arrays, dtype)
        self.nbytes = held_bytes(network)
        self._graph = compiled.compile_cell(network)

    def __call__(self, content: Array, timbre: Array, valid: int) -> Array:
        channels, count = content.shape
        size = backend.bucket(count, self._frames)
        padded: Array = np.zeros((1, channels, size), self._dtype)
        mask: Array = np.zeros((1, self.config.text, size), self._dtype)
        padded[0, :, :count], mask[:, :, :valid] = content, 1.0
        voice: Array = np.asarray(timbre, self._dtype).reshape(1, -1, 1)
        inputs = (padded, mask, voice)
        result = self._graph(*(compiled.to_tensor(array) for array in inputs)).asnumpy()
        return np.ascontiguousarray(result[0, :, :count].T, np.float32)

"""ERes2NetV2, the speaker verification network whose embedding v2Pro voices are conditioned on.

Chen et al., "ERes2NetV2: Boosting short-duration speaker verification performance with computational efficiency"
(2024). Agrees with the official class of 3D-Speaker in evaluation mode. Batch norms are folded into the convolutions.

Feature maps are (1, C, F, T), T along time. Recordings are padded at the end to one of a few lengths. After a
convolution with bias the padding is not zero any more, and the next 3x3 convolution would let it leak into the last
valid frame; so wherever a 3x3 convolution follows, the clipped activation (0 to 20) takes its upper limit from a tensor
that is 0 in the padding. The result is that of the unpadded recording, and it costs no extra pass over the map.
"""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.features.speaker_config import CLIP, REDUCTION, STAGES
from GPT_SoVITS.features.speaker_config import SpeakerConfig as SpeakerConfig
from GPT_SoVITS.layers.convolution import Conv2d
from GPT_SoVITS.layers.linear import Linear

VARIANCE_FLOOR = 1e-8
_POINT, _SQUARE = (1, 1), (3, 3)


class AttentiveFusion(nn.Cell):
    """Weighted sum of two maps, ``a (1 + tanh w) + b (1 - tanh w)``; zero where both are zero.

    Written with ``1 + tanh w = 2 sigmoid(2 w)``: MindSpore's CPU kernel of tanh is off by up to 1e-4, sigmoid by 1e-6.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.local_att = nn.CellList([Conv2d(2 * channels, inner, _POINT), Conv2d(inner, channels, _POINT)])
        self.concat = ops.Concat(1)

    def construct(self, a: Tensor, b: Tensor) -> Tensor:
        inner = self.local_att[0](self.concat((a, b)))
        weight = ops.sigmoid(self.local_att[1](inner * ops.sigmoid(inner)) * 2.0)
        return (b + (a - b) * weight) * 2.0


class _Add(nn.Cell):
    """The sum that blocks of the first two stages have in place of an attentive fusion."""

    def construct(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Block(nn.Cell):
    """Residual block: a 1x1 convolution, branches of 3x3 convolutions each fed by the one before, a 1x1 convolution."""

    def __init__(self, config: SpeakerConfig, stage: int, in_channels: int, stride: int) -> None:
        super().__init__()
        self.width, self.scale = config.branch_width(stage), config.scale
        inner, out = self.width * self.scale, config.stage_channels(stage)
        fused = stage >= STAGES // 2
        self.conv1 = Conv2d(in_channels, inner, _POINT, stride=(stride, stride))
        self.convs = nn.CellList([Conv2d(self.width, self.width, _SQUARE, padding=(1, 1)) for _ in range(self.scale)])
        self.fuse_models = nn.CellList(
            [AttentiveFusion(self.width) if fused else _Add() for _ in range(self.scale - 1)]
        )
        self.conv3 = Conv2d(inner, out, _POINT)
        changes = stride != 1 or in_channels != out
        self.shortcut = nn.CellList([Conv2d(in_channels, out, _POINT, stride=(stride, stride))] if changes else [])
        self.concat = ops.Concat(1)

    def construct(self, x: Tensor, limit: Tensor) -> Tensor:
        """Apply the block; ``limit`` (1, inner, F', T') is CLIP on valid frames and 0 on padding."""
        branch_limit = limit[:, : self.width]
        parts = ops.minimum(ops.relu(self.conv1(x)), limit)
        branch = parts[:, : self.width]
        branches = []
        for i in range(self.scale):
            if i > 0:
                branch = self.fuse_models[i - 1](branch, parts[:, i * self.width : (i + 1) * self.width])
            branch = ops.minimum(ops.relu(self.convs[i](branch)), branch_limit)
            branches.append(branch)
        y = self.conv3(self.concat(tuple(branches)))
        residual = x
        for shortcut in self.shortcut:
            residual = shortcut(residual)
        return ops.minimum(ops.relu(y + residual), CLIP)


def _stage(config: SpeakerConfig, stage: int) -> nn.CellList:
    """Blocks of one resolution; the first block of every stage but the first halves it."""
    before = config.channels if stage == 0 else config.stage_channels(stage - 1)
    out = config.stage_channels(stage)
    first = Block(config, stage, before, stride=1 if stage == 0 else 2)
    return nn.CellList([first, *(Block(config, stage, out, stride=1) for _ in range(config.blocks[stage] - 1))])


class ERes2NetV2(nn.Cell):
    """The convolutions common to all outputs; subclasses pool what :meth:`maps` returns.

    One recording at a time: features (1, 1, mel bins, T) with zeros in the padding; mask (1, T), 1 on valid frames.
    """

    def __init__(self, config: SpeakerConfig) -> None:
        super().__init__()
        self.inner = [config.branch_width(stage) * config.scale for stage in range(STAGES)]
        self.conv1 = Conv2d(1, config.channels, _SQUARE, padding=(1, 1))
        self.layer1 = _stage(config, 0)
        self.layer2 = _stage(config, 1)
        self.layer3 = _stage(config, 2)
        self.layer4 = _stage(config, 3)
        out3, out4 = config.stage_channels(2), config.stage_channels(3)
        self.layer3_ds = Conv2d(out3, out4, _SQUARE, stride=(2, 2), padding=(1, 1), bias=False)
        self.fuse34 = AttentiveFusion(out4)

    def _run(self, blocks: nn.CellList, x: Tensor, mask: Tensor, inner: int, stride: int) -> Tensor:
        height = (x.shape[2] + stride - 1) // stride
        limit = (mask * CLIP).reshape((1, 1, 1, mask.shape[1]))
        limit = ops.broadcast_to(limit, (1, inner, height, mask.shape[1]))
        for block in blocks:
            x = block(x, limit)
        return x

    def maps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of the four stages, the fused one, and the mask (1, T') of the last resolution."""
        mask2 = mask[:, ::2]  # a convolution of stride 2 has its outputs at every other frame
        mask3 = mask2[:, ::2]
        mask4 = mask3[:, ::2]
        x = ops.relu(self.conv1(features))
        map1 = self._run(self.layer1, x, mask, self.inner[0], 1)
        map2 = self._run(self.layer2, map1, mask2, self.inner[1], 2)
        map3 = self._run(self.layer3, map2, mask3, self.inner[2], 2)
        map4 = self._run(self.layer4, map3, mask4, self.inner[3], 2)
        valid3 = map3 * mask3.reshape((1, 1, 1, mask3.shape[1]))
        return map1, map2, map3, map4, self.fuse34(map4, self.layer3_ds(valid3)), mask4


def time_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over the valid frames; x (1, C, F, T), mask (1, T) -> (1, C F), channels outermost."""
    _, channels, height, length = x.shape
    weights = (mask / mask.sum()).reshape((length, 1))
    return ops.matmul(x.reshape((channels * height, length)), weights).reshape((1, channels * height))


class SpeakerEmbedding(ERes2NetV2):
    """The embedding of v2Pro: the mean over time of the fused map, (1, channels * height), official ``forward3``."""

    def construct(self, features: Tensor, mask: Tensor) -> Tensor:
        maps = self.maps(features, mask)
        return time_mean(maps[4], maps[5])


class SpeakerProjection(ERes2NetV2):
    """The network's own embedding, (1, embedding_size): a projection of mean and unbiased deviation over time.

    Voices do not use it; it completes the network (official ``forward``). Needs two frames of the last resolution.
    """

    def __init__(self, config: SpeakerConfig) -> None:
        super().__init__(config)
        self.seg_1 = Linear(2 * config.embedding_dim, config.embedding_size)

    def construct(self, features: Tensor, mask: Tensor) -> Tensor:
        maps = self.maps(features, mask)
        fused, valid = maps[4], maps[5]
        mean = time_mean(fused, valid)
        centred = fused - mean.reshape((*fused.shape[:3], 1))
        count = valid.sum()
        variance = time_mean(centred * centred, valid) * (count / (count - 1.0))
        return self.seg_1(ops.cat((mean, ops.sqrt(variance + VARIANCE_FLOOR)), 1))

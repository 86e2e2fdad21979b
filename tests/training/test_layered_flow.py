"""The sampler's network block by block learns what it learns as one graph, whole and with a LoRA, dropout included."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor, nn
from numpy.typing import NDArray

from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.compiled import compile_gradient, to_tensor
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.training.cfm.layered import LayeredFlow
from GPT_SoVITS.training.cfm.lora import adapt
from GPT_SoVITS.training.cfm.network import Before, Condition, FlowLoss, MelNetwork
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.randomness import DropoutPools
from tests.training.small import SOVITS_CONFIG

SIZES = CfmConfig(
    "v4", content_channels=7, timbre_channels=8, depth=2, mel=5, text=6, width=16, heads=2, feed_forward=24,
    text_blocks=1, frequencies=8, position_kernel=3, position_groups=2, condition_layers=2, condition_kernel=3,
)  # fmt: skip
BATCH, CONTENT, FRAMES, RANK = 2, 6, 12, 4


class Whole(nn.Cell):  # type: ignore[misc]
    """Loss and velocity as one graph over the blocks."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.condition, self.before, self.loss = Condition(network), Before(network), FlowLoss(network)
        self.blocks = network.cfm.estimator.transformer_blocks

    def construct(
        self, content: Tensor, timbre: Tensor, places: Tensor, weights: Tensor, target: Tensor, *flow: Tensor
    ) -> tuple[Tensor, Tensor]:
        condition = self.condition(content, timbre, places, flow[5])
        rows, active, bias, attended = self.before(condition, *flow[:7])
        for block in self.blocks:
            rows = block(rows, block.attn_norm(active).expand_dims(1), bias, attended, *flow[7:])
        return self.loss(rows, active, weights, target)[0], self.loss.after(rows, active)


def network(rank: int, rate: float) -> MelNetwork:
    """Random weights, and dropouts that have drawn."""
    found, rng = MelNetwork(SovitsConfig.from_official(SOVITS_CONFIG), SIZES), np.random.default_rng(0)
    if rank:
        adapt(found.cfm.estimator, rank, rng)
    for name, parameter in named(found):
        if name.startswith(("cfm.", "bridge.", "wns1.")):
            spread = 1 / np.sqrt(max(1, np.prod(parameter.shape[1:])))
            overwrite(parameter, spread * rng.standard_normal(parameter.shape))
    DropoutPools(found.places_of_dropout(rate), 5000).draw(0, 1)
    return found


def inputs() -> list[Tensor]:
    """A batch of two, the second of which is shorter."""
    rng = np.random.default_rng(1)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.standard_normal(shape).astype(np.float32)

    keys = np.ones((BATCH, FRAMES), np.float32)
    keys[1, 9:] = 0
    places = np.repeat(np.eye(CONTENT, dtype=np.float32), FRAMES // CONTENT, axis=1)
    turns = draw(1, FRAMES, SIZES.head_dim // 2).repeat(BATCH, 0)
    flow = draw(BATCH, FRAMES, SIZES.mel), draw(BATCH, FRAMES, SIZES.mel), draw(BATCH, 8), draw(BATCH, 8)
    known = np.ones_like(keys), keys, draw(BATCH, FRAMES, SIZES.text), np.cos(turns), np.sin(turns)
    weights = np.repeat(keys[:, :, None], SIZES.mel, 2) / keys.sum() / SIZES.mel
    content = draw(BATCH, SIZES.content_channels, CONTENT), draw(BATCH, SIZES.timbre_channels, 1), places
    return [to_tensor(array) for array in (*content, weights, draw(BATCH, FRAMES, SIZES.mel), *flow, *known)]


@pytest.mark.parametrize("rank", [pytest.param(0, id="whole", marks=pytest.mark.full), pytest.param(RANK, id="lora")])
def test_block_by_block_learns_what_one_graph_learns(rank: int) -> None:
    found, given = network(rank, 0.2), inputs()
    weights = [parameter for _, parameter in found.trained(bool(rank))]
    (expected, velocity), gradients = compile_gradient(Whole(found), weights)(*given)
    layered = LayeredFlow(found, rank, half=False)
    outputs, others = layered(*given)
    np.testing.assert_allclose(outputs[0].asnumpy(), expected.asnumpy(), rtol=1e-5)
    estimated = layered.velocity(layered.condition(given[0], given[1], given[2], given[10]), *given[5:])
    np.testing.assert_allclose(estimated.asnumpy(), velocity.asnumpy(), rtol=1e-4, atol=1e-4)
    largest = max(np.abs(gradient.asnumpy()).max() for gradient in gradients)
    assert len(others) == len(gradients)
    for a, b in zip(others, gradients, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-3, atol=1e-5 * largest)
    weight = found.cfm.estimator.transformer_blocks[1].ff.ff[2].weight
    overwrite(weight, weight.asnumpy() * 2)
    changed = layered(*given)[0][0].asnumpy()
    assert changed != outputs[0].asnumpy(), "weights are read at each call"

"""Velocity, loss and gradients of the estimator, block by block.

22 blocks as one graph take 8 GB for a recording of three seconds, most of it what lies within the blocks. Here one
block's graphs serve all of them: the weights of each are copied into it, which costs little beside what it computes.
Of each block its input is kept, and its gradient computes the rest again.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.cfm.cells import Block
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.training.cfm.lora import adapt
from GPT_SoVITS.training.cfm.network import DECODER, After, Before, Condition, FlowLoss, MelNetwork
from GPT_SoVITS.training.gradients import Scaled
from GPT_SoVITS.training.half import compute_in_half
from GPT_SoVITS.training.parameters import named

_BLOCKS = f"{DECODER}estimator.transformer_blocks."
_AFTER = (f"{DECODER}estimator.norm_out.", f"{DECODER}estimator.proj_out.")
_KEYS, _GRAPH_INPUTS = 5, 7
"""Among the inputs of a velocity: which one says the frames of each recording, and how many :class:`Before` takes."""


class _Template(nn.Cell):
    """One block of the estimator's layout, its weights those of whichever block was taken last."""

    def __init__(self, config: CfmConfig, rank: int) -> None:
        super().__init__()
        self.transformer_blocks = nn.CellList([Block(config)])
        if rank:
            adapt(self, rank, np.random.default_rng(0))
        self.block = self.transformer_blocks[0]

    def construct(self, x: Tensor, active: Tensor, *others: Tensor) -> Tensor:
        """Rows (B, F, width) at an embedded moment (B, width), and what else a block takes -> rows."""
        return self.block(x, self.block.attn_norm(active).expand_dims(1), *others)


class _Taken(nn.Cell):
    """Writes tensors into parameters."""

    def __init__(self, parameters: list[ms.Parameter]) -> None:
        super().__init__()
        self.parameters = ms.ParameterTuple(parameters)

    def construct(self, *tensors: Tensor) -> int:
        for i in range(len(self.parameters)):
            ops.assign(self.parameters[i], tensors[i])
        return 0


class _Backwards(nn.Cell):
    """A block's rows times their gradient, summed: what that gradient means for its inputs and weights."""

    def __init__(self, template: _Template) -> None:
        super().__init__()
        self.template = template

    def construct(self, x: Tensor, active: Tensor, gradient: Tensor, *others: Tensor) -> tuple[Tensor, Tensor]:
        value = total(self.template(x, active, *others) * gradient)
        return value, value


class _Followed(nn.Cell):
    """The same for what comes before the blocks."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.condition, self.before = Condition(network), Before(network)

    def construct(
        self, gradient: Tensor, moment: Tensor, content: Tensor, timbre: Tensor, places: Tensor, *flow: Tensor
    ) -> tuple[Tensor, Tensor]:
        condition = self.condition(content, timbre, places, flow[_KEYS])
        rows, active, _, _ = self.before(condition, *flow)
        value = total(rows * gradient) + total(active * moment)
        return value, value


class LayeredFlow:
    """The estimator's velocity, and the loss with the gradients of what is learnt.

    This is a :class:`GPT_SoVITS.training.gradients.Run`.

    Args:
        network: Whose weights are read at each call.
        rank: Of the pairs that its attention was given; 0 where the whole decoder is learnt.
        half: Whether the loss is scaled, and products are computed in float16.
    """

    def __init__(self, network: MelNetwork, rank: int, half: bool) -> None:
        self._half, self._sizes = half, network.sizes
        self._blocks = list(network.cfm.estimator.transformer_blocks)
        trained = dict(network.trained(bool(rank)))
        self._names = list(trained)
        self._last = [name for name in trained if name.startswith(_AFTER)]
        self._first = [name for name in trained if not name.startswith((*_AFTER, _BLOCKS))]
        own = f"{_BLOCKS}0."
        self._within = [name.removeprefix(own) for name in trained if name.startswith(own)]
        template = _Template(network.sizes, rank)
        if half:
            compute_in_half(template)
        parameters = dict(named(template.block))
        self._parameters = [[own[name] for name in parameters] for own in (dict(named(each)) for each in self._blocks)]
        self._take = compile_cell(_Taken(list(parameters.values())))
        self._forward = compile_cell(template)
        learnt = [parameters[name] for name in self._within]
        self._backward = compile_gradient(_Backwards(template), learnt, inputs=(0, 1))
        self._condition = compile_cell(Condition(network))
        self._before, self._after = compile_cell(Before(network)), compile_cell(After(network))
        loss, first = (Scaled(FlowLoss(network)), 1) if half else (FlowLoss(network), 0)
        self._score = compile_gradient(loss, [trained[name] for name in self._last], inputs=(first, first + 1))
        self._follow = compile_gradient(_Followed(network), [trained[name] for name in self._first])

    def condition(self, content: Tensor, timbre: Tensor, places: Tensor, keys: Tensor) -> Tensor:
        """Return what :class:`Condition` says, (B, F, text)."""
        return self._condition(content, timbre, places, keys)

    def velocity(self, condition: Tensor, *flow: Tensor) -> Tensor:
        """Estimate (B, F, mel) from a condition, the other inputs of :class:`Before`, and the first head's rotation.

        Args:
            condition: (B, F, text).
            flow: The other inputs of :class:`Before`; then cosines and sines (B, F, head_dim / 2).
        """
        rows, active, *_ = self._forwards(condition, *flow)
        return self._after(rows, active)

    def __call__(self, *inputs: Tensor) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Run forwards and backwards.

        Args:
            inputs: With ``half`` the scale of the loss; content, timbre and places (see :class:`Condition`), weights
                and target (see :class:`FlowLoss`), and ``flow`` as in :meth:`velocity`.

        Returns:
            The loss's outputs, behind the scaled loss with ``half``, and the gradients in the order of the network's
            ``trained``.
        """
        scale, inputs = (inputs[:1], inputs[1:]) if self._half else ((), inputs)
        given, wanted, flow = inputs[:3], inputs[3:5], inputs[5:]
        rows, active, kept, fixed = self._forwards(self.condition(given[0], given[1], given[2], flow[_KEYS]), *flow)
        outputs, (gradient, moment, *last) = self._score(*scale, rows, active, *wanted)
        found = dict(zip(self._last, last, strict=True))
        for index in reversed(range(len(self._blocks))):
            self._load(index)
            others = self._others(index, *fixed)
            _, (gradient, more, *own) = self._backward(kept.pop(), active, gradient, *others)
            moment = moment + more
            found |= {f"{_BLOCKS}{index}.{name}": g for name, g in zip(self._within, own, strict=True)}
        _, first = self._follow(gradient, moment, *given, *flow[:_GRAPH_INPUTS])
        found |= dict(zip(self._first, first, strict=True))
        return outputs, tuple(found[name] for name in self._names)

    def _forwards(
        self, condition: Tensor, *flow: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Return the last block's rows, the embedded moment, every block's input, and what all blocks are given."""
        rows, active, bias, attended = self._before(condition, *flow[:_GRAPH_INPUTS])
        fixed, kept = (bias, attended, *flow[_GRAPH_INPUTS:]), []
        for index in range(len(self._blocks)):
            self._load(index)
            kept.append(rows)
            rows = self._forward(rows, active, *self._others(index, *fixed))
        return rows, active, kept, fixed

    def _load(self, index: int) -> None:
        """Let the graphs have the weights of a block: as tensors, since parameters would be compiled for anew."""
        self._take(*map(Tensor, self._parameters[index]))

    def _others(self, index: int, bias: Tensor, attended: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, ...]:
        """Return what a block takes behind rows and moment, with the factors of its own dropouts."""
        block, shape = self._blocks[index], (*attended.shape[:2], self._sizes.feed_forward)
        behind, within = block.attn.to_out[1], block.ff.ff[1]
        if not within.active:
            return bias, attended, cos, sin
        attended = attended * to_tensor(behind.factors(attended.size).reshape(attended.shape))
        return bias, attended, cos, sin, to_tensor(within.factors(int(np.prod(shape))).reshape(shape))

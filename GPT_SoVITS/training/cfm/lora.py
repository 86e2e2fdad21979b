"""Low-rank adaptation (LoRA, Hu et al., 2021) of the attention of v3 and v4, as ``peft`` does it for the official code.

``y = x W' + b + x A' B'``: the weight stays, two thin matrices are learnt. Alpha is the rank, so the scale is 1.
"""

from __future__ import annotations

from math import sqrt

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.cfm.graphs import EstimatorNetwork
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.parameters import overwrite, parameter

HALVES = ("lora_A", "lora_B")
_UNIQUE = "lora"
WRAPPED = "cfm.base_model.model."
"""What ``peft`` makes of the prefix ``cfm.``."""


class LoraLinear(nn.Cell):
    """A linear layer whose weight (out, in) stays; ``lora_A`` (rank, in) and ``lora_B`` (out, rank) are learnt."""

    def __init__(self, layer: Linear, rank: int) -> None:
        super().__init__()
        self.weight, self.bias, self.out_features = layer.weight, layer.bias, layer.out_features
        self.lora_A = parameter(rank, layer.weight.shape[1])
        self.lora_B = parameter(layer.out_features, rank)
        self.matmul, self.bias_add = ops.MatMul(transpose_b=True), ops.BiasAdd()

    def construct(self, x: Tensor) -> Tensor:
        rows = x.reshape((-1, x.shape[-1]))
        y = self.bias_add(self.matmul(rows, self.weight), self.bias)
        y = y + self.matmul(self.matmul(rows, self.lora_A), self.lora_B)
        return y.reshape((*x.shape[:-1], self.out_features))


def adapt(network: EstimatorNetwork, rank: int, random: np.random.Generator) -> None:
    """Give the attention of every block its pairs: A uniform as ``peft`` draws it, B zero, so that nothing changes yet.

    Args:
        network: With its weights loaded; parameters get names.
        rank: Of the pairs.
        random: For the halves A.
    """
    for block in network.transformer_blocks:
        attention = block.attn
        for part in ("to_q", "to_k", "to_v"):
            setattr(attention, part, _adapted(getattr(attention, part), rank, random))
        attention.to_out[0] = _adapted(attention.to_out[0], rank, random)
    for name, half in pairs(network):  # last: a cell that becomes part of another renames its parameters
        half.name = f"{_UNIQUE}.{name}"


def _adapted(layer: Linear, rank: int, random: np.random.Generator) -> LoraLinear:
    found = LoraLinear(layer, rank)
    bound = 1.0 / sqrt(layer.weight.shape[1])  # Kaiming with a slope of the root of 5
    overwrite(found.lora_A, random.uniform(-bound, bound, found.lora_A.shape).astype(np.float32))
    return found


def is_half(name: str) -> bool:
    """Whether a parameter is half of a pair."""
    return name.rpartition(".")[2] in HALVES


def official_name(name: str) -> str:
    """Return the key that a half of a pair has in official files; ``cfm.estimator...to_q.lora_A`` is such a name."""
    return f"{WRAPPED}{name.removeprefix('cfm.')}.default.weight"


def pairs(network: nn.Cell) -> list[tuple[str, ms.Parameter]]:
    """Return the halves of all pairs under their names in the network."""
    return [(name, each) for name, each in network.parameters_and_names() if is_half(name)]

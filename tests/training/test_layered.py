"""The decoder block by block learns what it learns as one graph, dropout included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from GPT_SoVITS.compiled import compilations, compile_gradient, to_tensor
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.parameters import load_arrays, overwrite
from GPT_SoVITS.t2s.network import Block, Text2SemanticDecoder
from GPT_SoVITS.training.gpt.batch import Draw, Example, collate
from GPT_SoVITS.training.gpt.layered import BlockWeights, LayeredGradient
from GPT_SoVITS.training.gpt.losses import Embedded, GptLoss
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.randomness import DropoutPools
from tests.networks.t2s_small import SMALL, random_arrays


class Whole(nn.Cell):  # type: ignore[misc]
    """The loss as one graph over the blocks that inference runs."""

    def __init__(self, embedded: Embedded) -> None:
        super().__init__()
        self.embedded, self.blocks, self.heads = embedded, embedded.decoder.h, SMALL.head
        self.loss = GptLoss(embedded.decoder, prefer=True)

    def construct(self, phonemes: Tensor, bert: Tensor, tokens: Tensor, mask: Tensor, *others: Tensor) -> Any:
        rows = self.embedded(phonemes, bert, tokens)
        x = rows.reshape((tokens.shape[0], -1, rows.shape[1]))
        hidden = self.blocks(x, ops.tile(mask.expand_dims(1), (1, self.heads, 1, 1)))[0]
        return self.loss(hidden.reshape(rows.shape), *others)


def inputs() -> list[Tensor]:
    """A batch of two recordings with their rejected sequences."""
    rng = np.random.default_rng(0)
    examples = [
        Example(
            rng.integers(0, SMALL.phoneme_vocab_size, 6 - i),
            rng.integers(0, SMALL.eos, 7 + i),
            rng.standard_normal((6 - i, SMALL.bert_dim)).astype(np.float32),
        )
        for i in range(2)
    ]
    draw: Draw = lambda low, high: int(rng.integers(low, high))  # noqa: E731
    batch = collate(examples, SMALL.eos, SMALL.bert_dim, draw)
    return [to_tensor(array) for array in batch.inputs()]


def decoder(rate: float) -> Embedded:
    """A small decoder whose dropouts have drawn."""
    network = Text2SemanticDecoder(SMALL)
    load_arrays(network, random_arrays())
    embedded = Embedded(network)
    places = [(cell, rate) for _, cell in embedded.cells_and_names() if isinstance(cell, Dropout)]
    DropoutPools(places, 1000).draw(0, 1)
    return embedded


GRAPHS = 6
"""Embedding, masks, a block each way, the loss, and what its gradient means for the embedding."""


@pytest.mark.parametrize(
    "rate", [pytest.param(0.0, id="without dropout", marks=pytest.mark.full), pytest.param(0.3, id="with dropout")]
)
def test_block_by_block_learns_what_one_graph_learns(rate: float) -> None:
    embedded, given = decoder(rate), inputs()
    weights = [parameter for _, parameter in named(embedded.decoder)]
    expected, gradients = compile_gradient(Whole(embedded), weights)(*given)
    run, before = LayeredGradient(embedded, prefer=True, half=False), compilations()
    outputs, found = run(*given)
    assert compilations() - before == GRAPHS < 2 * SMALL.n_layer + 4, "as many for any number of layers"
    for a, b in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)
    largest = max(np.abs(gradient.asnumpy()).max() for gradient in gradients)
    for a, b in zip(found, gradients, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-4, atol=2e-6 * largest)
    weight = embedded.decoder.h.layers[SMALL.n_layer - 1].linear1.weight
    overwrite(weight, weight.asnumpy() * 1.5)
    assert run(*given)[0][0].asnumpy() != outputs[0].asnumpy(), "weights are read at each call"


def test_a_block_with_another_weight_is_refused() -> None:
    block = Block(SMALL)
    block.linear3 = nn.Dense(2, 2)
    with pytest.raises(ValueError, match="linear3"):
        BlockWeights(block)

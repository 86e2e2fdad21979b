"""Batches and losses of the text-to-semantic training, at small size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mindspore import Tensor, nn

from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.sums import average, total
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.training.gpt.batch import Example, GptBatch, collate, padded, reject
from GPT_SoVITS.training.gpt.layered import LayeredGradient
from GPT_SoVITS.training.gpt.losses import Embedded, softplus
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.randomness import DropoutPools
from tests.networks.t2s_small import SMALL, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]


def examples(count: int = 2) -> list[Example]:
    """Recordings of different lengths."""
    rng = np.random.default_rng(0)
    return [
        Example(
            rng.integers(0, SMALL.phoneme_vocab_size, 4 + i),
            rng.integers(0, SMALL.eos, 6 - i),
            rng.standard_normal((4 + i, SMALL.bert_dim)).astype(np.float32),
        )
        for i in range(count)
    ]


def batch(fit: int = 1, size: int = 0, draws: list[int] | None = None) -> GptBatch:
    """A batch of two; ``fit`` is the bucket."""
    numbers = iter(draws or [])
    draw = None if draws is None else lambda low, high: next(numbers)
    return collate(examples(), SMALL.eos, SMALL.bert_dim, draw, lambda n: -(-n // fit) * fit, size)


def test_targets_are_the_tokens_and_the_end_token_behind_them() -> None:
    made = batch()
    tokens = examples()[1].tokens
    assert made.targets[1].tolist() == [*tokens, SMALL.eos, SMALL.eos]
    assert made.tokens[1].tolist() == [*tokens, SMALL.eos]
    assert made.counted.all(), "the official loss counts the padding of its own batch"


def test_the_first_phonemes_of_a_shorter_text_are_hidden_and_its_padding_is_seen_as_officially() -> None:
    seen = batch().mask[0] == 0
    assert seen[0, :5].tolist() == [False, True, True, True, True]
    assert not seen[:5, 5:].any(), "text sees no tokens"
    assert seen[5:, 5:].tolist() == np.tri(6, dtype=bool).tolist()


def test_a_rejected_sequence_says_a_stretch_twice_or_leaves_it_out() -> None:
    draws = iter([0, 4, 1, 1, 3, 2])
    rows = reject(padded([np.arange(6), np.arange(6)], SMALL.eos), lambda low, high: next(draws))
    assert rows.tokens[0].tolist() == [0, 1, 2, 3, 1, 2, 3, 4, 5]
    assert rows.tokens[1].tolist() == [0, 1, 3, 4, 5, 0, 0, 0, 0] and rows.lengths.tolist() == [9, 5]


def test_neither_bucket_nor_filling_changes_losses_or_gradients() -> None:
    decoder = Text2SemanticDecoder(SMALL)
    load_arrays(decoder, random_arrays())
    run = LayeredGradient(Embedded(decoder), prefer=True, half=False)
    draws = [0, 4, 1, 1, 3, 2]
    results = []
    for made in (batch(draws=draws), batch(fit=16, size=3, draws=draws)):
        outputs, gradients = run(*(to_tensor(array) for array in made.inputs()))
        results.append([tensor.asnumpy() for tensor in (*outputs, *gradients)])
    for plain, filled in zip(*results, strict=True):
        assert np.abs(plain - filled).max() <= 2e-4 * max(1.0, np.abs(plain).max())


def test_a_compiled_graph_sees_the_factors_of_each_step() -> None:
    place = Dropout()
    pools = DropoutPools([(place, 0.5)], elements=64)
    graph, x = compile_cell(place), to_tensor(np.ones((8, 8), np.float32))
    for step in range(5):
        pools.draw(0, step)
        assert np.array_equal(graph(x).asnumpy(), place(x).asnumpy())


def test_dropout_draws_the_same_for_the_same_step_and_scales_what_it_keeps() -> None:
    place = Dropout()
    pools = DropoutPools([(place, 0.25)], elements=1000)
    x = to_tensor(np.ones((30, 100), np.float32))
    pools.draw(0, 5)
    first = place(x).asnumpy()
    pools.draw(0, 6)
    second = place(x).asnumpy()
    pools.draw(0, 5)
    assert np.array_equal(place(x).asnumpy(), first) and not np.array_equal(first, second)
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((first == 0).mean() - 0.25) < 0.05


def test_dropout_without_a_pool_is_the_identity() -> None:
    x = to_tensor(np.ones((2, 3), np.float32))
    place = Dropout()
    DropoutPools([(place, 0.0)], elements=10).draw(0, 0)
    assert place(x) is x


def test_pools_are_no_weights() -> None:
    decoder = Text2SemanticDecoder(SMALL)
    before = [name for name, _ in named(decoder)]
    places = [(cell, 0.1) for _, cell in decoder.cells_and_names() if isinstance(cell, Dropout)]
    DropoutPools(places, elements=10)
    assert len(places) == 4 * SMALL.n_layer and [name for name, _ in named(decoder)] == before


@pytest.mark.parametrize("size", [0, 4])
def test_a_batch_is_filled_with_rows_that_count_nowhere(size: int) -> None:
    made = batch(size=size)
    assert len(made.counted) == max(2, size) and made.counted[2:].sum() == 0


class _Repeated(nn.Cell):  # type: ignore[misc]
    """What losses are made of, of one vector."""

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        rows, soft = x.reshape((-1, 5)), softplus(x)
        return total(soft.reshape((-1, 5))), soft, total(rows * rows), average(rows)


@pytest.mark.parametrize("size", [25, 300_000])
def test_losses_have_the_same_bits_at_every_call_however_threads_share_the_work(size: int) -> None:
    graph = compile_gradient(_Repeated(), [])
    x = np.linspace(-80, 80, size, dtype=np.float32)
    found = [[tensor.asnumpy() for tensor in graph(to_tensor(x))[0]] for _ in range(16)]
    for others in found[1:]:
        for first, other in zip(found[0], others, strict=True):
            assert np.array_equal(first, other)
    exact = np.logaddexp(0, x.astype(np.float64))
    np.testing.assert_allclose(found[0][1], exact, rtol=1e-6, atol=1e-6)

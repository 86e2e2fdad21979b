"""Orders are those of the official samplers, and functions of the epoch alone."""

from __future__ import annotations

import numpy as np
import pytest

from GPT_SoVITS.training.data.sampling import GptOrder, SovitsOrder, repeated, torch_generator, torch_permutation
from GPT_SoVITS.training.processes import Processes

PYTORCH_SEED_0 = ([4, 1, 7, 5, 3, 9, 0, 8, 6, 2], [3, 0, 2, 1])
"""``torch.randperm(10)`` and then ``torch.randperm(4)`` of ``torch.Generator().manual_seed(0)``."""


@pytest.mark.parametrize(("count", "times"), [(1, 100), (3, 33), (40, 2), (60, 2), (99, 2), (100, 1), (5000, 1)])
def test_few_recordings_are_repeated_to_about_a_hundred(count: int, times: int) -> None:
    assert repeated(count) == times


def test_permutations_are_those_of_pytorch() -> None:
    generator = torch_generator(0)
    assert torch_permutation(10, generator) == PYTORCH_SEED_0[0]
    assert torch_permutation(4, generator) == PYTORCH_SEED_0[1]


def test_gpt_batches_hold_similar_lengths_and_every_recording_once() -> None:
    rng = np.random.default_rng(0)
    seconds = list(rng.uniform(0.5, 20, 101))
    order = GptOrder(seconds, 4)
    batches = order.batches(0)
    assert sorted(index for batch in batches for index in batch) == list(range(101))
    assert [len(batch) for batch in batches] == [4] * 25 + [1]
    spread = [max(seconds[i] for i in b) - min(seconds[i] for i in b) for b in batches]
    assert np.median(spread) < 2.5 < np.ptp(seconds) / 4


def test_an_order_depends_on_the_epoch_and_on_nothing_before_it() -> None:
    seconds = list(np.linspace(1, 9, 30))
    order = GptOrder(seconds, 4)
    first = order.batches(3)
    order.batches(4)
    assert order.batches(3) == first == GptOrder(seconds, 4).batches(3)
    assert order.batches(4) != first


def test_sovits_batches_are_full_of_one_bucket_and_leave_out_what_is_too_short_or_too_long() -> None:
    frames = [20, 33, 299, 300, 301, 400, 650, 1900, 1901]
    batches = SovitsOrder(frames, 2).batches(1)
    assert len(batches) == len(SovitsOrder(frames, 2)) == 2 + 1 + 1 + 1
    assert {index for batch in batches for index in batch} == {1, 2, 3, 4, 5, 6, 7}
    buckets = ({1, 2, 3}, {4, 5}, {6}, {7})
    assert all(any(set(batch) <= bucket for bucket in buckets) and len(batch) == 2 for batch in batches)


@pytest.mark.parametrize("count", [24, 101])
def test_processes_share_the_gpt_batches_of_one_process_and_fill_up_with_the_first_recordings(count: int) -> None:
    seconds = list(np.random.default_rng(0).uniform(0.5, 20, count))
    alone = [index for batch in GptOrder(seconds, 6).batches(2) for index in batch]
    orders = [GptOrder(seconds, 3, group=Processes(rank, 2)) for rank in range(2)]
    shares = [[index for batch in order.batches(2) for index in batch] for order in orders]
    filled = alone + alone[: count % 2]
    assert shares == [filled[0::2], filled[1::2]]
    assert {len(order) for order in orders} == {len(orders[0].batches(2))}


def test_processes_share_the_sovits_batches_of_one_process() -> None:
    frames = [33, 299, 300, 301, 400, 650, 1900]
    alone = SovitsOrder(frames, 4).batches(1)
    orders = [SovitsOrder(frames, 2, group=Processes(rank, 2)) for rank in range(2)]
    first, second = (order.batches(1) for order in orders)
    assert len(first) == len(second) == len(orders[0]) == len(alone)
    for joined, one, other in zip(alone, first, second, strict=True):
        assert joined == [index for pair in zip(one, other, strict=True) for index in pair]

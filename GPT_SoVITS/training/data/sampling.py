"""In which order recordings are trained on: pure functions of the epoch, equal to the official samplers'.

``GptOrder`` is ``AR/data/bucket_sampler.py``, which shuffles with Python's ``random``; ``SovitsOrder`` is
``DistributedBucketSampler`` of ``module/data_utils.py``, which shuffles with ``torch.randperm``. Where several
processes share a batch, each takes every so-manieth recording, as officially.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from GPT_SoVITS.training.processes import ALONE, Processes

BUCKET_SECONDS = 2.0
BOUNDARIES = (32, *range(300, 2000, 100))
"""Frames that divide recordings into buckets; what is outside is not trained on."""
MEL_BOUNDARIES = (32, *range(300, 1100, 100))
"""The same in the training of v3 and v4, which leaves out what is longer than 20 s."""
FEWEST = 100
"""Fewer recordings than this are repeated, so that an epoch has enough steps."""


def repeated(count: int) -> int:
    """Return how often each of ``count`` recordings is in an epoch."""
    return 1 if count >= FEWEST else max(2, FEWEST // max(count, 1))


def torch_permutation(count: int, generator: np.random.MT19937) -> list[int]:
    """Return what ``torch.randperm`` returns with a CPU generator in this state."""
    numbers = list(range(count))
    for i in range(count - 1):
        j = i + int(generator.random_raw()) % (count - i)
        numbers[i], numbers[j] = numbers[j], numbers[i]
    return numbers


def torch_generator(seed: int) -> np.random.MT19937:
    """Return the generator that ``torch.Generator().manual_seed(seed)`` is."""
    generator = np.random.MT19937()
    generator._legacy_seeding(seed)  # the classic seeding, which PyTorch has too
    return generator


def _cut(order: list[int], size: int) -> list[list[int]]:
    return [order[i : i + size] for i in range(0, len(order), size)]


class GptOrder:
    """Batches of similar length; the last of an epoch may be smaller.

    Args:
        seconds: Length of each recording.
        batch_size: Recordings of a process's batch.
        seed: Added to the epoch.
        group: The processes that share the batches.
    """

    def __init__(self, seconds: Sequence[float], batch_size: int, seed: int = 0, group: Processes = ALONE) -> None:
        self._size, self._seed, self._group = batch_size, seed, group
        self._share = -(-len(seconds) // group.size)
        self._buckets: list[list[int]] = [[]]
        limit = BUCKET_SECONDS
        for index in sorted(range(len(seconds)), key=lambda i: seconds[i]):
            if seconds[index] >= limit:  # one step up at a time, however far the length is beyond it
                self._buckets.append([])
                limit += BUCKET_SECONDS
            self._buckets[-1].append(index)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return -(-self._share // self._size)

    def batches(self, epoch: int) -> list[list[int]]:
        """Return this process's batches of an epoch, counted from 0."""
        shuffler = random.Random(self._seed + epoch)  # noqa: S311  (an order, not a secret)
        order: list[int] = []
        for bucket in self._buckets:
            shuffled = list(bucket)
            shuffler.shuffle(shuffled)
            order += shuffled
        batches = _cut(order, self._size * self._group.size)
        shuffler.shuffle(batches)
        # The official sampler joins the batches and the loader cuts them anew, which moves every border behind a
        # smaller batch that stands before the end.
        order = [index for batch in batches for index in batch]
        order += order[: self._share * self._group.size - len(order)]
        return _cut(order[self._group.rank :: self._group.size], self._size)


class SovitsOrder:
    """Full batches of one bucket each; short buckets are filled up by repetition.

    Attributes:
        left_out: Recordings that no bucket is for.

    Args:
        frames: Length of each recording.
        batch_size: Recordings of a process's batch.
        boundaries: Limits of the buckets; what lies outside is left out.
        group: The processes that share the batches.
    """

    def __init__(
        self, frames: Sequence[int], batch_size: int, boundaries: Sequence[int] = BOUNDARIES, group: Processes = ALONE
    ) -> None:
        self._size, self._group, self._joined = batch_size, group, batch_size * group.size
        buckets: list[list[int]] = [[] for _ in boundaries[1:]]
        self.left_out: list[int] = []
        for index, length in enumerate(frames):
            place = bisect_left(boundaries, length) - 1
            (buckets[place] if 0 <= place < len(buckets) else self.left_out).append(index)
        self._buckets = [bucket for bucket in buckets if bucket]

    def __len__(self) -> int:
        """Batches of an epoch."""
        return sum(-(-len(bucket) // self._joined) for bucket in self._buckets)

    def batches(self, epoch: int) -> list[list[int]]:
        """Return this process's batches of an epoch, counted from 1."""
        generator = torch_generator(epoch)
        orders = [torch_permutation(len(bucket), generator) for bucket in self._buckets]
        batches = []
        for bucket, order in zip(self._buckets, orders, strict=True):
            whole = -(-len(bucket) // self._joined) * self._joined
            batches += _cut(
                [bucket[order[i % len(order)]] for i in range(self._group.rank, whole, self._group.size)], self._size
            )
        return [batches[i] for i in torch_permutation(len(batches), generator)]

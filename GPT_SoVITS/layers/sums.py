"""Sums and averages that have the same bits at every call.

MindSpore's CPU build divides what it sums over a whole tensor among threads, and while it looks for the fastest number
of threads that number changes from call to call, with it the order of the sum. Sums over the last axis are whole rows.
"""

from __future__ import annotations

from mindspore import Tensor


def total(x: Tensor) -> Tensor:
    """Return the sum of all elements, a scalar; x (n, ...)."""
    return x.reshape((-1, x.shape[-1])).sum(1).sum()


def average(x: Tensor) -> Tensor:
    """Return the mean of all elements, a scalar; x (n, ...)."""
    return total(x) * (1.0 / x.size)

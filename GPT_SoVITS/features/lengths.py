"""Lengths to pad to: every input shape costs a compilation, so few shapes have to serve all lengths."""

from __future__ import annotations

STEPS_PER_OCTAVE = 4


def padded_length(length: int, smallest: int) -> int:
    """Round a length up to one of four steps per doubling: at most a quarter, on average a ninth, is padding.

    There is no largest length, unlike with a list of buckets, so long recordings of a training set work too.

    Args:
        length: Number of valid items, at least 1.
        smallest: The smallest length to compile for; the steps above it are ``smallest * 2**n * (4, 5, 6, 7) / 4``.
    """
    base = smallest
    while 2 * base < length:
        base *= 2
    if length <= base:
        return base
    step = base / STEPS_PER_OCTAVE
    return next(size for n in range(1, STEPS_PER_OCTAVE + 1) if (size := int(base + n * step)) >= length)


def padded_lengths(longest: int, smallest: int) -> list[int]:
    """Return every value of :func:`padded_length` up to the one that holds ``longest``, for warming up."""
    sizes = [padded_length(1, smallest)]
    while sizes[-1] < longest:
        sizes.append(padded_length(sizes[-1] + 1, smallest))
    return sizes

"""Plans how to run the generator over any number of frames with few compiled lengths.

The generator is a stack of convolutions, so a sample of its output depends on a bounded number of frames: the halo.
A window that leaves out frames beyond its halo therefore yields, away from its cut edges, exactly the samples of a run
over everything. The first window starts at the first frame and the last one ends at the last frame, so that the true
edges meet the same zero padding as in one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from GPT_SoVITS.sovits.config import GeneratorConfig

CALL_FRAMES = 2
"""What a call costs beside its frames, in frames: makes the plan prefer fewer, larger windows."""

EDGE_KERNEL = 7
"""Kernel of the generator's first and last convolution."""


@dataclass(frozen=True)
class Window:
    """One run of the generator.

    Attributes:
        start: First frame fed in.
        size: Frames fed in.
        first: First frame whose samples are kept.
        stop: Frame after the last one whose samples are kept.
    """

    start: int
    size: int
    first: int
    stop: int


def halo(config: GeneratorConfig) -> int:
    """Frames on each side that a frame's samples depend on."""
    dilated = max(
        sum((kernel - 1) // 2 * (dilation + 1) for dilation in dilations)
        for kernel, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
    )
    left = right = EDGE_KERNEL // 2
    for rate, kernel in zip(reversed(config.upsample_rates), reversed(config.upsample_kernel_sizes), strict=True):
        padding = (kernel - rate) // 2
        left = (left + dilated + kernel - 1 - padding) // rate
        right = -(-(right + dilated + padding) // rate)
    return max(left, right) + EDGE_KERNEL // 2


def plan(frames: int, sizes: Sequence[int], halo_frames: int) -> tuple[Window, ...]:
    """Return the cheapest windows of the given sizes that cover ``frames`` from left to right.

    Args:
        frames: Length of the latent, at least the smallest size.
        sizes: Lengths that are compiled.
        halo_frames: See :func:`halo`.

    Raises:
        ValueError: the latent is shorter than every window, or no window is longer than two halos.
    """
    usable = tuple(sorted({size for size in sizes if size <= frames}, reverse=True))
    if not usable:
        raise ValueError(f"{frames} frames are fewer than the smallest window, {min(sizes)}")
    if frames not in usable and usable[0] <= 2 * halo_frames:
        raise ValueError(f"windows of at most {usable[0]} frames leave nothing between halos of {halo_frames}")
    return _plan(frames, usable, halo_frames)


@lru_cache(maxsize=4096)
def _plan(frames: int, sizes: tuple[int, ...], halo_frames: int) -> tuple[Window, ...]:
    """Shortest path over the frame up to which everything is covered; cost is frames computed."""
    best: dict[int, tuple[int, tuple[Window, ...]]] = {0: (0, ())}
    for covered in range(frames):
        if covered not in best:
            continue
        cost, path = best[covered]
        for size in sizes:
            window = _window(covered, size, frames, halo_frames)
            total = cost + size + CALL_FRAMES
            if window.stop > covered and (window.stop not in best or total < best[window.stop][0]):
                best[window.stop] = (total, (*path, window))
    return best[frames][1]


def _window(covered: int, size: int, frames: int, halo_frames: int) -> Window:
    """The window of a size that continues at ``covered``, moved left where it would pass the end."""
    start = 0 if covered == 0 else max(covered - halo_frames, 0)
    if start + size >= frames:
        return Window(frames - size, size, covered, frames)
    return Window(start, size, covered, start + size - halo_frames)

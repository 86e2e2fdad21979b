"""Frame-wise operations on latent content that the host does between two graphs (numpy)."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def frames_at_speed(frames: int, speed: float) -> int:
    """Frames that content becomes at a speaking speed (the official formula, with its extra frame).

    Raises:
        ValueError: the speed is not a positive number.
    """
    if not 0.0 < speed < float("inf"):
        raise ValueError(f"speed {speed} is not a positive number")
    return frames if speed == 1 else int(frames / speed) + 1


def change_speed(content: Array, speed: float) -> Array:
    """Resample content along time; (C, T) -> (C, frames_at_speed(T, speed)).

    Agrees with ``torch.nn.functional.interpolate(mode="linear")``, whose positions are float32 numbers computed by a
    fused multiply-add: that is, rounded once. Rounding twice is 2e-4 off after 40 seconds.
    """
    length = content.shape[1]
    count = frames_at_speed(length, speed)
    if count == length:
        return content
    scale = np.float32(length) / np.float32(count)
    fused = (np.arange(count) + 0.5) * float(scale) - 0.5  # in double precision, where the product is exact
    position = np.maximum(fused.astype(np.float32), 0)
    left = np.minimum(position.astype(np.int64), length - 1)
    right = np.minimum(left + 1, length - 1)
    weight: Array = (position - left.astype(np.float32)).astype(content.dtype)
    resampled: Array = content[:, left] * (1 - weight) + content[:, right] * weight
    return resampled


def cross_fade(content: Array, previous: Array) -> Array:
    """Fade from the end of the previous chunk's content into this one's; (C, T) and (C, overlap) -> (C, T).

    The official streaming weights are a rising sine for the new frames and, starting at 1, a falling one for the old.

    Raises:
        ValueError: the overlap is longer than the content.
    """
    overlap = previous.shape[1]
    if overlap > content.shape[1]:
        raise ValueError(f"overlap of {overlap} frames with content of only {content.shape[1]}")
    angle = np.arange(2 * overlap, dtype=np.float32) * np.float32(np.pi) / np.float32(2 * overlap)
    window = np.sin(angle).astype(content.dtype)
    blended = content.copy()
    blended[:, :overlap] = window[:overlap] * content[:, :overlap] + window[overlap:] * previous
    return blended

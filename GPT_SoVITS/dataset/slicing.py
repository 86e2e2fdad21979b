"""Dividing a recording at its silences, with the results of the official ``tools/slicer2.py`` to the last sample.

Loudness is measured in windows that move by a hop. A silence is a run of hops below the threshold. It divides the
recording if it is long enough and the clip before it too; of a long silence only its ends are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 32000
"""Samples per second of recordings and clips."""
_BLOCK = 4096
"""Windows that are looked at together; all of an hour's would take gigabytes."""
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class SliceOptions:
    """Official parameters; times in milliseconds.

    Attributes:
        threshold: What is quieter counts as silence, dB of full scale.
        min_length: Clips are not divided before they are this long.
        min_interval: Shorter silences divide nothing.
        hop_size: Step of the loudness curve.
        max_sil_kept: Silence that is kept at the ends of a clip.

    Raises:
        ValueError: they contradict each other.
    """

    threshold: int = -34
    min_length: int = 4000
    min_interval: int = 300
    hop_size: int = 10
    max_sil_kept: int = 500

    def __post_init__(self) -> None:
        if not self.min_length >= self.min_interval >= self.hop_size >= 1:
            raise ValueError("min_length must be at least min_interval, that at least hop_size, and that at least 1")
        if self.max_sil_kept < self.hop_size:
            raise ValueError("max_sil_kept must be at least hop_size")


@dataclass(frozen=True)
class Clip:
    """A part of a recording.

    Attributes:
        samples: (N,) float32.
        start: Its first sample's place in the recording.
        end: The place after its last hop; up to a hop more than there are samples.
    """

    samples: Samples
    start: int
    end: int


def loudness(samples: Samples, window: int, hop: int) -> Samples:
    """Return the root mean square around each hop, (n // hop + 1,) float32, zeros assumed around the recording."""
    padded = np.pad(samples, window // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    found = [np.mean(windows[i : i + _BLOCK] ** 2, axis=1) for i in range(0, len(windows), _BLOCK)]
    return np.asarray(np.sqrt(np.concatenate(found)))


class Slicer:
    """Divides recordings of 32 kHz.

    Args:
        options: When and where.
    """

    def __init__(self, options: SliceOptions) -> None:
        interval = RATE * options.min_interval / 1000
        self.threshold = 10 ** (options.threshold / 20.0)
        self.hop = round(RATE * options.hop_size / 1000)
        self.window = min(round(interval), 4 * self.hop)
        self.min_length = round(RATE * options.min_length / 1000 / self.hop)
        self.min_interval = round(interval / self.hop)
        self.kept = round(RATE * options.max_sil_kept / 1000 / self.hop)

    def __call__(self, samples: Samples) -> list[Clip]:
        """Return the clips of a recording (N,) in order; what lies between two is silence.

        A recording of fewer samples than a clip has hops is one clip; the official slicer fails there.
        """
        if len(samples) <= self.min_length:
            return [Clip(samples, 0, len(samples))]
        curve = loudness(samples, self.window, self.hop)
        total = len(curve)
        removed = self._removed(curve)
        if not removed:
            return [Clip(samples, 0, total * self.hop)]
        begins = [0, *(right for _, right in removed)]
        ends = [*(left for left, _ in removed), total]
        pairs = list(zip(begins, ends, strict=True))
        # A recording that begins or ends silent has nothing there.
        clips = [self._clip(samples, begin, end) for begin, end in pairs if begin < total]
        return [clip for clip in clips if len(clip.samples)]

    def _clip(self, samples: Samples, begin: int, end: int) -> Clip:
        return Clip(samples[begin * self.hop : end * self.hop], begin * self.hop, end * self.hop)

    def _removed(self, curve: Samples) -> list[tuple[int, int]]:
        """Hops (from, to) that are left out, in order; equal numbers only divide."""
        found: list[tuple[int, int]] = []
        clip_start = 0
        for start, end in _silences(curve < self.threshold):
            if end is None:
                if len(curve) - start >= self.min_interval:
                    found.append((self._quietest(curve, start, min(len(curve), start + self.kept)), len(curve) + 1))
                break
            is_leading = start == 0 and end > self.kept
            is_dividing = end - start >= self.min_interval and end - clip_start >= self.min_length
            if is_leading or is_dividing:
                left, clip_start = self._cut(curve, start, end)
                found.append((left, clip_start))
        return found

    def _cut(self, curve: Samples, start: int, end: int) -> tuple[int, int]:
        """Where a silence begins and ends to be left out."""
        if end - start <= self.kept:
            left = right = self._quietest(curve, start, end)
        else:
            left = self._quietest(curve, start, start + self.kept)
            right = self._quietest(curve, end - self.kept, end)
            if end - start <= 2 * self.kept and start:
                middle = self._quietest(curve, end - self.kept, start + self.kept)
                left, right = min(left, middle), max(right, middle)
        return (left if start else 0), right

    def _quietest(self, curve: Samples, first: int, last: int) -> int:
        return first + int(curve[first : last + 1].argmin())


def _silences(silent: NDArray[np.bool_]) -> Iterator[tuple[int, int | None]]:
    """Give runs of silent hops: first, and first that is none; None where the recording ends silent."""
    edges = np.flatnonzero(np.diff(silent.astype(np.int8), prepend=0))
    starts, ends = edges[::2], edges[1::2]
    for index, start in enumerate(starts):
        yield int(start), int(ends[index]) if index < len(ends) else None


def mixed(samples: Samples, peak: float, alpha: float) -> NDArray[np.int16]:
    """Return a clip as 16-bit integers, a part of it brought to a peak as the official tool does.

    Args:
        samples: (N,) float32; those that exceed full scale are reduced to it first.
        peak: The peak that the louder part is brought to.
        alpha: How much of the result that part is, 0 to 1.
    """
    loudest: Any = np.abs(samples).max(initial=0)
    if loudest > 1:
        samples = samples / loudest
    if loudest > 0:  # digital silence stays what it is; the official tool divides by zero there
        samples = samples / loudest * (peak * alpha) + (1 - alpha) * samples
    return np.asarray((samples * 32767).astype(np.int16))

"""Summing up times that were taken on a machine which others use too: the minimum is the program, the rest is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Smallest, middle and largest of several readings."""

    best: float
    median: float
    worst: float

    @classmethod
    def of(cls, readings: Sequence[float]) -> Spread:
        """Sum up readings, at least one."""
        return cls(min(readings), float(np.median(readings)), max(readings))

    def __str__(self) -> str:
        """The best, and in brackets how far the others are from it."""
        return f"{figure(self.best)} ({figure(self.median)}–{figure(self.worst)})"


def figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def floor_of_steps(runs: Sequence[Sequence[float]]) -> float:
    """Seconds per step when nothing disturbs it: of every step the fastest run, averaged over the steps.

    Steps grow with the context, so the fastest step alone would be a short one; a whole undisturbed run is rare on a
    shared machine, an undisturbed reading of each step is not.
    """
    shortest = min(len(run) for run in runs)
    return float(np.mean(np.min([list(run[:shortest]) for run in runs], axis=0)))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])

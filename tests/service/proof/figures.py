"""Figures of the proofs."""

from __future__ import annotations

from typing import Any

Found = dict[str, Any]
"""What a proof prints; ``good`` tells whether the promise is kept."""


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def milliseconds(values: list[float]) -> dict[str, float]:
    """Return what is told of times in seconds."""
    shares = {"p50": 0.5, "p99": 0.99}
    found = {name: round(1000 * percentile(values, share), 1) for name, share in shares.items()}
    return {**found, "max": round(1000 * max(values, default=0.0), 1), "count": len(values)}

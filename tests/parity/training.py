"""What the checks of both trainings share: ratios, and gradient norms by module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.parity.report import Report

Array = np.ndarray[Any, np.dtype[Any]]
NORM_TOLERANCE = 1e-3


def ratio(actual: float, expected: float) -> Array:
    """Return the actual number over the expected one, to be compared with 1."""
    return np.array(actual / expected)


def norm(gradients: Mapping[str, Array], module: str) -> float:
    """L2 norm of the gradients of a module's parameters, of all for ``__all__``."""
    chosen = (g for name, g in gradients.items() if module == "__all__" or name.startswith(f"{module}."))
    return float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in chosen)))


def compare_norms(
    prefix: str,
    gradients: Mapping[str, Array],
    expected: Mapping[str, Any],
    report: Report,
    looser: Mapping[str, float] | None = None,
) -> None:
    """Compare the norms of all modules that have gradients, relatively; ``looser`` has tolerances of their own."""
    tolerances = looser or {}
    for module, value in expected.items():
        if module == "__none__" or value is None:
            continue
        tolerance = tolerances.get(module, NORM_TOLERANCE)
        report.close(f"{prefix}:{module}", ratio(norm(gradients, module), value), np.ones(()), tolerance)

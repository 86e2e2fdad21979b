"""Do arrays fit a network? Decided by names and shapes alone, without MindSpore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Shape = tuple[int, ...]
_MOST = 20
"""Problems that a message names."""


class WeightsError(ValueError):
    """The arrays do not fit the network; the message names every key that is missing, unexpected or misshapen."""


class NotFiniteResultsError(WeightsError):
    """The arrays are numbers and what the network computes with them is not; the message begins with the verb."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"makes {what} that are not numbers (NaN or Inf); its training went wrong, use an earlier checkpoint"
        )


def check_results(what: str, *results: np.ndarray[Any, Any]) -> None:
    """Refuse weights with which results are not finite.

    Args:
        what: The results, for the message.
        results: Any arrays.

    Raises:
        NotFiniteResultsError: one holds NaN or infinity.
    """
    if not all(np.isfinite(result).all() for result in results):
        raise NotFiniteResultsError(what)


def check_shapes(what: str, expected: Mapping[str, Shape], arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Compare arrays with the names and shapes of a network's parameters.

    Args:
        what: The network, for the message.
        expected: Parameter name to shape.
        arrays: Parameter name to array.

    Raises:
        WeightsError: any key is missing, unexpected or misshapen.
    """
    found = [f"missing: {key} {expected[key]}" for key in sorted(expected.keys() - arrays.keys())]
    found += [f"unexpected: {key} {arrays[key].shape}" for key in sorted(arrays.keys() - expected.keys())]
    for key in sorted(expected.keys() & arrays.keys()):
        shape = tuple(arrays[key].shape)
        if shape != expected[key]:
            found.append(f"misshapen: {key} is {shape}, the network has {expected[key]}")
    if found:
        more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
        raise WeightsError(f"weights do not fit {what}: {'; '.join(found[:_MOST])}{more}")

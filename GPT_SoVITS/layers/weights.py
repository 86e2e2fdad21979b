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

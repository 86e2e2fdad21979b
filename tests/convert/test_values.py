"""What is a finite number is told by its bits where numpy would be slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convert import NotFiniteError
from convert.values import check_values, is_finite

Array = np.ndarray[Any, np.dtype[Any]]
EVERY_HALF: Array = np.arange(1 << 16, dtype=np.uint16).view(np.float16)


def test_every_float16_is_judged_as_numpy_judges_it() -> None:
    expected = np.isfinite(EVERY_HALF)
    assert [is_finite(EVERY_HALF[at : at + 1]) for at in range(0, 1 << 16, 7)] == expected[::7].tolist()
    assert is_finite(EVERY_HALF[expected]) and not is_finite(EVERY_HALF)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_one_bad_number_among_many_is_found_and_named(bad: float, kind: type) -> None:
    good: Array = np.linspace(-9, 9, 600).astype(kind).reshape(20, 30)
    spoilt = good.copy()
    spoilt[7, 4] = bad
    assert is_finite(spoilt[:, ::3].T) and is_finite(np.broadcast_to(good[:1], (5, 30)))
    assert is_finite(good[:0]) and is_finite(np.arange(3))
    with pytest.raises(NotFiniteError, match="one"):
        check_values({"other": good, "one": spoilt})

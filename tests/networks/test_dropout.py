"""Factors of dropout: from whatever place, and again from the beginning where the pool ends."""

from __future__ import annotations

import numpy as np
import pytest

from GPT_SoVITS.layers.dropout import Dropout, Pool


def drawn(size: int, offset: int) -> Dropout:
    """A dropout on a pool of a size whose values are their places."""
    pool, place = Pool(size, "factors"), Dropout()
    pool.fill(np.arange(size, dtype=np.float32))
    place.draw_from(pool, offset)
    return place


@pytest.mark.parametrize(("offset", "count"), [(0, 7), (3, 4), (3, 5), (5, 30), (17, 7), (6, 1)])
def test_factors_begin_at_the_offset_and_go_round(offset: int, count: int) -> None:
    expected = (offset + np.arange(count)) % 7
    np.testing.assert_array_equal(drawn(7, offset).factors(count), expected)


def test_factors_that_the_pool_holds_are_no_copy() -> None:
    place = drawn(9, 2)
    assert np.shares_memory(place.factors(7), place.source.values)

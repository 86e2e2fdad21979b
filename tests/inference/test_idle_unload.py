"""Memory between uses: layers come and go without anybody noticing, code that goes still runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from GPT_SoVITS.inference.idle_unload import IdleUnloadStack, let_go_of_code
from tests.waiting import eventually

Array = np.ndarray[Any, np.dtype[Any]]


class _Layers:
    def run(self, rows: Array) -> Array:
        return rows + 1


def test_layers_are_dropped_after_a_while_and_loaded_for_the_next_use() -> None:
    loads: list[int] = []

    def load() -> _Layers:
        loads.append(1)
        return _Layers()

    stack = IdleUnloadStack(load, unload_after=0.1)
    assert not stack.is_loaded and not loads
    np.testing.assert_array_equal(stack.run(np.zeros((1, 2))), np.ones((1, 2)))
    stack.run(np.zeros((1, 2)))
    assert stack.is_loaded and len(loads) == 1
    eventually(lambda: not stack.is_loaded)
    np.testing.assert_array_equal(stack.run(np.zeros((1, 2))), np.ones((1, 2)))
    assert len(loads) == 2


def test_code_that_was_let_go_of_runs() -> None:
    """NumPy stands for a large library: its functions work and give the same afterwards."""
    before = np.tanh(np.linspace(-2, 2, 1000)).sum(), np.linalg.norm(np.eye(30))
    let_go_of_code("/numpy")
    after = np.tanh(np.linspace(-2, 2, 1000)).sum(), np.linalg.norm(np.eye(30))
    assert before == after and math.isclose(after[1], math.sqrt(30))

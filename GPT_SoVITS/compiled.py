"""Compiled graphs: MindSpore cells run as one graph, one at a time, and how fast they are.

This and the modules that define cells are the only ones that import MindSpore at their top. Whoever builds a graph
imports them in the branch that does: a process whose networks all run natively or in numpy never loads MindSpore, which
takes 430 MB and two seconds. Which device graphs run on is decided in :mod:`GPT_SoVITS.backend`.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from GPT_SoVITS import _environment

_environment.prepare()

import mindspore as ms  # noqa: E402  (the environment has to be right before this import)
import numpy as np  # noqa: E402
from mindspore import ops  # noqa: E402

from GPT_SoVITS import backend  # noqa: E402

logger = logging.getLogger(__name__)

_run_lock = threading.RLock()


class CompiledCell:
    """A cell compiled by ``jit``; every new input shape compiles once.

    Calls are serialised across the process: MindSpore forbids running one graph from two threads, and concurrent
    first compilations fail. Two graphs at a time would gain nothing anyway, each uses all cores.
    """

    def __init__(self, cell: ms.nn.Cell) -> None:
        backend.set_up()
        cell.set_train(False)
        self.cell = cell
        # Level O0 and the ast front end: measured fastest to compile, and the only ones without graph breaks.
        self._graph = ms.jit(cell, capture_mode="ast", jit_level="O0")

    def __call__(self, *inputs: Any) -> Any:
        with _run_lock:
            return self._graph(*inputs)


def compile_cell(cell: ms.nn.Cell) -> CompiledCell:
    """Compile a cell for inference (see :class:`CompiledCell`)."""
    return CompiledCell(cell)


class CompiledGradient:
    """A cell's outputs and the gradients of the first of them, compiled by ``jit``, once for every input shape.

    Calls are serialised as those of :class:`CompiledCell`.

    Args:
        cell: Has several outputs.
        weights: Whose gradients are wanted.
        inputs: Numbers of the inputs whose gradients are wanted as well.
    """

    def __init__(self, cell: ms.nn.Cell, weights: Sequence[ms.Parameter], inputs: tuple[int, ...] = ()) -> None:
        backend.set_up()
        cell.set_train(True)
        self.cell, self.weights, self._both = cell, ms.ParameterTuple(weights), bool(inputs and weights)
        wanted = self.weights if weights or not inputs else None
        differentiated = ms.value_and_grad(cell, inputs or None, wanted, has_aux=True)
        self._graph = ms.jit(differentiated, capture_mode="ast", jit_level="O0")

    def __call__(self, *inputs: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Run; return the cell's outputs, and the gradients: of the inputs, then of the weights."""
        with _run_lock:
            outputs, gradients = self._graph(*inputs)
        return outputs, (*_tuple(gradients[0]), *gradients[1]) if self._both else _tuple(gradients)


def _tuple(gradients: Any) -> tuple[Any, ...]:
    """Return several gradients, or the only one."""
    return gradients if isinstance(gradients, tuple) else (gradients,)


def compile_gradient(
    cell: ms.nn.Cell, weights: Sequence[ms.Parameter], inputs: tuple[int, ...] = ()
) -> CompiledGradient:
    """Compile a cell for training (see :class:`CompiledGradient`)."""
    return CompiledGradient(cell, weights, inputs)


class _ProbeConv(ms.nn.Cell):  # type: ignore[misc]
    """A small convolution whose time tells oneDNN's fast kernel from its reference kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = ms.Parameter(ms.Tensor(np.full((128, 128, 1, 7), 1e-3, np.float32)))
        self.conv = ops.Conv2D(128, (1, 7), pad_mode="pad", pad=(0, 0, 3, 3))

    def construct(self, x: Any) -> Any:
        return self.conv(x, self.weight)


PROBE_GFLOP = 2 * 128 * 128 * 7 * 512 / 1e9
SLOW_GFLOPS = 5.0
"""Below this the reference kernel is at work: it reaches about 1 GFLOP/s, the slowest fast kernel over 20."""


@lru_cache(maxsize=1)
def convolution_gflops() -> float:
    """Measure the convolution speed of this process in GFLOP/s (best of five runs, a few milliseconds)."""
    probe = compile_cell(_ProbeConv())
    x = ms.Tensor(np.ones((1, 128, 1, 512), np.float32))
    probe(x).asnumpy()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        probe(x).asnumpy()
        seconds.append(time.perf_counter() - start)
    return PROBE_GFLOP / min(seconds)


def check_convolution_speed() -> bool:
    """Return whether convolutions run at full speed; warn with the remedy when they do not (CPU only)."""
    if backend.current().is_ascend:
        return True
    speed = convolution_gflops()
    if speed >= SLOW_GFLOPS:
        return True
    isa = os.environ.get(_environment.ONEDNN_ISA, "not set")
    logger.warning(
        "Convolutions run at %.1f GFLOP/s: oneDNN uses its reference kernel (%s is %s). "
        "Start the process with %s=AVX2, and import GPT_SoVITS before mindspore.",
        speed, _environment.ONEDNN_ISA, isa, _environment.ONEDNN_ISA,
    )  # fmt: skip
    return False


def to_tensor(array: np.ndarray[Any, Any], dtype: Any = None) -> ms.Tensor:
    """Share a numpy array's memory with a tensor (int64 and float32 kept), casting only when ``dtype`` is given."""
    tensor = ms.Tensor.from_numpy(np.ascontiguousarray(array))
    return cast(ms.Tensor, tensor if dtype is None else tensor.astype(dtype))


def compilations() -> int:
    """Return how many graphs this process has compiled; while serving the number should stand still."""
    api = importlib.import_module("mindspore.graph.api" if hasattr(ms, "graph") else "mindspore.common.api")
    return len(api.ms_compile_cache)

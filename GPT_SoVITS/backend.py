"""The one place that touches MindSpore's context: device, precision, compilation, warm-up.

Everything else asks this module. MindSpore is configured once per process by :func:`configure`; graphs are compiled
through :func:`compile_cell`, which keeps first compilations one at a time (MindSpore fails when two threads compile
at once) and graphs of one cell out of concurrent use.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from GPT_SoVITS import _environment

_environment.prepare()

import mindspore as ms  # noqa: E402  (the environment has to be right before this import)
import numpy as np  # noqa: E402
from mindspore import ops  # noqa: E402

logger = logging.getLogger(__name__)

DeviceTarget = Literal["Ascend", "CPU"]
_DEVICE_VARIABLES = ("infer_device_id", "ASCEND_DEVICE_ID", "DEVICE_ID")
_run_lock = threading.RLock()


class BackendError(RuntimeError):
    """MindSpore cannot be set up as asked."""


@dataclass(frozen=True)
class Backend:
    """The device this process computes on and how.

    Attributes:
        device_target: ``"Ascend"`` or ``"CPU"``.
        device_id: Number of the NPU; 0 on CPU.
        reason: Why this target was chosen, for logs and the ``doctor`` command.
    """

    device_target: DeviceTarget
    device_id: int
    reason: str

    @property
    def is_ascend(self) -> bool:
        """Whether graphs run on an NPU."""
        return self.device_target == "Ascend"


_configured: Backend | None = None


def _device_id_from_environment() -> int:
    for name in _DEVICE_VARIABLES:
        value = os.environ.get(name)
        if value:
            try:
                return int(value)
            except ValueError as error:
                raise BackendError(
                    f"{name}={value!r} is not a device number; set it to 0, 1, ... or unset it"
                ) from error
    return 0


def _ascend_available() -> bool:
    try:
        return bool(ms.hal.is_available("Ascend"))
    except (RuntimeError, ValueError) as error:
        logger.debug("Ascend probe failed: %s", error)
        return False


def _select(device_target: DeviceTarget | None, device_id: int) -> Backend:
    if device_target == "CPU":
        ms.set_device("CPU")
        return Backend("CPU", 0, "CPU asked for")
    asked = device_target == "Ascend"
    if _ascend_available():
        try:
            ms.set_device("Ascend", device_id)
        except (RuntimeError, ValueError) as error:
            reason = f"Ascend {device_id} could not be opened ({str(error).strip().splitlines()[0]})"
        else:
            return Backend("Ascend", device_id, "Ascend asked for" if asked else "Ascend found")
    else:
        reason = "no Ascend device and driver found"
    ms.set_device("CPU")
    if asked:
        warnings.warn(f"{reason}; computing on CPU instead", RuntimeWarning, stacklevel=3)
    return Backend("CPU", 0, reason)


def configure(device_target: DeviceTarget | None = None, device_id: int | None = None) -> Backend:
    """Set MindSpore's device once for this process and return it.

    Args:
        device_target: ``"Ascend"``, ``"CPU"``, or None for Ascend where it works and else CPU.
        device_id: Number of the NPU; None reads ``infer_device_id``, ``ASCEND_DEVICE_ID``, ``DEVICE_ID``, else 0.

    Raises:
        BackendError: a second call asks for another device, or the device number is not a number.
    """
    global _configured
    with _run_lock:
        if _configured is not None:
            if device_target not in (None, _configured.device_target) and device_target == "CPU":
                raise BackendError(f"this process already computes on {_configured.device_target}")
            return _configured
        chosen = _device_id_from_environment() if device_id is None else device_id
        if chosen < 0:
            raise BackendError(f"device number {chosen} is negative")
        _configured = _select(device_target, chosen)
        if _configured.is_ascend:
            for name in _DEVICE_VARIABLES:
                os.environ[name] = str(chosen)
        return _configured


def current() -> Backend:
    """Return the configured backend, configuring the default one on first use."""
    return configure() if _configured is None else _configured


class CompiledCell:
    """A cell compiled by ``jit``; every new input shape compiles once.

    Calls are serialised across the process: MindSpore forbids running one graph from two threads, and concurrent
    first compilations fail. Two graphs at a time would gain nothing anyway, each uses all cores.
    """

    def __init__(self, cell: ms.nn.Cell) -> None:
        current()
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


def bucket(length: int, buckets: Sequence[int]) -> int:
    """Return the smallest bucket that holds ``length``.

    Raises:
        BackendError: ``length`` is larger than every bucket.
    """
    for size in sorted(buckets):
        if size >= length:
            return size
    raise BackendError(f"length {length} is over the largest bucket {max(buckets)}; split the input or add a bucket")


def warm_up(
    run: Callable[[int], object], buckets: Iterable[int], progress: Callable[[int, float], None] | None = None
) -> float:
    """Compile one graph per length bucket by running it, and return the seconds it took.

    Args:
        run: Runs the network once at a given length and waits for the result.
        buckets: The lengths to compile.
        progress: Called after each bucket with its length and seconds.
    """
    began = time.perf_counter()
    for length in buckets:
        start = time.perf_counter()
        run(length)
        if progress is not None:
            progress(length, time.perf_counter() - start)
    return time.perf_counter() - began


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
    if current().is_ascend:
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

"""The one place that touches MindSpore's context: which device this process computes on.

The device is decided once per process by :func:`configure`. Where only a CPU can be meant that needs no MindSpore, and
MindSpore is told by :func:`set_up` when a graph is built; native and numpy code never asks it. Graphs are compiled by
:mod:`GPT_SoVITS.compiled`.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

DeviceTarget = Literal["Ascend", "CPU"]
_DEVICE_VARIABLES = ("infer_device_id", "ASCEND_DEVICE_ID", "DEVICE_ID")
_ASCEND_VARIABLES = ("ASCEND_", "CANN_")
"""Beginnings of variables that CANN's ``set_env.sh`` sets."""
_ASCEND_PATHS = ("dev/davinci*", "usr/local/Ascend", "usr/lib*/libascend*", "opt/Ascend", "etc/ascend_install.info")
"""What drivers, containers and CANN put on a machine: device nodes (``davinci0``, ``davinci_manager``) and folders."""
_lock = threading.RLock()


class BackendError(RuntimeError):
    """MindSpore cannot be set up as asked, or an input does not fit what was compiled."""


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
_told = False
"""Whether MindSpore knows."""


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


def consecutive_devices(count: int) -> list[dict[str, str]]:
    """Return variables that give each of several processes a device of its own, from the one asked for on.

    Raises:
        BackendError: the device asked for is not a number.
    """
    first = _device_id_from_environment()
    return [dict.fromkeys(_DEVICE_VARIABLES, str(first + place)) for place in range(count)]


def trace_of_ascend(root: Path = Path("/"), variables: Mapping[str, str] = os.environ) -> str:
    """Return a trace of an Ascend processor or its software, empty where there is none at all.

    A trace proves nothing: whether the device works, only MindSpore can tell. But without a device node, a driver,
    CANN or a variable of theirs it cannot work, and MindSpore need not be imported to hear that. What
    :func:`configure` itself and users of this package set (``ASCEND_DEVICE_ID``) is no trace.

    Args:
        root: Where the file system begins.
        variables: The environment.
    """
    for name in variables:
        if name.startswith(_ASCEND_VARIABLES) and name not in _DEVICE_VARIABLES:
            return f"the variable {name}"
    for pattern in _ASCEND_PATHS:
        found = next(root.glob(pattern), None)
        if found is not None:
            return str(found)
    libraries = variables.get("LD_LIBRARY_PATH", "")
    if "ascend" in libraries.lower():
        return f"LD_LIBRARY_PATH={libraries}"
    return shutil.which("npu-smi", path=variables.get("PATH")) or ""


def _ask_mindspore(device_id: int) -> str:
    """Open the NPU; return why it cannot be used, empty when it can and has been opened."""
    import mindspore as ms

    try:
        if not ms.hal.is_available("Ascend"):
            return "no Ascend device and driver found"
    except (RuntimeError, ValueError) as error:
        logger.debug("Ascend probe failed: %s", error)
        return "no Ascend device and driver found"
    try:
        ms.set_device("Ascend", device_id)
    except (RuntimeError, ValueError) as error:
        return f"Ascend {device_id} could not be opened ({str(error).strip().splitlines()[0]})"
    return ""


def _select(device_target: DeviceTarget | None, device_id: int) -> Backend:
    if device_target == "CPU":
        return Backend("CPU", 0, "CPU asked for")
    asked = device_target == "Ascend"
    reason = "no Ascend device and driver found"
    if asked or trace_of_ascend():
        reason = _ask_mindspore(device_id)
        if not reason:
            return Backend("Ascend", device_id, "Ascend asked for" if asked else "Ascend found")
    if asked:
        warnings.warn(f"{reason}; computing on CPU instead", RuntimeWarning, stacklevel=3)
    return Backend("CPU", 0, reason)


def configure(device_target: DeviceTarget | None = None, device_id: int | None = None) -> Backend:
    """Decide on the device once for this process and return it.

    MindSpore is imported where Ascend is asked for or a trace of it is found; it alone can tell whether it works.

    Args:
        device_target: ``"Ascend"``, ``"CPU"``, or None for Ascend where it works and else CPU.
        device_id: Number of the NPU; None reads ``infer_device_id``, ``ASCEND_DEVICE_ID``, ``DEVICE_ID``, else 0.

    Raises:
        BackendError: a second call asks for another device, or the device number is not a number.
    """
    global _configured
    with _lock:
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


def set_up() -> Backend:
    """Return the configured backend, which MindSpore computes on from now on; for whoever builds cells and graphs."""
    global _told
    chosen = current()
    with _lock:
        if not _told and not chosen.is_ascend:  # Ascend has been opened to see whether it works
            import mindspore as ms

            ms.set_device("CPU")
        _told = True
    return chosen


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

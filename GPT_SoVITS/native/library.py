"""Loading the native library: never an error, always a library or the reason in words why there is none."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from GPT_SoVITS import _commands
from GPT_SoVITS.native import isa
from GPT_SoVITS.native.build import BuildError, build, find_library

logger = logging.getLogger(__name__)

ABI_VERSION = 1
THREADS_VARIABLE = "OMP_NUM_THREADS"
LARGEST_COUNT = 1024
_lock = threading.Lock()
_loaded: NativeLibrary | None = None


@dataclass(frozen=True)
class NativeLibrary:
    """The native code of this process, or why there is none.

    Attributes:
        handle: The library's functions; calls release the interpreter lock. None when there is none.
        isa: Name of the instruction set; empty when there is no library.
        path: File that was loaded.
        reason: Why there is no library; empty when there is one.
    """

    handle: ctypes.CDLL | None
    isa: str = ""
    path: Path | None = None
    reason: str = ""

    @property
    def description(self) -> str:
        """One line for logs and the ``doctor`` command."""
        return f"native kernels for {self.isa}" if self.handle is not None else f"no native kernels: {self.reason}"


def wanted_threads() -> int:
    """Return the threads that ``OMP_NUM_THREADS`` asks for (its first number), 0 for as many as the process may use."""
    first = os.environ.get(THREADS_VARIABLE, "").partition(",")[0].strip()
    return min(int(first), LARGEST_COUNT) if first.isascii() and first.isdecimal() and len(first) < 10 else 0


def _open(level: isa.InstructionSet, path: Path) -> NativeLibrary:
    try:
        handle = ctypes.CDLL(str(path))
        version = int(handle.gs_abi_version())
    except (OSError, AttributeError) as error:
        return NativeLibrary(None, reason=f"{path.name} cannot be loaded: {error}")
    if version != ABI_VERSION:
        return NativeLibrary(None, reason=f"{path.name} has interface {version}, expected {ABI_VERSION}")
    handle.gs_set_pool_threads(wanted_threads())
    return NativeLibrary(handle, level.name, path)


def _load(may_build: bool) -> NativeLibrary:
    level, reason = isa.chosen()
    if level is None:
        return NativeLibrary(None, reason=reason)
    path = find_library(level)
    if path is None and may_build:
        try:
            logger.info("building the native kernels for %s (once, under a minute)", level.name)
            path = build(level).path
        except (BuildError, OSError, ImportError) as error:
            return NativeLibrary(None, reason=f"cannot be built: {error}")
    if path is None:
        return NativeLibrary(
            None, reason=f"not built, or damaged; run: {_commands.module('GPT_SoVITS.native', 'build')}"
        )
    return _open(level, path)


def load(*, may_build: bool = True) -> NativeLibrary:
    """Return this process's native library, building it on first use where a compiler is there.

    Args:
        may_build: False only looks for a library that is there already.
    """
    global _loaded
    with _lock:
        if _loaded is None or (_loaded.handle is None and may_build):
            found = _load(may_build)
            if not may_build and found.handle is None:
                return found
            _loaded = found
        return _loaded

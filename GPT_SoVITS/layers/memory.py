"""Memory of weights that have gone."""

from __future__ import annotations

import ctypes
import gc
import os


def give_memory_back() -> None:
    """Return what was freed to the system, where the C library can."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)

"""Memory given back between uses: layers that are loaded again when they are needed, code that was needed once."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.features.stack import LayerStack
from GPT_SoVITS.layers.memory import give_memory_back

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
UNLOAD_AFTER = 10.0
"""Seconds after its last use that HuBERT's layers (170 MB in float16) are dropped; voices that are known do not need
them, and they are back within 0.3 to 0.7 s."""
_DONT_NEED = 4
_MAPS = Path("/proc/self/maps")


class IdleUnloadStack:
    """Layers that are dropped when nobody has used them for a while, and loaded again for the next use.

    Args:
        load: Loads them; must not need MindSpore, because :meth:`loaded` may be called by any thread.
        unload_after: Seconds after the last use.
        first: The layers, where they are loaded already.
    """

    def __init__(
        self, load: Callable[[], LayerStack], unload_after: float = UNLOAD_AFTER, first: LayerStack | None = None
    ) -> None:
        self._load, self._unload_after = load, unload_after
        self._stack = first
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._restart_timer()

    @property
    def is_loaded(self) -> bool:
        """Whether the layers are in memory."""
        return self._stack is not None

    def loaded(self) -> LayerStack:
        """Return the layers, loading them unless they are there; for any thread."""
        with self._lock:
            if self._stack is None:
                self._stack = self._load()
            self._restart_timer()
            return self._stack

    def run(self, rows: Array) -> Array:
        """Return the last layer's state, (n, dim) float32, for the state before the first one."""
        return self.loaded().run(rows)

    def unload(self) -> None:
        """Drop the layers; a run that is going on keeps them until it ends."""
        with self._lock:
            self._stack = None
        give_memory_back()

    def _restart_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self._unload_after, self.unload)
        self._timer.daemon = True
        self._timer.start()


def let_go_of_code(folder: str = "/mindspore/") -> int:
    """Let go of the machine code of libraries in a folder of that name; return how many bytes were mapped.

    Loading MindSpore runs 150 MB of code once. The pages are those of files and were never written, so the system
    reads them again, from its cache, when they are needed. Linux only; elsewhere nothing happens.
    """
    try:
        lines = _MAPS.read_text(encoding="utf-8", errors="replace").splitlines()
        advise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError):
        return 0
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    total = 0
    for line in lines:
        span, rights, _, _, inode, *path = line.split(maxsplit=5)
        if rights != "r-xp" or inode == "0" or not path or folder not in path[0]:
            continue
        start, end = (int(number, 16) for number in span.split("-"))
        if advise(start, end - start, _DONT_NEED) == 0:
            total += end - start
    return total

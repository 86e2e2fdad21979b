"""Dictionaries stay for good: the garbage collector need not look through them again and again.

The dictionaries of a language are some hundred thousand objects. A long text makes as many new ones, and each full
collection would look through all of them: a quarter of the time that such a text takes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable

_settled: set[str] = set()
_lock = threading.Lock()


def settle(languages: Iterable[str]) -> None:
    """Take what is in memory out of the collector's sight, once for each language, after its first text.

    What is no garbage now is freed as before, by counting references; only circles of it would stay.
    """
    with _lock:
        new = set(languages) - _settled
        if not new:
            return
        _settled.update(new)
        gc.collect()
        gc.freeze()

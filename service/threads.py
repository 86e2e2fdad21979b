"""Blocking work off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Offload = Callable[..., Awaitable[Any]]
"""``await offload(function, *arguments)`` runs a blocking function in a thread."""

WRITERS = 16
_writers: RunVar[CapacityLimiter] = RunVar("service_writers")


def offload_to(executor: Executor) -> Offload:
    """Return an :data:`Offload` that uses a pool of threads."""

    async def offload(function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: function(*arguments))

    return offload


async def writing(function: Callable[..., Any], *arguments: Any) -> Any:
    """An :data:`Offload` for what a client changes: a locked database fills these threads, and those of no reader."""
    try:
        limiter = _writers.get()
    except LookupError:
        limiter = CapacityLimiter(WRITERS)
        _writers.set(limiter)
    return await to_thread.run_sync(lambda: function(*arguments), limiter=limiter)

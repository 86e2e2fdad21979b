"""Launcher of the training interface on its usual port, 8000; everything else is served with it, as by api_ms.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import api_ms

PORT = 8000


def __getattr__(name: str) -> Any:
    """Make the application when it is first asked for, as ``uvicorn gpt_sovits_api:app`` does."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return api_ms.app


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # The first of two ports does not count, so that a port on the command line wins.
    return api_ms.main(["--port", str(PORT), *given])


if __name__ == "__main__":
    sys.exit(main())

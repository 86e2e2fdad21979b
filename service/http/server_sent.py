"""Server-sent events on the wire."""

from __future__ import annotations

import json
from typing import Any

RETRY_MS = 1000
COMMENT = b": still here\n\n"


def sse(event: str, data: Any, number: int | None = None) -> bytes:
    """Return one event on the wire; data that are bytes are JSON already."""
    if not isinstance(data, bytes):
        data = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    head = "" if number is None else f"id: {number}\n"
    return b"%sevent: %s\ndata: %s\n\n" % (head.encode(), event.encode(), data)


def resume_number(header: str | None) -> int:
    """Return the number after which a client wants to go on; 0 when it has none (or sent nonsense)."""
    return int(header) if header is not None and header.isascii() and header.isdigit() and len(header) < 19 else 0

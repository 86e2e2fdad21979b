"""Names of tasks and users: they become names of files, so what does not fit is refused, never rewritten."""

from __future__ import annotations

import re
import secrets
import time

IDENTIFIER_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9_.@-]{0,127}$"
_IDENTIFIER = re.compile(IDENTIFIER_PATTERN.removesuffix("$") + r"\Z")


def is_identifier(text: str) -> bool:
    """Whether a text may name a task or a user: letters, digits, ``_ - . @``, 1 to 128, no dot first."""
    return _IDENTIFIER.match(text) is not None


def new_task_id(now: float | None = None) -> str:
    """Return an id such as ``T20250131093015-1f2e3d4c5b6a``: the time of day for people, the rest for uniqueness."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(time.time() if now is None else now))
    return f"T{stamp}-{secrets.token_hex(6)}"

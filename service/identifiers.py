"""Names of tasks and users: any printable text, and the names of files that stand for them."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from urllib.parse import quote, unquote

LONGEST = 128
"""Characters of a name; also bytes of the name of its file."""
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.@-]{0,127}\Z")
_ESCAPE, _CUT = "=", "=~"
_KEPT_BYTES, _DIGEST_CHARACTERS = 80, 40


def is_identifier(text: str) -> bool:
    """Whether a text may name a task or a user: 1 to 128 printable characters, spaces among them."""
    return 0 < len(text) <= LONGEST and text.isprintable()


def disk_name(text: str) -> str:
    """Return the name of the files of a task or a user; no two texts have the same.

    Letters, digits and ``_ - . @`` stay, except for a dot in front. Every other byte of the UTF-8 form becomes ``=``
    and two hexadecimal digits. What would be longer than 128 bytes is cut and ends in ``=~`` and 160 bits of its
    SHA-256.
    """
    if _PLAIN.match(text):
        return text
    # `quote` leaves ~ alone, and the dot in front, which would hide the file.
    escaped = quote(text, safe="@", errors="surrogatepass").replace("~", "%7E").replace("%", _ESCAPE)
    if escaped.startswith("."):
        escaped = f"{_ESCAPE}2E{escaped[1:]}"
    elif escaped.startswith("@"):
        escaped = f"{_ESCAPE}40{escaped[1:]}"
    if len(escaped) <= LONGEST:
        return escaped
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{escaped[:_KEPT_BYTES]}{_CUT}{digest}"


def named_by(name: str) -> str | None:
    """Return the text that a name of :func:`disk_name` stands for; None where it was cut, or is no such name."""
    if _PLAIN.match(name):
        return name
    try:
        text = unquote(name.replace("%", "%25").replace(_ESCAPE, "%"), errors="strict")
    except UnicodeDecodeError:
        return None
    return text if text and disk_name(text) == name else None


def is_disk_name(name: str) -> bool:
    """Whether a name is one of :func:`disk_name`, cut ones included."""
    tail = name[-_DIGEST_CHARACTERS - len(_CUT) :]
    return named_by(name) is not None or re.fullmatch(r"=~[0-9a-f]{40}", tail) is not None


def new_task_id(now: float | None = None) -> str:
    """Return an id such as ``T20250131093015-1f2e3d4c5b6a``: the time of day for people, the rest for uniqueness."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(time.time() if now is None else now))
    return f"T{stamp}-{secrets.token_hex(6)}"

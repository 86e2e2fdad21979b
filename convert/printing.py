"""Values of a stranger's file as they may stand in a message: short, in one line, and made in bounded time.

Nothing here looks into a container: a tuple that holds itself doubled 26 times is 67 million values once it is written
out, and a list nested a thousand times deep ends in a RecursionError. Text is cut before it is escaped, so that neither
control characters nor lone surrogates (file names that are not UTF-8) reach a terminal or a JSON answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LONGEST_VALUE = 80
LONGEST_MESSAGE = 4000
_LARGEST_INTEGER_BITS = 256
_FEW = 6


def printable(text: object, limit: int = LONGEST_MESSAGE) -> str:
    """Return text in one line: cut to ``limit`` characters, what cannot be printed escaped as in Python's source."""
    given = text if isinstance(text, str) else str(text)
    kept = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in given[:limit])
    return kept if len(given) <= limit else f"{kept}... ({len(given)} characters)"


def shown(value: Any, limit: int = LONGEST_VALUE) -> str:
    """Return a value as messages quote it; of a container only its kind, its length and its first plain values."""
    if isinstance(value, str):
        return f"'{printable(value, limit)}'"
    if isinstance(value, bytes):
        return f"{value[:limit]!r}{'...' if len(value) > limit else ''}"
    if isinstance(value, list | tuple):
        return _shown_items(value)
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _LARGEST_INTEGER_BITS else f"an integer of {bits} bits"
    size = f" of {len(value)}" if isinstance(value, dict) else ""
    return f"a {type(value).__name__}{size}"


def _shown_items(items: list[Any] | tuple[Any, ...]) -> str:
    plain = all(item is None or isinstance(item, int | float | str) for item in items[:_FEW])
    if not plain:
        return f"a {type(items).__name__} of {len(items)}"
    rest = f", ... ({len(items)} in all)" if len(items) > _FEW else ""
    return f"[{', '.join(shown(item, 20) for item in items[:_FEW])}{rest}]"


def listed(names: Iterable[str], count: int = 3) -> str:
    """Return the first few names and how many there are."""
    every = list(names)
    rest = f" and {len(every) - count} more" if len(every) > count else ""
    return ", ".join(printable(name, LONGEST_VALUE) for name in every[:count]) + rest

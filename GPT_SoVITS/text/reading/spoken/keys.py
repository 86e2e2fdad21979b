"""Keys that are pressed together (Ctrl+Shift+T, Alt-F4), which are said in a row in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from GPT_SoVITS.text.reading.draft import Edit

_NAMES = {
    **{"ctrl": "control", "cmd": "command", "del": "delete", "esc": "escape", "win": "Windows", "opt": "option"},
    **{"ins": "insert", "fn": "F N", "pgup": "page up", "pgdn": "page down", "pgdown": "page down"},
    **{"⌘": "command", "⌥": "option", "⇧": "shift", "⌃": "control"},
}
_SHORT = "Esc|ESC|Del|DEL|Ins|INS|PgUp|PgDn|PgDown"
IN_BRACKETS = rf"<(?:{_SHORT})>"
"""A key alone whose name is shortened: <Esc>; in brackets it is one for sure."""
_HELD = "[Cc]trl|CTRL|[Cc]md|CMD|Alt|ALT|Shift|SHIFT|Win|Opt(?:ion)?|Command|Control|Fn"
_CHORD = re.compile(
    rf"(?<![\w+-])(?:{_HELD})(?:\s?\+\s?(?:[A-Za-z]?\d{{1,2}}(?!\w)|[A-Za-z]+)|-(?:F\d{{1,2}}|[A-Za-z])(?!\w))+"
    rf"|{IN_BRACKETS}"
    r"|[⌘⌥⇧⌃](?:\s?\+)?\s?|(?<![A-Za-z])(?:Ctrl|Cmd)(?![A-Za-z])",
    re.ASCII,
)
_KEY = re.compile(r"[⌘⌥⇧⌃]|[A-Za-z]+|\d+")
_SIGNS = frozenset("⌘⌥⇧⌃")


def edits(text: str) -> Iterator[Edit]:
    """Yield what is said for the keys of a text."""
    for match in _CHORD.finditer(text):
        words = " ".join(map(_name, _KEY.findall(match[0])))
        yield Edit(match.start(), match.end(), f"{words} " if match[0][0] in _SIGNS else words)


def _name(key: str) -> str:
    if key.isdigit():
        from GPT_SoVITS.text.reading.spoken.english_numbers import quantity  # only where there is English

        return quantity(key)
    return _NAMES.get(key.lower(), key)

"""How a long step tells what happens while it runs: one JSON object each line, and an exit status at the end.

Training and the dataset's steps are processes that somebody else starts; both speak this way.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

FINISHED, FAILED, CANCELLED = 0, 1, 3
"""Exit statuses."""


class JsonLines:
    """Writes every event as a line to a stream, at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Write one line: ``event``, ``time`` (seconds since 1970) and what belongs to the kind."""
        line = {"event": kind, "time": round(time.time(), 3), **values}
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()


@contextmanager
def lines_to(path: Path | None) -> Iterator[JsonLines]:
    """Give a writer to the end of a file, or to standard output.

    In the second case nobody else writes there within the block: what libraries print goes to standard error.
    """
    if path is not None:
        with path.open("a", encoding="utf-8") as stream:
            yield JsonLines(stream)
        return
    output, errors = 1, 2
    sys.stdout.flush()
    own = os.dup(output)
    os.dup2(errors, output)
    try:
        with os.fdopen(os.dup(own), "w", encoding="utf-8") as stream:
            yield JsonLines(stream)
    finally:
        sys.stdout.flush()
        os.dup2(own, output)
        os.close(own)

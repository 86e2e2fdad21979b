"""A progress line on standard error: redrawn on a terminal, one line per tenth elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from GPT_SoVITS.resources.messages import readable_size

REDRAW_SECONDS = 0.2
BAR_CELLS = 24


class Progress:
    """Shows how far one file is. `label` is its name."""

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label = label
        self.stream = sys.stderr if stream is None else stream
        self.terminal = self.stream.isatty()
        self.total: int | None = None
        self._done = 0
        self._begun = time.monotonic()
        self._since = 0
        self._drawn = 0.0
        self._tenth = -1

    def start(self, have: int, total: int | None) -> None:
        """Begin, or go on after a cut, at `have` of `total` bytes."""
        self._done, self._since, self.total = have, have, total
        self._begun = time.monotonic()
        self._draw()

    def advance(self, count: int) -> None:
        """Add bytes that arrived."""
        self._done += count
        self._draw()

    def close(self) -> None:
        """End the line."""
        if self.terminal and self.total is not None:
            self._write(self._line(), end="\n")

    def _draw(self) -> None:
        if self.terminal:
            now = time.monotonic()
            if now - self._drawn >= REDRAW_SECONDS:
                self._drawn = now
                self._write(self._line(), end="")
        elif self.total:
            tenth = self._done * 10 // self.total
            if tenth > self._tenth:
                self._tenth = tenth
                self._write(f"  {self.label}: {tenth * 10}%", end="\n")

    def _line(self) -> str:
        seconds = max(time.monotonic() - self._begun, 1e-3)
        speed = readable_size(int((self._done - self._since) / seconds))
        amount = f"{readable_size(self._done)} / {readable_size(self.total)}, {speed}/s"
        if not self.total:
            return f"\r\x1b[K  {self.label}  {amount}"
        cells = self._done * BAR_CELLS // self.total
        bar = "#" * cells + "-" * (BAR_CELLS - cells)
        return f"\r\x1b[K  [{bar}] {self._done * 100 // self.total:3d}%  {self.label}  {amount}"

    def _write(self, text: str, end: str) -> None:
        self.stream.write(text + end)
        self.stream.flush()

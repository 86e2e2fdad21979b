"""Putting together what is said, piece by piece, with the pronunciations that the notation gives."""

from __future__ import annotations

from GPT_SoVITS.text.userdict import Entry, Pin


class Said:
    """What is said for a stretch; ``apart`` keeps words of Latin letters apart."""

    def __init__(self, *, apart: bool) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._last = ""
        self.pins: list[Pin] = []
        self._apart = apart

    @property
    def text(self) -> str:
        """All that was added."""
        return "".join(self._parts)

    def add(self, text: str, pin: Entry | None = None) -> None:
        """Append text, with its pronunciation where the notation gives one."""
        if not text:
            return
        if self._apart and self._last.isalnum() and text[0].isalnum():
            self._parts.append(" ")
            self._length += 1
        if pin is not None:
            self.pins.append(Pin(self._length, self._length + len(text), pin))
        self._parts.append(text)
        self._length += len(text)
        self._last = text[-1]

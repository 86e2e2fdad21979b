"""What a user sees on standard error while speech is made."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from GPT_SoVITS.engine.messages import EngineState, EngineStatus

BAR = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining} {postfix}"


class Progress:
    """A bar over the characters of all texts; says nothing when it is not shown.

    Args:
        characters: Of all texts.
        shown: Whether there is a bar.
    """

    def __init__(self, characters: int, shown: bool) -> None:
        self._bar = tqdm(
            total=max(characters, 1), bar_format=BAR, desc="speaking", file=sys.stderr, disable=not shown, leave=False
        )
        self._characters = characters
        self._spoken = 0.0
        self._segments: tuple[str, ...] = ()
        self._shares: list[float] = []
        self._began = time.perf_counter()

    def waiting(self, status: EngineStatus) -> None:
        """Show why nothing comes yet."""
        busy = status.detail if status.state is not EngineState.READY or status.detail else ""
        self._bar.set_description_str(busy or "speaking")

    def started(self, segments: Sequence[str]) -> None:
        """A request begins."""
        self._spoken += sum(map(len, self._segments))
        self._segments, self._shares = tuple(segments), [0.0] * len(segments)
        self._bar.set_description_str("speaking")

    def progress(self, segment: int, share: float) -> None:
        """A sentence is so far, 0 to 1; an estimate, so it never counts as done."""
        self._shares[segment] = max(self._shares[segment], min(share, 0.95))
        self._draw()

    def done(self, segment: int) -> None:
        """A sentence is complete."""
        self._shares[segment] = 1.0
        self._draw()

    def audio(self, seconds: float) -> None:
        """So much can be heard."""
        pace = seconds / max(time.perf_counter() - self._began, 1e-9)
        self._bar.set_postfix_str(f"{seconds:.1f} s, {pace:.2f} x real time")

    def note(self, text: str) -> None:
        """Tell something without spoiling the bar."""
        tqdm.write(text, file=sys.stderr)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _draw(self) -> None:
        within = sum(len(text) * share for text, share in zip(self._segments, self._shares, strict=True))
        self._bar.n = min(self._spoken + within, max(self._characters, 1))
        self._bar.refresh()

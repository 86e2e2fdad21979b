"""How the fake engine loads weights: in its own time, one pair after the other, and no further than a test lets it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.messages import LoadedWeights, LoadProgress, WeightsPair

STEPS = ("reading {gpt} and {sovits}", "packing {gpt}", "packing {sovits}", "reference")
"""What loading consists of, in the real engine's words, a quarter of the time each."""
PARTS = 20
"""How often a load says how far it is."""


class Loads:
    """Loads that take a time and report their progress.

    Args:
        wake: The engine's condition, which guards everything here too.
        seconds: Time that a load takes; 0 is done at once.

    Attributes:
        progress: How far the load under way is, None while none is.
        first: Weights on their way into an engine that has none.
        closed: Whether the engine is, so that nothing waits any longer.
    """

    def __init__(self, wake: threading.Condition, seconds: float) -> None:
        self.seconds = seconds
        self.progress: LoadProgress | None = None
        self.first: WeightsPair | None = None
        self.closed = False
        self._wake, self._turn = wake, threading.Lock()
        self._stop: float | None = None

    def hold(self, at: float) -> None:
        """Let loads come this far (0 to 1) and no further until :meth:`release`."""
        with self._wake:
            self._stop = at

    def release(self) -> None:
        """Undo :meth:`hold`."""
        with self._wake:
            self._stop = None
            self._wake.notify_all()

    def begin(
        self,
        weights: WeightsPair,
        check: Callable[[], EngineError | None],
        settle: Callable[[], LoadedWeights],
        first: bool = False,
    ) -> Future[LoadedWeights]:
        """Load weights.

        Args:
            weights: Which.
            check: Returns why they cannot be loaded; called with the condition held.
            settle: Makes them known; likewise.
            first: The engine has none before them.
        """
        with self._wake:
            self.first = weights if first else None
        future: Future[LoadedWeights] = Future()
        if self.seconds:
            threading.Thread(target=self._load, args=(weights, check, settle, future), daemon=True).start()
        else:
            self._load(weights, check, settle, future)
        return future

    def _load(
        self,
        weights: WeightsPair,
        check: Callable[[], EngineError | None],
        settle: Callable[[], LoadedWeights],
        future: Future[LoadedWeights],
    ) -> None:
        with self._turn:
            with self._wake:
                wrong = check() is not None
            # Files that are wrong are noticed when they have been read, not before.
            self._come_to(weights, 0.5 if wrong else 1.0)
            with self._wake:
                self.progress = self.first = None
                error = check()
                loaded = settle() if error is None else None
                self._wake.notify_all()
        if loaded is not None:
            future.set_result(loaded)
        else:
            future.set_exception(error)

    def _come_to(self, weights: WeightsPair, end: float) -> None:
        """Take the time of a load, telling how far it is."""
        done = 0
        while self.seconds and done < end * PARTS:
            with self._wake:
                if self.closed:
                    return
                if self._stop is not None and done >= self._stop * PARTS:
                    self._wake.wait()
                    continue
                names = {"gpt": Path(weights.gpt).name, "sovits": Path(weights.sovits).name}
                step = STEPS[done * len(STEPS) // PARTS].format(**names)
                done += 1
                self.progress = LoadProgress(weights, done / PARTS, step)
            time.sleep(self.seconds / PARTS)

"""How much is done at once, how fast it goes, and what errors become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from GPT_SoVITS.engine.errors import EngineError, InvalidRequestError, SynthesisFailedError
from GPT_SoVITS.t2s.backend import DecodeError
from GPT_SoVITS.text.errors import TextError


@dataclass(frozen=True)
class SchedulerLimits:
    """How much is done at once.

    Attributes:
        max_rows: Sequences per weight set.
        max_requests: Requests accepted.
        memory_budget: Bytes for weights and caches, 0 for no limit.
    """

    max_rows: int = 16
    max_requests: int = 1024
    memory_budget: int = 0

    @property
    def active(self) -> int:
        """Requests of a priority that are spoken at once; as many again of owners that have none."""
        return 2 * self.max_rows

    @property
    def shared_rows(self) -> int:
        """Sequences that one owner, or all batch work, may have: the rest is kept for whoever comes next."""
        return self.max_rows - self.max_rows // 8

    @property
    def unrendered(self) -> int:
        """Decoded segments that wait for the vocoder before no more are begun."""
        return 2 * self.max_rows


def as_engine_error(error: BaseException) -> EngineError:
    """Turn what the steps of a synthesis raise into what a caller can handle."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, TextError):
        return InvalidRequestError(str(error), code=error.code)
    if isinstance(error, DecodeError):
        return InvalidRequestError(str(error))
    return SynthesisFailedError(f"{type(error).__name__}: {error}")


class TokenMeter:
    """Tokens per second over the last seconds."""

    WINDOW = 5.0

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._steps: list[tuple[float, int]] = []

    def add(self, tokens: int) -> None:
        """Count tokens of a step."""
        now = self._clock()
        self._steps.append((now, tokens))
        if self._steps[0][0] < now - 2 * self.WINDOW:
            self._steps = [step for step in self._steps if step[0] >= now - self.WINDOW]

    @property
    def rate(self) -> float:
        """Tokens per second."""
        since = self._clock() - self.WINDOW
        return sum(tokens for at, tokens in tuple(self._steps) if at >= since) / self.WINDOW

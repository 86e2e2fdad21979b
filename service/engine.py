"""The engine as the service opens it, and an engine that is not there."""

from __future__ import annotations

import importlib
import logging
from concurrent.futures import Future

from GPT_SoVITS.engine.errors import EngineClosedError
from GPT_SoVITS.engine.interface import Engine, Listener
from GPT_SoVITS.engine.messages import (
    EngineSettings,
    EngineState,
    EngineStatus,
    Failed,
    LoadedWeights,
    SynthesisRequest,
    WeightsPair,
)

logger = logging.getLogger(__name__)


class AbsentEngine:
    """Stands where no engine could be opened: everything but synthesis works, and readiness says why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Fail the request at once, with the reason."""
        listener(Failed(request.request_id, EngineClosedError(self._reason)))

    def cancel(self, request_id: str) -> None:
        """Nothing is under way."""

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Fail at once, with the reason."""
        future: Future[LoadedWeights] = Future()
        future.set_exception(EngineClosedError(self._reason))
        return future

    def status(self) -> EngineStatus:
        """Say that it is closed, and why."""
        return EngineStatus(EngineState.CLOSED, self._reason)

    def close(self, timeout: float = 10.0) -> None:
        """Nothing is open."""


def open_engine(settings: EngineSettings) -> Engine:
    """Start the engine's process; what fails here leaves a service that says so."""
    try:
        engine: Engine = importlib.import_module("GPT_SoVITS.opening").open_engine(settings)
    except Exception as error:  # whatever it is, voices and results must stay reachable
        logger.exception("the engine could not be started")
        return AbsentEngine(f"the engine could not be started: {error}")
    return engine

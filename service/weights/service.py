"""Switching weights while the service runs: loaded, then made current, then remembered; or nothing of it."""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from GPT_SoVITS.engine.errors import EngineError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import LoadedWeights, LoadProgress, WeightsPair
from service.container import Container
from service.errors import MissingError, ParameterError, UnavailableError
from service.tasks.bus import ChangeBus
from service.weights.catalogue import Catalogue, MissingResource, WeightFile
from service.weights.choice import initial_weights, remember, shown
from service.weights.named import named_weights


@dataclass(frozen=True)
class Overview:
    """What is installed, what is current, what is missing, what is being loaded."""

    files: list[WeightFile]
    current: LoadedWeights | None
    missing: list[MissingResource]
    loading: dict[str, Any] | None


def loading_facts(loading: LoadProgress | None, root: Path) -> dict[str, Any] | None:
    """Return how far a load is, as answers and streams say it.

    Args:
        loading: What the engine says.
        root: The project, to which paths are relative.
    """
    if loading is None:
        return None
    return {
        "gpt": shown(loading.weights.gpt, root),
        "sovits": shown(loading.weights.sovits, root),
        "progress": min(100, max(0, int(loading.fraction * 100))),
        "step": loading.step,
    }


class WeightsService:
    """See the module.

    Args:
        container: Engine, settings, database.
        catalogue: Of weight files.
    """

    def __init__(self, container: Container, catalogue: Catalogue) -> None:
        self._container, self._catalogue = container, catalogue
        self._settings = container.settings
        self._turn = asyncio.Lock()

    def overview(self) -> Overview:
        """Return what is installed, what is current, what is missing, what is being loaded. Blocks."""
        files, missing = self._catalogue.files(), self._catalogue.missing()
        status = self._container.engine.status()
        return Overview(files, status.current, missing, loading_facts(status.loading, self._settings.root))

    def shown(self, path: str) -> str:
        """Return a path as answers have it."""
        return shown(path, self._settings.root)

    async def switch(self, gpt: str | None, sovits: str | None) -> LoadedWeights:
        """Load weights, make them the current ones and remember them for the next start.

        Args:
            gpt: Path of GPT weights, None keeps the current ones.
            sovits: Path of SoVITS weights, likewise.

        Raises:
            ParameterError: a path is outside the weight folders, a file is of the other kind, or the two do not fit.
            MissingError: there is no such file.
            UnavailableError: the engine cannot load now.
        """
        if not gpt and not sovits:
            raise ParameterError("name gpt_model_path, sovits_model_path, or both")
        async with self._turn:  # two switches at once would each complete their pair from the other's past
            pair = await to_thread.run_sync(self._pair, gpt, sovits)
            loaded = await self._load(pair)
            await to_thread.run_sync(remember, self._settings.root, pair)
        self._container.get(ChangeBus).publish("weights", "current")
        return loaded

    def _pair(self, gpt: str | None, sovits: str | None) -> WeightsPair:
        current = self._container.engine.status().current
        other = current.weights if current else initial_weights(self._settings)
        return WeightsPair(
            self._chosen(gpt, "gpt", other.gpt if other else None),
            self._chosen(sovits, "sovits", other.sovits if other else None),
        )

    def _chosen(self, path: str | None, kind: str, kept: str | None) -> str:
        if path:
            return str(named_weights(self._settings, path, kind))
        if kept is None:
            raise ParameterError(f"no {kind} weights are current: name {kind}_model_path as well")
        return kept

    async def _load(self, pair: WeightsPair) -> LoadedWeights:
        future = self._container.engine.load(pair)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._settings.load_timeout)
        except (asyncio.TimeoutError, FutureTimeoutError):
            message = f"loading took longer than {self._settings.load_timeout:g} s; the old weights go on serving"
            raise UnavailableError(message) from None
        except WeightsMissingError as error:
            raise MissingError(str(error)) from None
        except WeightsInvalidError as error:
            raise ParameterError(str(error)) from None
        except EngineError as error:
            raise UnavailableError(f"{error}; the old weights go on serving", retry_after=10) from None

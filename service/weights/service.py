"""Switching weights while the service runs: loaded, then made current, then remembered; or nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from GPT_SoVITS.engine.errors import EngineError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import LoadedWeights, LoadProgress, WeightsPair
from GPT_SoVITS.resources.pairing import newest_pair
from service.bus import ChangeBus
from service.container import Container
from service.errors import MissingError, ParameterError, ServiceError, UnavailableError
from service.presence import Presence
from service.starter import is_starter
from service.weights.catalogue import Catalogue, MissingResource, WeightFile
from service.weights.choice import Remembered, initial_weights, is_open, shown
from service.weights.examination import Examiner
from service.weights.named import named_weights
from service.words import told_by


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
    """Which weights there are, and switching between them.

    Args:
        container: Engine, settings, database.
        catalogue: Of weight files.
    """

    def __init__(self, container: Container, catalogue: Catalogue) -> None:
        self._container, self._catalogue = container, catalogue
        self._settings = container.settings
        self._examiner = container.get(Examiner)
        self._turn = asyncio.Lock()

    def overview(self) -> Overview:
        """Return what is installed, what is current, what is missing, what is being loaded. Blocks."""
        files, missing = self._catalogue.files(), self._catalogue.missing()
        status = self._container.engine.status()
        return Overview(files, status.current, missing, loading_facts(status.loading, self._settings.root))

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells whether any weight file came, went or changed. Blocks."""
        return self._catalogue.signature()

    def initial(self) -> WeightsPair | None:
        """Return the weights that a start would choose beside those of the program, None unless both are files. Blocks.

        Where nobody has chosen and no published pair is installed, those are the newest pair of the highest version
        that lies in the weight folders.
        """
        pair = initial_weights(self._settings)
        if pair is None and is_open(self._settings):
            files = (file for file in self._catalogue.files() if not file.starter)
            found = newest_pair(files, self._container.get(Presence).has)
            pair = WeightsPair(*(str(self._settings.root / file.path) for file in found)) if found else None
        return pair if pair and Path(pair.gpt).is_file() and Path(pair.sovits).is_file() else None

    def may_step_aside(self, current: WeightsPair | None) -> bool:
        """Whether others that come take the place of the current weights: nobody has chosen these. Blocks."""
        return current is None or (is_starter(current) and is_open(self._settings))

    async def load_first(self, pair: WeightsPair) -> None:
        """Load weights where nobody has chosen any, and remember them unless a start chooses them anyway.

        Raises:
            ServiceError: they cannot be used.
        """
        async with self._turn:
            await self._load(pair)
            if await to_thread.run_sync(initial_weights, self._settings) is None:
                await to_thread.run_sync(self._remember, pair)
        self._container.get(ChangeBus).publish("weights", "current")

    def _remember(self, pair: WeightsPair) -> None:
        Remembered(self._settings.root, pair).keep()

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
            OSError: the choice cannot be written; the weights before are current again.
        """
        if not gpt and not sovits:
            raise ParameterError("weights_unnamed")
        async with self._turn:  # two switches at once would each complete their pair from the other's past
            before = self._container.engine.status().current
            pair = await to_thread.run_sync(self._pair, gpt, sovits)
            choice = await to_thread.run_sync(Remembered, self._settings.root, pair)
            try:
                loaded = await self._load(pair)
            except BaseException:
                await to_thread.run_sync(choice.discard)
                raise
            await self._keep(choice, before)
        self._container.get(ChangeBus).publish("weights", "current")
        return loaded

    async def _keep(self, choice: Remembered, before: LoadedWeights | None) -> None:
        try:
            await to_thread.run_sync(choice.keep)
        except OSError:
            if before is not None:  # what is refused changes nothing
                with contextlib.suppress(ServiceError):
                    await self._load(before.weights)
            raise

    def _pair(self, gpt: str | None, sovits: str | None) -> WeightsPair:
        current = self._container.engine.status().current
        other = current.weights if current else initial_weights(self._settings)
        return WeightsPair(
            self._chosen(gpt, "gpt", other.gpt if other else None),
            self._chosen(sovits, "sovits", other.sovits if other else None),
        )

    def _chosen(self, path: str | None, kind: str, kept: str | None) -> str:
        if path:
            return str(named_weights(self._settings, self._examiner, path, kind))
        if kept is None:
            raise ParameterError("weights_half", network=kind)
        return kept

    async def _load(self, pair: WeightsPair) -> LoadedWeights:
        future = self._container.engine.load(pair)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._settings.load_timeout)
        except (asyncio.TimeoutError, FutureTimeoutError):
            raise UnavailableError("weights_slow", seconds=f"{self._settings.load_timeout:g}") from None
        except WeightsMissingError as error:
            raise MissingError(told_by(error)) from None
        except WeightsInvalidError as error:
            self._refused(pair, str(error))
            raise ParameterError(told_by(error)) from None
        except EngineError as error:
            raise UnavailableError("weights_kept", retry_after=10, detail=error) from None

    def _refused(self, pair: WeightsPair, problem: str) -> None:
        """Let the list of weights say what the engine found, of the one file that it names; two only do not fit."""
        named = [path for path in map(Path, (pair.gpt, pair.sovits)) if path.name in problem]
        if len(named) == 1:
            self._examiner.refused(named[0], problem)

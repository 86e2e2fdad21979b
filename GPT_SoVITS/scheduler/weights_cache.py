"""Weights in memory: which are current, who uses them, which go when room is needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from GPT_SoVITS.engine.errors import MemoryBudgetError
from GPT_SoVITS.engine.messages import LoadedWeights, WeightsPair
from GPT_SoVITS.scheduler.pipeline import Bundle

logger = logging.getLogger(__name__)

Fingerprint = tuple[tuple[int, int] | None, ...]


def fingerprint(weights: WeightsPair) -> Fingerprint:
    """Size and time of each file; a file that has been replaced since has another one."""
    return tuple(_identity(Path(path)) for path in (weights.gpt, weights.sovits))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


class Held(NamedTuple):
    """Bytes of a bundle.

    Attributes:
        alone: Of what belongs to it alone.
        shared: Of each part that others may hold as well, by the part's identity.
    """

    alone: int = 0
    shared: Mapping[int, int] = MappingProxyType({})


def held_by(bundle: Bundle) -> Held:
    """Return what a bundle holds."""
    shared = bundle.shared_bytes
    return Held(bundle.memory_bytes - sum(shared.values()), shared)


def together(bundles: Iterable[Held]) -> int:
    """Return the bytes of several bundles; a part that some of them share counts once."""
    alone, shared = 0, dict[int, int]()
    for held in bundles:
        alone += held.alone
        shared.update(held.shared)
    return alone + sum(shared.values())


@dataclass(eq=False)
class CachedWeights:
    """A bundle in the cache.

    Attributes:
        bundle: The weights.
        seen: The files when they were read.
        users: Requests that are pinned to it.
        used: Serial number of its last use.
    """

    bundle: Bundle
    seen: Fingerprint
    users: int = 0
    used: int = 0

    @property
    def held(self) -> Held:
        """Its bytes."""
        return held_by(self.bundle)

    @property
    def described(self) -> LoadedWeights:
        """For the status."""
        bundle = self.bundle
        return LoadedWeights(
            bundle.weights, bundle.version, bundle.sample_rate, bundle.memory_bytes, self.users, bundle.languages
        )


class WeightsCache:
    """Loaded weights, within a budget.

    Args:
        budget: Bytes; 0 is no limit.
        released: Told of every entry that has left the cache.
    """

    def __init__(self, budget: int, released: Callable[[CachedWeights], None]) -> None:
        self.budget, self._released = budget, released
        self.current: CachedWeights | None = None
        self.entries: list[CachedWeights] = []
        self.sizes: dict[WeightsPair, Held] = {}
        self._uses = 0

    def find(self, weights: WeightsPair) -> CachedWeights | None:
        """Return the newest entry of these files."""
        return next((entry for entry in reversed(self.entries) if entry.bundle.weights == weights), None)

    @property
    def memory_bytes(self) -> int:
        """What everything in the cache holds."""
        return together(entry.held for entry in self.entries)

    def pin(self, entry: CachedWeights) -> None:
        """A request begins to use an entry."""
        self._uses += 1
        entry.users += 1
        entry.used = self._uses

    def unpin(self, entry: CachedWeights) -> None:
        """A request has ended."""
        entry.users -= 1
        if not entry.users and self._superseded(entry):
            self._remove(entry)

    def fits(self, size: Held, *, as_current: bool = False, waiting: bool = False) -> bool:
        """Whether weights of a size fit when all that may go has gone; ``waiting`` for those in use as well."""
        if not self.budget:
            return True
        staying = (e for e in self.entries if (e is self.current and not as_current) or (e.users and not waiting))
        return together([size, *(entry.held for entry in staying)]) <= self.budget

    def add(self, bundle: Bundle, seen: Fingerprint, *, make_current: bool) -> CachedWeights:
        """Put new weights into the cache and release what has to go for them.

        Raises:
            MemoryBudgetError: they do not fit; nothing has changed.
        """
        self.sizes[bundle.weights] = held_by(bundle)
        if not self.fits(held_by(bundle), as_current=make_current):
            raise MemoryBudgetError(
                f"the weights take {bundle.memory_bytes >> 20} MiB; beside what is in use they exceed the budget of "
                f"{self.budget >> 20} MiB. Raise memory_budget_mb, or try again when less is in use"
            )
        entry = CachedWeights(bundle, seen)
        self.pin(entry)
        entry.users = 0
        self.entries.append(entry)
        if make_current:
            self.current = entry
        for old in list(self.entries):
            if old is not entry and not old.users and self._superseded(old):
                self._remove(old)
        while self.budget and self.memory_bytes > self.budget:
            free = [old for old in self.entries if not old.users and old not in (self.current, entry)]
            if not free:
                break
            self._remove(min(free, key=lambda old: old.used))
        return entry

    def _superseded(self, entry: CachedWeights) -> bool:
        """Whether the same files have been read again since, or too much is in the cache."""
        if entry is self.current or entry not in self.entries:
            return False
        over = bool(self.budget) and self.memory_bytes > self.budget
        return over or self.find(entry.bundle.weights) is not entry

    def _remove(self, entry: CachedWeights) -> None:
        logger.info("releasing weights %s", entry.bundle.weights)
        self.entries.remove(entry)
        self._released(entry)

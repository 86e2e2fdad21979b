"""One task in the engine: from a lease to a result, through any number of interruptions."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import InterfaceError, OperationalError

from GPT_SoVITS.engine.errors import EngineClosedError, EngineDiedError, EngineError, ErrorKind
from GPT_SoVITS.engine.interface import Engine, astream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    Failed,
    Finished,
    Progress,
    Reference,
    SegmentDone,
    Started,
    SynthesisRequest,
    WeightsPair,
    new_request_id,
)
from service.database import CommitUnknownError
from service.tasks.bus import ChangeBus
from service.tasks.errors import LeaseLostError, StorageFullError
from service.tasks.estimate import SpeedMeter
from service.tasks.leases import Lease
from service.tasks.records import Segment, Task
from service.tasks.wav import to_pcm16
from service.tasks.work import Plan, Spoken, WorkStore

logger = logging.getLogger(__name__)

T = TypeVar("T")
Offload = Callable[..., Awaitable[Any]]
"""``await offload(function, *arguments)`` runs a blocking function in a thread."""
MakeRequest = Callable[[Task], SynthesisRequest]
"""Blocking: makes the engine's request from a task; raises :class:`VoiceGoneError` and the like."""

BUSY_DELAY = 2.0
FULL_DELAY = 10.0
REPEAT_DELAY = 1.0
_PINNED = "reference.json"


class UnspeakableError(Exception):
    """A task cannot be spoken and never will be: its voice is gone, a field is wrong. The message says which."""


@dataclass
class _Audio:
    """What has come of the segment under way."""

    chunks: list[NDArray[np.float32]] = field(default_factory=list)
    frames_before: int = 0

    def take(self) -> NDArray[np.int16]:
        samples = np.concatenate(self.chunks) if self.chunks else np.zeros(0, np.float32)
        self.chunks.clear()
        self.frames_before += samples.size
        return to_pcm16(samples)


class _PlanChangedError(Exception):
    """The engine cuts the text differently than when the kept segments were made: all is spoken anew."""


class Runner:
    """Carries one lease through the engine.

    Args:
        lease: The task.
        store: The queue.
        engine: Speaks.
        make_request: See :data:`MakeRequest`.
        offload: See :data:`Offload`.
        bus: For progress between segments, which is announced and not kept.
        meter: Learns how fast speech is made.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        store: WorkStore,
        engine: Engine,
        make_request: MakeRequest,
        offload: Offload,
        bus: ChangeBus,
        meter: SpeedMeter,
    ) -> None:
        self.lease, self.store, self.engine = lease, store, engine
        self._make_request, self._offload = make_request, offload
        self._bus, self._meter = bus, meter
        self._request_id: str | None = None
        self._stopping = False
        self._proven = False
        self.lost = False
        self.unwritten: Callable[[], Task] | None = None
        """How it ended, when that could not be written: whoever holds the lease tries again."""

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it: it is suspected, and has finished no segment since."""
        return self.lease.alone and not self._proven

    # --- from outside, on the event loop ---

    def give_up(self) -> None:
        """The lease is lost (cancelled, removed): stop within a decode step and write nothing."""
        self.lost = True
        self._cancel()

    def stop_soon(self) -> None:
        """Hand the task back at the end of the segment under way."""
        self._stopping = True

    def stop_now(self) -> None:
        """Hand the task back without the segment under way."""
        self._stopping = True
        self._cancel()

    def _cancel(self) -> None:
        if self._request_id is not None:
            self.engine.cancel(self._request_id)

    # --- the work ---

    async def run(self) -> None:
        """Speak what is missing and finish, or write down why not. Raises nothing but bugs of its own."""
        self._meter.begin()
        try:
            await self._outcome()
        except LeaseLostError:
            logger.info("task %s was taken from this worker", self.lease.task.task_id)
        except StorageFullError as error:
            await self._hand_back(str(error), FULL_DELAY)
        except (OperationalError, InterfaceError, CommitUnknownError):
            await self._hand_back("the database was lost", BUSY_DELAY)
        except UnspeakableError as error:
            await self._fail(str(error), repeat=False)
        except EngineError as error:
            await self._engine_failed(error)
        except Exception as error:
            logger.exception("task %s failed", self.lease.task.task_id)
            await self._fail(f"{type(error).__name__}: {error}", repeat=True, delay=REPEAT_DELAY)
        finally:
            self._meter.end()

    async def _outcome(self) -> None:
        segments: list[Segment] = await self._offload(self.store.forget_damaged, self.lease)
        if not segments or not all(segment.done for segment in segments):
            try:
                ended = await self._speak(segments)
            except _PlanChangedError:
                ended = await self._speak([])
            if not ended:
                await self._hand_back("the service is shutting down")
                return
        await self._offload(self.store.finish, self.lease)

    async def _speak(self, known: list[Segment]) -> bool:
        """Speak missing segments; False if it was stopped before the end."""
        request = await self._offload(self._pinned_request)
        missing = tuple(segment.index for segment in known if not segment.done)
        # Deaths are counted in the queue: one that is not its doing may be passed over, none of a suspect's is.
        resends = 0 if self.lease.alone else 1
        request = replace(request, segments=missing if known else None, request_id=new_request_id(), resends=resends)
        self._request_id = request.request_id
        if self.lost:
            raise LeaseLostError("the task was cancelled")
        audio, rate, left = _Audio(), 0, len(missing)
        async with aclosing(astream(self.engine, request)) as events:
            async for event in events:
                match event:
                    case Started():
                        rate = event.sample_rate
                        segments = await self._offload(self.store.start, self.lease, plan_of(event))
                        unspoken = [segment.index for segment in segments if not segment.done]
                        if known and tuple(unspoken) != missing:
                            raise _PlanChangedError
                        left = len(unspoken)
                    case Progress():
                        self._bus.publish("progress", self.lease.task.task_id, event)
                    case AudioChunk():
                        audio.chunks.append(event.samples)
                    case SegmentDone():
                        await self._keep(event, audio, rate)
                        left -= 1
                        if self._stopping and left:
                            return False
                    case Finished():
                        return True
                    case Failed():
                        raise event.error
                    case Cancelled():
                        if self.lost:
                            raise LeaseLostError("the task was cancelled")
                        return False
        return False

    async def _keep(self, event: SegmentDone, audio: _Audio, rate: int) -> None:
        before = audio.frames_before / rate
        samples = audio.take()
        spoken = Spoken(
            event.segment,
            samples,
            max(0.0, event.start - before),
            max(0.0, event.end - before),
            event.tokens,
            event.attempts,
            event.warning,
        )
        await self._offload(self.store.keep, self.lease, spoken)
        self._proven = True
        self._meter.spoken(len(event.text))

    def _pinned_request(self) -> SynthesisRequest:
        """Make the request with what earlier attempts pinned: reference, weights, seed. Blocks."""
        task, files = self.lease.task, self.store.files
        pinned = files.work(task.task_id) / _PINNED
        request = self._make_request(task)
        if pinned.is_file():
            reference = _read_reference(pinned)
        else:
            reference = self._pin(request.reference)
            content = json.dumps(_plain(reference), ensure_ascii=False).encode()
            files.write(pinned, [content], durable=True)
        weights = request.weights
        if task.weights_gpt is not None and task.weights_sovits is not None:
            weights = WeightsPair(task.weights_gpt, task.weights_sovits)
        seed = request.seed if task.seed is None else task.seed
        return replace(request, reference=reference, weights=weights, seed=seed)

    def _pin(self, reference: Reference) -> Reference:
        """Keep the reference's files until the task ends: the voice may be changed or deleted meanwhile."""
        task_id, files = self.lease.task.task_id, self.store.files

        def kept(name: str, path: str) -> str:
            try:
                return str(files.pin(task_id, name + Path(path).suffix[:10], Path(path)))
            except FileNotFoundError:
                raise UnspeakableError(f"the reference audio {Path(path).name} is not there any more") from None

        auxiliary = tuple(kept(f"auxiliary-{n}", path) for n, path in enumerate(reference.auxiliary))
        return replace(reference, path=kept("reference", reference.path), auxiliary=auxiliary)

    # --- ends that are not good ---

    async def _engine_failed(self, error: EngineError) -> None:
        if isinstance(error, EngineClosedError):
            await self._hand_back("the service is shutting down")
        elif isinstance(error, EngineDiedError):
            await self._fail(str(error), repeat=True, death=True, delay=REPEAT_DELAY)
        elif error.kind is ErrorKind.BUSY:
            await self._hand_back(str(error), BUSY_DELAY)
        else:
            await self._fail(str(error), repeat=error.kind is ErrorKind.INTERNAL, delay=REPEAT_DELAY)

    async def _hand_back(self, reason: str, delay: float = 0.0) -> None:
        await self._last_word(self.store.hand_back, self.lease, reason, delay=delay)

    async def _fail(self, reason: str, **how: Any) -> None:
        await self._last_word(self.store.fail, self.lease, reason, **how)

    async def _last_word(self, write: Callable[..., Task], *args: Any, **how: Any) -> None:
        """Write how it ended; a disk that is full or broken leaves it to :attr:`unwritten`."""

        def word() -> Task:
            return write(*args, **how)

        try:
            await self._offload(word)
        except LeaseLostError:
            logger.info("task %s was taken from this worker", self.lease.task.task_id)
        except Exception as error:
            logger.warning("task %s: how it ended cannot be written yet: %s", self.lease.task.task_id, error)
            self.unwritten = word


def plan_of(event: Started) -> Plan:
    """Return what is pinned of the engine's first event."""
    weights = event.weights
    return Plan(event.seed, weights.gpt, weights.sovits, event.version, event.sample_rate, event.segments)


def _plain(reference: Reference) -> dict[str, Any]:
    return {
        "path": reference.path,
        "text": reference.text,
        "language": reference.language,
        "auxiliary": list(reference.auxiliary),
    }


def _read_reference(path: Path) -> Reference:
    plain = json.loads(path.read_text("utf-8"))
    return Reference(plain["path"], plain["text"], plain["language"], tuple(plain["auxiliary"]))

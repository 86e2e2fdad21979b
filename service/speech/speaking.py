"""One task in the engine: from a lease to a stitched result, through any number of interruptions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import EngineClosedError, EngineDiedError, EngineError, ErrorKind
from GPT_SoVITS.engine.interface import Engine, astream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    Failed,
    Finished,
    Progress,
    SegmentDone,
    Started,
    SynthesisRequest,
)
from service.files.wav import to_pcm16
from service.jobs.errors import AttemptFailedError, HandBackError
from service.jobs.estimate import SpeedMeter
from service.jobs.kinds import Result
from service.jobs.records import Lease
from service.jobs.running import BUSY_DELAY, REPEAT_DELAY, STOPPING, Run
from service.speech.pinning import Pinning
from service.speech.records import Plan, Segment, Spoken
from service.speech.segments import SegmentStore
from service.words import told_by


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


class Speaking:
    """Speaks what is missing of one task.

    Args:
        lease: The task.
        run: What the worker asks and is told.
        engine: Speaks.
        segments: Where finished segments are kept.
        pinning: Makes the engine's request.
        progress: Told how far the segment under way is.
        meter: Learns how fast speech is made.
    """

    def __init__(
        self,
        lease: Lease,
        run: Run,
        *,
        engine: Engine,
        segments: SegmentStore,
        pinning: Pinning,
        progress: Callable[[str, Progress], None],
        meter: SpeedMeter,
    ) -> None:
        self._lease, self._run, self._engine = lease, run, engine
        self._segments, self._pinning = segments, pinning
        self._progress, self._meter = progress, meter

    async def result(self) -> Result:
        """Speak what is missing; return the stitched result.

        Raises:
            HandBackError, AttemptFailedError, LeaseLostError: see :meth:`service.jobs.kinds.Kind.run`.
        """
        self._meter.begin()
        try:
            return await self._result()
        except EngineError as error:
            raise _outcome_of(error) from error
        finally:
            self._meter.end()

    async def _result(self) -> Result:
        offload, job = self._run.offload, self._lease.job
        known: list[Segment] = await offload(self._segments.undamaged, job)
        if not known or not all(segment.done for segment in known):
            try:
                await self._speak(known)
            except _PlanChangedError:
                await self._speak([])
        stitched: Result = await offload(self._segments.stitched, job)
        return stitched

    async def _speak(self, known: list[Segment]) -> None:
        """Speak missing segments; returns when none is missing."""
        offload, job = self._run.offload, self._lease.job
        request: SynthesisRequest = await offload(self._pinning.request, job)
        missing = tuple(segment.index for segment in known if not segment.done)
        # Deaths are counted in the queue: one that is not its doing may be passed over, none of a suspect's is.
        resends = 0 if self._lease.alone else 1
        request = replace(request, segments=missing if known else None, resends=resends)
        self._run.on_stop(lambda: self._engine.cancel(request.request_id))
        self._run.check()
        audio, rate, left = _Audio(), 0, len(missing)
        async with aclosing(astream(self._engine, request)) as events:
            async for event in events:
                match event:
                    case Started():
                        rate = event.sample_rate
                        segments = await offload(self._segments.start, job, plan_of(event))
                        unspoken = [segment.index for segment in segments if not segment.done]
                        if known and tuple(unspoken) != missing:
                            raise _PlanChangedError
                        left = len(unspoken)
                    case Progress():
                        self._progress(job.job_id, event)
                    case AudioChunk():
                        audio.chunks.append(event.samples)
                    case SegmentDone():
                        await self._keep(event, audio, rate)
                        left -= 1
                        if left:
                            self._run.check()
                    case Finished():
                        return
                    case Failed():
                        raise event.error
                    case Cancelled():
                        self._run.check()
                        raise HandBackError(STOPPING)
        raise HandBackError(STOPPING)

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
        await self._run.offload(self._segments.keep, self._lease.job, spoken)
        self._run.proven()
        self._meter.done(len(event.text))


def plan_of(event: Started) -> Plan:
    """Return what is pinned of the engine's first event."""
    weights = event.weights
    return Plan(event.seed, weights.gpt, weights.sovits, event.version, event.sample_rate, event.segments)


def _outcome_of(error: EngineError) -> HandBackError | AttemptFailedError:
    """Return what an engine's error means for the attempt."""
    if isinstance(error, EngineClosedError):
        return HandBackError(STOPPING)
    if isinstance(error, EngineDiedError):
        return AttemptFailedError(told_by(error), repeat=True, death=True, delay=REPEAT_DELAY)
    if error.kind is ErrorKind.BUSY:
        return HandBackError(told_by(error), BUSY_DELAY)
    return AttemptFailedError(told_by(error), repeat=error.kind is ErrorKind.INTERNAL, delay=REPEAT_DELAY)

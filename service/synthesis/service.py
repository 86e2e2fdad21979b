"""Speech while the client waits: one service for every dialect (native, both old ones, OpenAI's).

speech = await synthesis.begin(request, save_as=SaveAs("u1", "T1"))   # errors come here, before any byte is sent
async for part in speech.encoded("mp3"): ...                          # or: samples = await speech.whole()
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.encode import StreamEncoder, encode, find_format, pcm16
from GPT_SoVITS.audio.resample import StreamResampler
from GPT_SoVITS.engine.errors import EngineClosedError, EngineError
from GPT_SoVITS.engine.interface import Engine, astream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    Event,
    Failed,
    Priority,
    SegmentDone,
    Started,
    Streaming,
    SynthesisRequest,
)
from service.files.outputs import Outputs
from service.synthesis.requests import Speakers, engine_request
from service.synthesis.texts import check_speakable
from service.threads import Offload

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SaveAs:
    """Under which names a result is kept: ``output/<user_id>/<task_id>/<task_id>.wav``."""

    user_id: str
    task_id: str


class Speech:
    """One synthesis under way. It is cancelled within a decode step by :meth:`aclose`, or when its reader goes away.

    Attributes:
        request: What was asked.
        started: What the engine answered first: seed, weights, segments, sample rate.
        segments: Those that are finished, with their times.
    """

    def __init__(
        self,
        request: SynthesisRequest,
        started: Started,
        events: AsyncGenerator[Event, None],
        finished: Callable[[list[bytes], int], Awaitable[None]] | None,
        offload: Offload,
    ) -> None:
        self.request, self.started = request, started
        self.segments: list[SegmentDone] = []
        self._events, self._finished, self._offload = events, finished, offload
        self._kept: list[bytes] = []

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield what the engine says, without its first and its terminal events.

        Raises:
            EngineError: the engine failed; what was yielded before is still good.
        """
        try:
            async for event in self._events:
                match event:
                    case Failed():
                        raise event.error
                    case Cancelled():
                        raise EngineClosedError("the synthesis was cancelled")
                    case AudioChunk() if self._finished is not None:
                        self._kept.append(pcm16(event.samples))
                    case SegmentDone():
                        self.segments.append(event)
                yield event
            if self._finished is not None:
                await self._finished(self._kept, self.started.sample_rate)
        finally:
            await self.aclose()

    async def chunks(self) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield the audio as it comes, (N,) float32.

        Raises:
            EngineError: see :meth:`events`.
        """
        async with contextlib.aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, AudioChunk):
                    yield event.samples

    async def whole(self) -> NDArray[np.float32]:
        """Return all audio, (N,) float32.

        Raises:
            EngineError: see :meth:`events`.
        """
        chunks = [chunk async for chunk in self.chunks()]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)

    async def file(self, form: str, rate: int | None = None) -> bytes:
        """Return all audio as a file in a format of :mod:`GPT_SoVITS.audio.encode`.

        Args:
            form: Its name.
            rate: Samples per second; None keeps those of the weights.

        Raises:
            EngineError: see :meth:`events`; the encoder failed.
        """
        samples = await self.whole()
        data: bytes = await self._offload(_encoded, samples, self.started.sample_rate, form, rate)
        return data

    async def encoded(self, form: str, rate: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the audio in a format as it comes; nothing empty. Arguments as of :meth:`file`.

        Raises:
            EngineError: see :meth:`events`; the encoder failed.
        """
        encoder = await self._offload(_Encoder, form, self.started.sample_rate, rate)
        try:
            async with contextlib.aclosing(self.chunks()) as chunks:
                async for chunk in chunks:
                    if data := await self._offload(encoder.write, chunk):
                        yield data
            if data := await self._offload(encoder.finish):
                yield data
        finally:
            await asyncio.shield(self._offload(encoder.close))

    async def aclose(self) -> None:
        """Cancel what is not finished."""
        await self._events.aclose()


def _check(request: SynthesisRequest, language: str) -> None:
    check_speakable(request.text, language, request.how_to_cut, reading=request.reading)


class SynthesisService:
    """Begins speech for a client that waits. Used on one event loop.

    Args:
        engine: Speaks.
        outputs: Where results are kept.
        speakers: Finds voices and reference files.
        offload: Runs blocking work in a thread.
        demand: Refuses what nothing but an installation could make speakable, and returns in which language the rest
            is.
    """

    def __init__(
        self,
        engine: Engine,
        outputs: Outputs,
        speakers: Speakers,
        offload: Offload,
        demand: Callable[[SynthesisRequest], str],
    ) -> None:
        self.engine, self._outputs, self._speakers, self._offload = engine, outputs, speakers, offload
        self._demand = demand

    async def request(self, fields: Mapping[str, Any], *, owner: str, streaming: Streaming) -> SynthesisRequest:
        """Return the engine's request for fields as :class:`service.synthesis.fields.SpeechFields` names them.

        Raises:
            ParameterError: neither voice nor reference, or a path outside the allowed folders.
            MissingError: there is no such voice or file.
        """

        def make() -> SynthesisRequest:
            return engine_request(
                fields, self._speakers, owner=owner, priority=Priority.INTERACTIVE, streaming=streaming
            )

        made: SynthesisRequest = await self._offload(make)
        return made

    async def begin(self, request: SynthesisRequest, *, save_as: SaveAs | None = None) -> Speech:
        """Begin to speak; returns when the engine has planned the text.

        Args:
            request: What is to be spoken; its ``streaming`` says how finely audio comes.
            save_as: Keep the whole result under these names once it is finished.

        Raises:
            ParameterError: nothing in the text can be spoken.
            UnavailableError: something that it needs is not installed; the message names the next step.
            EngineError: the engine refused; nothing is under way.
        """
        await self._offload(_check, request, request.language)
        meant = await self._offload(self._demand, request)
        if meant != request.language:
            await self._offload(_check, request, meant)
        events = astream(self.engine, request)
        try:
            first = await anext(events)
        except BaseException:
            await events.aclose()
            raise
        if isinstance(first, Started):
            return Speech(request, first, events, self._keeper(save_as), self._offload)
        await events.aclose()
        raise first.error if isinstance(first, Failed) else EngineError("the synthesis was cancelled")

    def _keeper(self, save_as: SaveAs | None) -> Callable[[list[bytes], int], Awaitable[None]] | None:
        if save_as is None:
            return None

        async def keep(parts: list[bytes], rate: int) -> None:
            await self._offload(self._outputs.keep, save_as.user_id, save_as.task_id, parts, rate)

        return keep

    def media_type(self, form: str) -> str:
        """Return the Content-Type of a format."""
        return find_format(form).media_type


class _Encoder:
    """A stream encoder at another sample rate than the audio's."""

    def __init__(self, form: str, rate: int, wanted: int | None) -> None:
        self._resampler = StreamResampler(rate, wanted or rate)
        self._encoder = StreamEncoder(form, wanted or rate)
        self.close = self._encoder.close

    def write(self, samples: NDArray[np.float32]) -> bytes:
        return self._encoder.write(self._resampler.write(samples))

    def finish(self) -> bytes:
        return self._encoder.write(self._resampler.finish()) + self._encoder.finish()


def _encoded(samples: NDArray[np.float32], rate: int, form: str, wanted: int | None) -> bytes:
    if wanted is not None and wanted != rate:
        resampler = StreamResampler(rate, wanted)
        samples = np.concatenate([resampler.write(samples), resampler.finish()])
    return encode(samples, wanted or rate, form)

"""From the tokens of a segment to its audio, in bounded pieces of work that the scheduler deals out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import content_frames, encode_phonemes, latent_frames
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.sovits.speed import change_speed

Audio = NDArray[np.float32]
Tokens = NDArray[np.int64]
T = TypeVar("T")


_NOTHING_LEFT: Audio = np.zeros(0, np.float32)


class SegmentRenderer(ABC):
    """Speaks one attempt at a segment. For the thread that owns MindSpore.

    The owner offers tokens as they come, does pieces of work while there are any pending, and takes the audio that
    some of them return; audio comes in order and, concatenated, is the segment's.

        voice = open_renderer(bundle, segment, attempt)
        voice.offer(tokens_so_far, ended=False)
        while voice.pending:
            audio = voice.work()

    Attributes:
        samples: Audio returned so far; while it is 0 the attempt can be dropped for another one without a trace.
        finished: All audio has been returned.
    """

    def __init__(self, bundle: Bundle, segment: SegmentPlan, attempt: int = 1) -> None:
        self.bundle, self.segment = bundle, segment
        self.samples = 0
        self.finished = False
        self.tokens: Tokens = np.zeros(0, np.int64)
        self.ended = False
        self._noise = segment.noise(attempt)
        self._steps = self._speak()

    def offer(self, tokens: Tokens, ended: bool) -> None:
        """Tell which tokens there are.

        Args:
            tokens: All of the segment's semantic tokens so far, (N,): those generated, without prompt and end token;
                at the end :attr:`GPT_SoVITS.t2s.decoding.Generation.semantic`.
            ended: Whether there will be no more.
        """
        self.tokens, self.ended = np.array(tokens, np.int64), ended

    @property
    def pending(self) -> bool:
        """Whether there is a piece of work to do now."""
        return not self.finished and self._ready()

    def work(self) -> Audio | None:
        """Do one bounded piece of work: an encoding, latent frames, or one window of the vocoder.

        Returns:
            The next audio (N,) float32 within [-1, 1] if the piece finished some.

        Raises:
            WeightsInvalidError: the weights make samples that are not numbers.
        """
        if not self.pending:
            return None
        audio = next(self._steps, _NOTHING_LEFT)
        if audio is _NOTHING_LEFT:
            self.finished = True
            return None
        if audio is not None:
            if not np.isfinite(audio).all():
                raise WeightsInvalidError(
                    f"{Path(self.bundle.weights.sovits).name!r} makes samples that are not numbers (NaN or Inf); "
                    "its training went wrong, use an earlier checkpoint"
                )
            self.samples += len(audio)
        return audio

    @abstractmethod
    def _ready(self) -> bool:
        """Whether the tokens suffice for the next piece of work."""

    @abstractmethod
    def _speak(self) -> Generator[Audio | None, None, None]:
        """Yield after every piece of work the audio it finished."""

    def _draw_noise(self, frames: int) -> NDArray[np.float32]:
        """Draw the next frames of noise, (inter_channels, frames); frame by frame, so that it may come in parts."""
        channels = self.bundle.vits.config.inter_channels
        return np.ascontiguousarray(self._noise.standard_normal((frames, channels), np.float32).T)


class WholeSegment(SegmentRenderer):
    """Speaks a segment when all its tokens are there, as the official program does one segment; one piece of audio."""

    def _ready(self) -> bool:
        return self.ended

    def _speak(self) -> Generator[Audio | None, None, None]:
        voice, condition = self.bundle.vits, self.segment.reference.condition
        if not len(self.tokens):
            return
        encoded = encode_phonemes(voice, self.segment.phonemes)
        content = yield from silently(content_frames(voice, self.tokens, encoded, condition))
        content = change_speed(content, self.segment.speed)
        noise = self._draw_noise(content.shape[1])
        frames = yield from silently(latent_frames(voice, content, condition, noise))
        parts = []
        for part in voice.vocoder.stream(frames, condition):
            parts.append(part)
            yield None
        yield limited(np.concatenate(parts))


def silently(steps: Generator[None, None, T]) -> Generator[Audio | None, None, T]:
    """Delegate to a computation that finishes no audio."""
    return (yield from steps)


def limited(audio: Audio) -> Audio:
    """Return audio divided by its peak where that exceeds 1, as the official program does per segment."""
    peak = float(np.abs(audio).max(initial=0.0))
    return np.asarray(audio / peak if peak > 1 else audio, np.float32)

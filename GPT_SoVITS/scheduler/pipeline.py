"""What the scheduler needs from the synthesis itself, as interfaces: the real ones and the tests' doubles fit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.messages import Reference, SynthesisRequest, WeightsPair
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput
from GPT_SoVITS.t2s.decoding import Generation, Row

Pump = Callable[[str, float], None]
"""Called between bounded units of a load, with what comes next in words and the part that is done, 0 to 1; on the
owner's thread it runs other work meanwhile."""


class OpenedWeights(Protocol):
    """A pair of weight files that is open and known to belong together."""

    @property
    def needs_graphs(self) -> bool:
        """Whether loading them builds graphs, which only the owner's thread may."""


class Bundle(Protocol):
    """Loaded weights."""

    @property
    def weights(self) -> WeightsPair:
        """Their files."""

    @property
    def version(self) -> str:
        """Model version."""

    @property
    def sample_rate(self) -> int:
        """Of their audio, in Hz."""

    @property
    def memory_bytes(self) -> int:
        """What they hold."""

    @property
    def shared_bytes(self) -> Mapping[int, int]:
        """Of that, the bytes of each part which other weights may hold as well, by the part's identity."""

    @property
    def decoder(self) -> DecodeBackend:
        """Their text-to-semantic network."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the resources that speech reads beside them."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that they speak; empty for all of their version."""

    @property
    def decode_description(self) -> str:
        """The decoder's kind in words."""

    @property
    def vocoder_description(self) -> str:
        """What makes their audio, in words."""

    @property
    def sampler_description(self) -> str:
        """What their sampler multiplies, in words; empty where they have none."""


class Segment(Protocol):
    """A planned segment."""

    @property
    def index(self) -> int:
        """Its place in the text."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def expected_tokens(self) -> int:
        """Estimate of its semantic tokens."""

    @property
    def remark(self) -> str | None:
        """What is not as its writer may expect, known before it is spoken."""

    @property
    def lead(self) -> float:
        """Seconds of silence before it."""

    @property
    def silence(self) -> float:
        """Seconds of silence after it."""

    def row(self, attempt: int = 1) -> Row:
        """Begin an attempt (1 is the first) with its own random numbers."""


class RequestPlan(Protocol):
    """A request, cut and read."""

    @property
    def seed(self) -> int:
        """The one in use."""

    @property
    def segments(self) -> Sequence[Any]:
        """All of them (:class:`Segment`)."""

    @property
    def wanted(self) -> Sequence[int]:
        """Indices of those to speak, rising."""

    @property
    def sample_rate(self) -> int:
        """Of the audio, in Hz."""


class Renderer(Protocol):
    """Turns the tokens of one attempt at a segment into audio."""

    @property
    def pending(self) -> bool:
        """Whether :meth:`work` has something to do."""

    def offer(self, tokens: NDArray[np.int64], ended: bool) -> None:
        """Give all tokens so far, and whether they are all."""

    def work(self) -> NDArray[np.float32] | None:
        """Do one bounded unit; return the audio (N,) that is ready for sending, None when none is yet."""


class Pipeline(Protocol):
    """The steps of a synthesis, on the owner's thread where nothing else is said."""

    def open(self, weights: WeightsPair) -> OpenedWeights:
        """Open weight files; may run on another thread. Raises an :class:`EngineError`."""

    def load(self, opened: Any, pump: Pump) -> Bundle:
        """Load and warm up weights; on another thread where they need no graphs. Raises an :class:`EngineError`."""

    def release(self, bundle: Any) -> None:
        """Weights have left the cache: forget what was computed with them."""

    def validate(self, request: SynthesisRequest) -> None:
        """Raise an :class:`EngineError` for what is wrong at first sight."""

    def prepare(self, bundle: Any, reference: Reference, *, ref_free: bool = False) -> Generator[None, None, Any]:
        """Encode the reference in bounded units; its value is what :meth:`plan` takes."""

    def plan(self, request: SynthesisRequest, bundle: Any, reference: Any) -> RequestPlan:
        """Cut and read the text. No network runs here; may run on another thread."""

    def decode_input(self, segment: Any) -> DecodeInput:
        """What a segment is decoded from, its features computed."""

    def judge(self, generation: Generation, segment: Any) -> str | None:
        """Why the tokens of an ended attempt are doubtful, None when they are not."""

    def judge_so_far(self, tokens: NDArray[np.int64]) -> str | None:
        """Why an attempt under way should be given up, None to go on; asked every so many tokens."""

    def doubt(self, generation: Generation, segment: Any) -> float:
        """How doubtful an attempt is; the least doubtful one is spoken when all are."""

    def renderer(self, bundle: Any, segment: Any, attempt: int) -> Renderer:
        """Begin the audio of an attempt."""

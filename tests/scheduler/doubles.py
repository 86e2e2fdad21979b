"""Scripted doubles of everything the scheduler turns: exact, without networks, on a clock that they advance themselves.

A text such as ``"a:20|b:15"`` is two segments of 20 and 15 tokens. Every unit of work leaves a line in the journal.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.interface import Listener
from GPT_SoVITS.engine.messages import Reference, Streaming, SynthesisRequest, WeightsPair
from GPT_SoVITS.scheduler import Scheduler, SchedulerLimits
from GPT_SoVITS.scheduler.pipeline import Pump
from GPT_SoVITS.t2s.backend import DecodeInput, DecodeState
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.decoding import Generation, Row
from tests.engine.listening import Story

RATE = 1000
SAMPLES_PER_TOKEN = 40  # 25 tokens a second
CHUNK = 10
CONFIG = T2SConfig(vocab_size=33, phoneme_vocab_size=1 << 30, hidden_dim=8, head=2, n_layer=1, bert_dim=1)
FIRST, SECOND, THIRD = (WeightsPair(f"{name}.ckpt", f"{name}.pth") for name in ("first", "second", "third"))


class Clock:
    """Seconds that pass only when work is done."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """What the doubles share: the clock, the journal, and what is to go wrong.

    Attributes:
        poison_steps: Segment name -> position at which a step with it in company, or alone, raises.
        poison_company: Whether only company hurts it.
        not_numbers: Segment names whose logits are no numbers.
        doubtful: Segment name -> reasons for its attempts, in order.
        broken: ``"voice a"`` and the like -> what that unit raises.
        unloadable: Weights -> what loading them raises.
        load_gate: What every load but that of the first weights waits for after each unit.
        load_fractions: What a load says of its units; empty for equal parts.
        watching: Called in the middle of a unit of a load.
        shared_bytes: Of those of a bundle, what all bundles share.
    """

    clock: Clock = field(default_factory=Clock)
    journal: list[str] = field(default_factory=list)
    poison_steps: dict[str, int] = field(default_factory=dict)
    poison_company: bool = False
    not_numbers: set[str] = field(default_factory=set)
    doubtful: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    unloadable: dict[WeightsPair, EngineError] = field(default_factory=dict)
    reference_units: int = 1
    load_units: int = 1
    needs_graphs: bool = False
    load_gate: threading.Event | None = None
    load_fractions: list[float] = field(default_factory=list)
    watching: Callable[[], object] = lambda: None
    bundle_bytes: int = 100
    shared_bytes: int = 0
    step_seconds: float = 0.02
    unit_seconds: float = 0.01
    voice_windows: int = 2
    divided_prefill: bool = False

    def unit(self, what: str) -> None:
        """Do a unit of work."""
        self.journal.append(what)
        self.clock.now += self.unit_seconds
        if what in self.broken:
            raise self.broken[what]


@dataclass(frozen=True)
class ScriptedSegment:
    index: int
    name: str
    expected_tokens: int
    request: SynthesisRequest
    weights: WeightsPair

    @property
    def text(self) -> str:
        return self.name

    @property
    def remark(self) -> str | None:
        return "some of it is not read" if self.name.endswith("?") else None

    @property
    def lead(self) -> float:
        return 0.5 if self.name.startswith("_") else 0.0

    @property
    def silence(self) -> float:
        return self.request.fragment_interval

    def row(self, attempt: int = 1) -> Row:
        seed = np.random.SeedSequence((self.request.seed or 0, self.index, attempt))
        prompt = np.zeros(3, np.int64)
        return Row(prompt, CONFIG.eos, self.request.sampling, np.random.default_rng(seed), 4 * self.expected_tokens)


@dataclass(frozen=True)
class ScriptedPlan:
    seed: int
    segments: Sequence[ScriptedSegment]
    wanted: Sequence[int]
    sample_rate: int = RATE


class ScriptedDecoder:
    """Logits that depend on the segment and the position, nothing else; ends at the segment's length."""

    config = CONFIG
    max_length = 500

    def __init__(self, world: World, name: str, max_rows: int = 16) -> None:
        self.world, self.name, self.max_rows = world, name, max_rows
        self.states = 0
        if world.divided_prefill:
            self.prefill_steps = self.in_pieces

    def start(self, rows: int) -> DecodeState:
        self.states += 1
        return DecodeState.empty(rows, {})

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> NDArray[np.float32]:
        segment = name_of(sequence)
        assert not state.active[slot]
        self.world.unit(f"prefill {segment}")
        state.active[slot], state.lengths[slot] = True, sequence.length
        state.cache[slot] = (segment, int(sequence.phonemes[1]), sequence.length)
        return self._logits(state, slot)

    def in_pieces(
        self, state: DecodeState, slot: int, sequence: DecodeInput
    ) -> Generator[None, None, NDArray[np.float32]]:
        """A prefill in three pieces, for the decoders that can."""
        for _ in range(2):
            self.world.unit(f"piece {name_of(sequence)}")
            yield
        return self.prefill(state, slot, sequence)

    def step(self, state: DecodeState, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        slots = np.flatnonzero(state.active)
        names = [state.cache[slot][0] for slot in slots]
        self.world.journal.append(f"step {self.name} {' '.join(names)}")
        self.world.clock.now += self.world.step_seconds
        state.lengths += state.active
        for slot in slots:
            segment, _, began = state.cache[slot]
            poison = self.world.poison_steps.get(segment)
            alone_is_fine = self.world.poison_company and len(slots) == 1
            if poison is not None and state.lengths[slot] - began == poison and not alone_is_fine:
                raise RuntimeError(f"{segment} hurts")
        logits = np.zeros((state.rows, CONFIG.vocab_size), np.float32)
        for slot in slots:
            logits[slot] = self._logits(state, slot)
        return logits

    def keep(self, state: DecodeState, slots: Sequence[int]) -> bool:
        return False

    def finish(self, state: DecodeState) -> None:
        self.states -= 1

    def _logits(self, state: DecodeState, slot: int) -> NDArray[np.float32]:
        segment, wanted, began = state.cache[slot]
        position = int(state.lengths[slot]) - began
        rng = np.random.default_rng((zlib.crc32(segment.encode()), position))
        logits = rng.standard_normal(CONFIG.vocab_size).astype(np.float32) * 3
        logits[CONFIG.eos] = 1e6 if position >= wanted else -1e6
        if segment in self.world.not_numbers and position == 5:
            logits[:] = np.nan
        return logits


_names: dict[int, str] = {}


def name_of(sequence: DecodeInput) -> str:
    """The segment that a sequence was made for."""
    return _names[int(sequence.phonemes[0])]


class ScriptedRenderer:
    """One sample value per token, delivered in windows (whole segment) or in chunks (streaming)."""

    def __init__(self, world: World, segment: ScriptedSegment) -> None:
        self.world, self.segment = world, segment
        self.streams = segment.request.streaming >= Streaming.TOKENS
        self.tokens = np.zeros(0, np.int64)
        self.ended = self.finished = False
        self.spoken = self.windows = 0

    def offer(self, tokens: NDArray[np.int64], ended: bool) -> None:
        assert not self.ended
        assert np.array_equal(tokens[: len(self.tokens)], self.tokens)
        self.tokens, self.ended = tokens, ended

    @property
    def pending(self) -> bool:
        if self.finished:
            return False
        return self.ended or (self.streams and len(self.tokens) - self.spoken >= CHUNK)

    def work(self) -> NDArray[np.float32] | None:
        self.world.unit(f"voice {self.segment.name}")
        self.windows += 1
        if not self.streams and self.windows < self.world.voice_windows:
            return None
        until = self.spoken + CHUNK if self.streams else len(self.tokens)
        new = self.tokens[self.spoken : until]
        self.spoken += len(new)
        self.finished = self.ended and self.spoken >= len(self.tokens)
        return np.repeat((new + 10) / 100, SAMPLES_PER_TOKEN).astype(np.float32)


@dataclass(frozen=True)
class ScriptedFiles:
    weights: WeightsPair
    needs_graphs: bool


@dataclass
class ScriptedBundle:
    weights: WeightsPair
    decoder: ScriptedDecoder
    memory_bytes: int
    version: str = "v2"
    sample_rate: int = RATE
    decode_description: str = "scripted"
    vocoder_description: str = "scripted too"
    sampler_description: str = "scripted as well"
    needs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    shared_bytes: Mapping[int, int] = field(default_factory=dict)


class ScriptedPipeline:
    """Implements :class:`GPT_SoVITS.scheduler.pipeline.Pipeline`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bundles: list[ScriptedBundle] = []
        self.load_threads: list[int] = []

    def open(self, weights: WeightsPair) -> ScriptedFiles:
        return ScriptedFiles(weights, self.world.needs_graphs)

    def load(self, opened: ScriptedFiles, pump: Pump) -> ScriptedBundle:
        weights = opened.weights
        name = weights.gpt.removesuffix(".ckpt")
        for unit in range(self.world.load_units):
            self.load_threads.append(threading.get_ident())
            self.world.unit(f"load {name}")
            self.world.watching()
            fractions = self.world.load_fractions
            pump(f"loading {name}", fractions[unit] if fractions else unit / self.world.load_units)
            if self.world.load_gate is not None and weights != FIRST:
                self.world.load_gate.wait(30)
        if weights in self.world.unloadable:
            raise self.world.unloadable[weights]
        decoder = ScriptedDecoder(self.world, name)
        shared = {1: self.world.shared_bytes} if self.world.shared_bytes else {}
        self.bundles.append(ScriptedBundle(weights, decoder, self.world.bundle_bytes, shared_bytes=shared))
        return self.bundles[-1]

    def release(self, bundle: ScriptedBundle) -> None:
        self.world.journal.append(f"release {bundle.decoder.name}")

    def validate(self, request: SynthesisRequest) -> None:
        if "invalid" in self.world.broken and request.text == "invalid":
            raise self.world.broken["invalid"]

    def prepare(
        self, bundle: ScriptedBundle, reference: Reference, *, ref_free: bool = False
    ) -> Generator[None, None, str]:
        for _ in range(self.world.reference_units):
            self.world.unit(f"reference {reference.path}")
            yield
        return reference.path

    def plan(self, request: SynthesisRequest, bundle: ScriptedBundle, reference: str) -> ScriptedPlan:
        self.world.unit(f"plan {request.text}")
        segments = []
        for index, part in enumerate(request.text.split("|")):
            name, _, tokens = part.partition(":")
            segments.append(ScriptedSegment(index, name, int(tokens or 15), request, bundle.weights))
        wanted = range(len(segments)) if request.segments is None else request.segments
        return ScriptedPlan(request.seed or 0, segments, list(wanted))

    def decode_input(self, segment: ScriptedSegment) -> DecodeInput:
        self.world.unit(f"input {segment.name}")
        key = zlib.crc32(segment.name.encode()) >> 2
        _names[key] = segment.name
        return DecodeInput(
            np.array([key, segment.expected_tokens]), np.zeros((1, 2), np.float32), np.zeros(3, np.int64)
        )

    def judge(self, generation: Generation, segment: ScriptedSegment) -> str | None:
        reasons = self.world.doubtful.get(segment.name)
        return reasons.pop(0) if reasons else None

    def judge_so_far(self, tokens: NDArray[np.int64]) -> str | None:
        return None

    def doubt(self, generation: Generation, segment: ScriptedSegment) -> float:
        return float(generation.tokens.sum())

    def renderer(self, bundle: ScriptedBundle, segment: ScriptedSegment, attempt: int) -> ScriptedRenderer:
        return ScriptedRenderer(self.world, segment)


class Desk:
    """A scheduler over the doubles, turned by hand."""

    def __init__(
        self,
        world: World | None = None,
        *,
        weights: WeightsPair | None = FIRST,
        beside: Executor | None = None,
        **limits: Any,
    ) -> None:
        self.world = world or World()
        self.pipeline = ScriptedPipeline(self.world)
        self.scheduler = Scheduler(self.pipeline, SchedulerLimits(**limits), clock=self.world.clock, beside=beside)
        if weights is not None:
            self.scheduler.load_now(weights, make_current=True)
            self.world.journal.clear()

    def ask(self, text: str, listener: Listener | None = None, **fields: Any) -> Story:
        """Submit a request; its events are in the story returned."""
        story = Story()

        def listen(event: Any) -> None:
            story(event)
            if listener is not None:
                listener(event)

        fields = {"seed": 1, "fragment_interval": 0.1, **fields}
        self.scheduler.submit(SynthesisRequest(text, "zh", Reference(text), **fields), listen)
        return story

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.scheduler.turn()

    def finish(self) -> list[str]:
        """Turn until there is nothing to do; returns the journal."""
        for _ in range(20000):
            if not self.scheduler.turn():
                return self.world.journal
        raise AssertionError(f"no end: {self.world.journal[-10:]}")

    def until(self, line: str) -> None:
        """Turn until the journal has a line."""
        for _ in range(20000):
            if line in self.world.journal:
                return
            assert self.scheduler.turn(), f"{line!r} never came: {self.world.journal}"
        raise AssertionError(f"{line!r} never came")


def solo(text: str, **fields: Any) -> NDArray[np.float32]:
    """The audio of a request that has the engine to itself."""
    desk = Desk()
    story = desk.ask(text, **fields)
    desk.finish()
    return story.audio

"""Speaking without a scheduler: one piece after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.messages import Reference, SynthesisRequest
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import SegmentPlan, plan
from GPT_SoVITS.inference.references import PreparedReference
from GPT_SoVITS.inference.speech import SegmentRenderer
from GPT_SoVITS.inference.streaming import open_renderer
from GPT_SoVITS.t2s.decoding import Generation, Row

Audio = NDArray[np.float32]
T = TypeVar("T")
TEXT = "Hello there, how are you? I am fine. It rains, and the wind is cold."


def finish(steps: Generator[None, None, T]) -> T:
    """Run a generator to its value."""
    values: list[T] = []

    def run() -> Generator[None, None, None]:
        values.append((yield from steps))

    for _ in run():
        pass
    return values[0]


def asked(text: str = TEXT, language: str = "en", **fields: Any) -> SynthesisRequest:
    """A request with a seed; its voice is given to the plan directly."""
    given: dict[str, Any] = {"reference": Reference("voice.wav"), "seed": 7, "how_to_cut": "cut5"}
    return SynthesisRequest(text, language, **{**given, **fields})


def generate(bundle: Bundle, features: Features, segment: SegmentPlan, attempt: int = 1) -> Generation:
    """Decode a segment's tokens by itself."""
    row: Row = segment.row(attempt)
    state = bundle.decoder.start(1)
    try:
        logits = bundle.decoder.prefill(state, 0, segment.decode_input(features))
        while row.accept(logits) is None:
            logits = bundle.decoder.step(state, np.full(state.rows, row.last))[0]
    finally:
        bundle.decoder.finish(state)
    return row.result(always_drop_last=True)


def drain(voice: SegmentRenderer) -> list[Audio]:
    """Do all work there is; return the pieces of audio."""
    found = []
    while voice.pending:
        audio = voice.work()
        if audio is not None:
            found.append(audio)
    return found


def speak_tokens(
    bundle: Bundle, segment: SegmentPlan, tokens: NDArray[Any], at_a_time: int | None = None
) -> tuple[Audio, list[int]]:
    """Speak given tokens, all at once or some at a time; return the audio and where its pieces end."""
    voice = open_renderer(bundle, segment)
    step = at_a_time or len(tokens)
    pieces: list[Audio] = []
    for known in [*range(step, len(tokens), step), len(tokens)]:
        voice.offer(tokens[:known], ended=known == len(tokens))
        pieces += drain(voice)
    assert voice.finished
    assert voice.samples == sum(map(len, pieces))
    return np.concatenate(pieces), list(np.cumsum([len(piece) for piece in pieces]))


def speak_alone(
    bundle: Bundle,
    features: Features,
    voice: PreparedReference,
    request: SynthesisRequest,
    decode: Callable[..., Generation] = generate,
) -> dict[int, Audio]:
    """Speak a request; return the audio of every segment that was asked for, the silence after it included."""
    found = {}
    for index in (planned := plan(request, bundle, voice)).wanted:
        segment = planned.segments[index]
        audio, _ = speak_tokens(bundle, segment, decode(bundle, features, segment).semantic)
        found[index] = np.concatenate([audio, silence_after(bundle, segment)])
    return found


def silence_after(bundle: Bundle, segment: SegmentPlan) -> Audio:
    """Return the silence that follows a segment, which is no part of its speech."""
    return np.zeros(int(segment.silence * bundle.sample_rate), np.float32)

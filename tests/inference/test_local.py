"""The whole engine on a thread, over small real networks: what is shared changes nothing, and nothing compiles."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS import TTS, compiled
from GPT_SoVITS.engine.errors import (
    EngineClosedError,
    InvalidRequestError,
    ReferenceAudioError,
    WeightsInvalidError,
    WeightsMissingError,
)
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    EngineState,
    Failed,
    Finished,
    LoadProgress,
    Priority,
    Progress,
    Reference,
    SegmentDone,
    Started,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.inference import bundle
from GPT_SoVITS.inference.local import LocalEngine, resident_bytes
from GPT_SoVITS.native import library
from GPT_SoVITS.scheduler.loading import Load, Loads
from GPT_SoVITS.sovits.synthesizer import Buckets
from GPT_SoVITS.t2s.jit_backend import JitBackend
from tests.engine.listening import Story, tell
from tests.engine.small import SmallInstallation, write_reference
from tests.waiting import eventually

TEXTS = (
    "Hello there, how are you? I am fine.",
    "It rains.",
    "One, two, three, four and five.",
    "Good night, all of you.",
)
FEW = Buckets(
    codes=(64, 384), phonemes=(128,), frames=(128, 768), reference=(256, 512), features=(256, 544)
)  # what these tests need, so that warming up takes seconds


@pytest.fixture(scope="module")
def engine(home: SmallInstallation) -> Iterator[LocalEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "BUCKETS", FEW)
        defaults = JitBackend.__init__.__kwdefaults__ or {}
        patch.setitem(defaults, "capacities", (256, 512))
        patch.setitem(defaults, "prefill_lengths", (256,))
        engine = LocalEngine(home.settings(warm_up=True, max_rows=2))
        eventually(lambda: engine.status().state is not EngineState.STARTING, seconds=300)
        engine.load(home.pair("two"), make_current=False).result(120)
    yield engine
    engine.close()


def request(home: SmallInstallation, number: int = 0, **fields: Any) -> SynthesisRequest:
    given = {"seed": number, "how_to_cut": "cut5", "max_attempts": 1, "fragment_interval": 0.1, **fields}
    return SynthesisRequest(TEXTS[number % len(TEXTS)], "en", home.voice, **given)


def spoken(story: Story) -> Story:
    last = story.last(120)
    assert isinstance(last, Finished), last
    return story


@pytest.fixture(scope="module")
def alone(engine: LocalEngine, home: SmallInstallation) -> dict[tuple[int, str], Any]:
    """Audio of every request when it has the engine to itself."""
    found = {}
    for number in range(len(TEXTS)):
        for name in ("one", "two"):
            story = tell(engine, request(home, number, weights=home.pair(name), streaming=Streaming(number)))
            found[number, name] = spoken(story).audio
    return found


def test_what_is_warm_needs_no_compiling_and_company_changes_no_sample(
    engine: LocalEngine, home: SmallInstallation, alone: dict[tuple[int, str], Any]
) -> None:
    before = compiled.compilations()
    stories = {
        key: tell(
            engine,
            request(
                home, key[0], weights=home.pair(key[1]), streaming=Streaming(key[0]), owner=str(key[0] % 3),
                priority=Priority(key[0] % 2),
            ),
        )
        for key in alone
    }  # fmt: skip
    for key, story in stories.items():
        assert np.array_equal(spoken(story).audio, alone[key]), key
    assert compiled.compilations() == before
    assert not np.array_equal(alone[0, "one"][:1000], alone[0, "two"][:1000])


def test_times_are_those_of_the_audio(engine: LocalEngine, home: SmallInstallation) -> None:
    story = spoken(tell(engine, request(home)))
    started, segments = story.all(Started)[0], story.all(SegmentDone)
    assert len(segments) == len(started.segments) >= 2
    for done in segments:
        first, last = (int(seconds * started.sample_rate) for seconds in (done.start, done.end))
        silence = story.audio[last : last + int(0.1 * started.sample_rate)]
        assert np.abs(silence).max() < 0.01
        assert np.abs(story.audio[first : first + int(0.05 * started.sample_rate)]).max() > 0
        # 25 tokens a second at speed 1; the sound may be shorter by silence at its ends.
        assert done.end - done.start == pytest.approx(done.tokens / 25, abs=0.05)
    assert story.all(Progress)


def test_a_part_is_spoken_as_in_the_whole(engine: LocalEngine, home: SmallInstallation) -> None:
    whole = spoken(tell(engine, request(home)))
    part = spoken(tell(engine, request(home, segments=(1,))))
    expected = np.concatenate([chunk.samples for chunk in whole.all(AudioChunk) if chunk.segment == 1])
    assert np.array_equal(part.audio, expected)


def test_cancelling_stops_within_a_step(engine: LocalEngine, home: SmallInstallation) -> None:
    story = tell(engine, request(home, 2, request_id="cancel me"))
    story.first(Progress)
    engine.cancel("cancel me")
    assert isinstance(story.last(60), Cancelled)
    assert not story.all(Finished)
    assert engine.status().active == 0


@pytest.mark.skipif(library.load().handle is None, reason="graphs are built on the thread that speaks")
def test_a_load_does_not_stop_speech(home: SmallInstallation, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a pair is packed, tokens come; how far it is can be seen and never falls."""
    engine, packing, spoken_on = LocalEngine(home.settings()), threading.Event(), threading.Event()
    build = bundle.build_bundle

    def slow(*arguments: Any) -> bundle.Bundle:
        packing.set()
        assert spoken_on.wait(60)
        return build(*arguments)

    spoken(tell(engine, request(home)))
    monkeypatch.setattr("GPT_SoVITS.inference.local.build_bundle", slow)
    loading = engine.load(home.pair("two"))
    assert packing.wait(60)
    during = spoken(tell(engine, request(home)))
    assert during.all(Started)[0].weights == home.pair() and not loading.done()
    progress = engine.status().loading
    assert progress is not None and progress.weights == home.pair("two")
    assert progress.step == "reading two.ckpt and two.pth"
    spoken_on.set()
    assert loading.result(60).weights == home.pair("two")
    status = engine.status()
    assert status.current is not None and (status.current.weights, status.loading) == (home.pair("two"), None)
    engine.close()


def test_how_far_the_start_is_can_be_seen(home: SmallInstallation, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[LoadProgress] = []
    note = Loads._note

    def noted(loads: Loads, load: Load, doing: str, fraction: float) -> None:
        note(loads, load, doing, fraction)
        assert loads.progress is not None
        told.append(loads.progress)  # a step may be shorter than any interval of asking

    monkeypatch.setattr(Loads, "_note", noted)
    engine = LocalEngine(home.settings(warm_up=True, max_rows=1))
    seen: list[LoadProgress] = []
    while engine.status().state is EngineState.STARTING:
        progress = engine.status().loading
        if progress is not None and (not seen or seen[-1] != progress):
            seen.append(progress)
        time.sleep(0.001)
    engine.close()
    assert seen and all(progress in told for progress in seen)
    fractions = [each.fraction for each in told]
    assert len(told) > 3 and fractions == sorted(fractions) and fractions[0] < 0.5 < fractions[-1] <= 1
    assert {each.weights for each in told} == {home.pair()}
    for step in ("HuBERT", "reading the Chinese dictionaries"):
        assert any(step in each.step for each in told), step


def test_closing_the_stream_of_a_request_frees_its_slot(engine: LocalEngine, home: SmallInstallation) -> None:
    events = stream(engine, request(home, 2))
    assert isinstance(next(iter(events)), Started)
    events.close()  # type: ignore[attr-defined]
    spoken(tell(engine, request(home, 1)))


def test_mistakes_have_their_types(engine: LocalEngine, home: SmallInstallation, tmp_path: Path) -> None:
    write_reference(tmp_path / "short.wav", 1.0)
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"speed": 9.0}, InvalidRequestError),
        ({"segments": (99,)}, InvalidRequestError),
        ({"weights": WeightsPair("nothing.ckpt", "nothing.pth")}, WeightsMissingError),
        ({"weights": WeightsPair(home.pair().sovits, home.pair().gpt)}, WeightsInvalidError),
    ]
    for fields, kind in wrong:
        last = tell(engine, request(home, **fields)).last(60)
        assert isinstance(last, Failed) and isinstance(last.error, kind), (fields, last)
    for path in ("nothing.wav", str(tmp_path / "short.wav")):
        silent = SynthesisRequest("Hello.", "en", Reference(path))
        last = tell(engine, silent).last(60)
        assert isinstance(last, Failed) and isinstance(last.error, ReferenceAudioError), last
    last = tell(engine, SynthesisRequest("!?…", "en", home.voice)).last(60)
    assert isinstance(last, Failed) and isinstance(last.error, InvalidRequestError), last
    with pytest.raises(WeightsMissingError):
        engine.load(WeightsPair("nothing.ckpt", "nothing.pth")).result(60)
    status = engine.status()
    assert status.current is not None and status.current.weights == home.pair()


def test_the_facade(engine: LocalEngine, home: SmallInstallation, tmp_path: Path) -> None:
    voice = home.voice
    with TTS(reference=voice.path, reference_text=voice.text, reference_language="en", engine=engine) as tts:
        options: dict[str, Any] = {"seed": 3, "how_to_cut": "cut5", "max_attempts": 1}
        speech = tts.speak(TEXTS[0], language="en", **options)
        again = tts.speak(TEXTS[0], language="en", **options)
        assert np.array_equal(speech.audio, again.audio)
        assert (speech.seed, speech.sample_rate) == (3, 32000)
        text, start, end = speech.segments[1]
        assert (text, start < end) == ("how are you?", True)
        assert speech.srt().startswith("1\n00:00:00,")
        assert speech.save(tmp_path / "speech.flac").stat().st_size > 1000
        assert "<audio" in speech._repr_html_()
        chunks = list(tts.stream(TEXTS[0], language="en", top_k=5, **options))
        assert len(chunks) > len(speech.segments)
        with pytest.raises(InvalidRequestError):
            tts.speak("Hello.", language="en", top_k=0)
        with pytest.raises(InvalidRequestError):
            tts.speak("Hello.", language="en", no_such_option=1)
    with pytest.raises(EngineClosedError):
        tts.speak("Hello.")
    with pytest.raises(InvalidRequestError, match="no voice"):
        TTS(engine=engine).speak("Hello.")


@pytest.mark.full
def test_memory_stands_still(engine: LocalEngine, home: SmallInstallation) -> None:
    def hundred() -> int:
        for number in range(100):
            spoken(tell(engine, request(home, number, streaming=Streaming(number % 4))))
        return resident_bytes()

    hundred()
    sizes = [hundred() for _ in range(3)]
    assert min(after - before for before, after in itertools.pairwise(sizes)) < 1 << 20, sizes

"""The engine in a real process, killed at bad moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import EngineDiedError
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineSettings,
    EngineState,
    Failed,
    Finished,
    Started,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.native import library
from GPT_SoVITS.opening import open_engine
from GPT_SoVITS.process import start as process
from GPT_SoVITS.process.supervisor import RemoteEngine
from tests.engine.listening import tell
from tests.engine.small import SmallInstallation, write_sovits, write_speaker_verifier
from tests.waiting import eventually

PATIENCE = 300.0


@pytest.fixture(scope="module")
def engine(home: SmallInstallation) -> Iterator[RemoteEngine]:
    engine = open_engine(home.settings(max_rows=2))
    assert isinstance(engine, RemoteEngine)
    yield engine
    engine.close(5)
    assert engine.status().state is EngineState.CLOSED


def request(home: SmallInstallation, text: str = "It rains, and it rains.", **fields: Any) -> SynthesisRequest:
    return SynthesisRequest(text, "en", home.voice, **{"seed": 7, "how_to_cut": "cut5", "max_attempts": 1, **fields})


def kill(engine: RemoteEngine) -> None:
    pid = engine.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_engine_is_started_again_and_asked_again(engine: RemoteEngine, home: SmallInstallation) -> None:
    whole = tell(engine, request(home))
    waiting = tell(engine, request(home, "Good night."))
    assert isinstance(whole.last(PATIENCE), Finished)
    assert isinstance(waiting.last(PATIENCE), Finished)
    first = engine.status()
    assert first.state is EngineState.READY
    assert first.memory_bytes > 100 << 20

    again = tell(engine, request(home))
    again.first(Started)
    kill(engine)
    queued = tell(engine, request(home, "Good night."))
    assert isinstance(again.last(PATIENCE), Finished), "no audio had left, so it was sent once more"
    assert isinstance(queued.last(PATIENCE), Finished)
    assert np.array_equal(again.audio, whole.audio)
    assert len(again.all(Started)) == 1
    status = engine.status()
    assert (status.restarts, status.state) == (1, EngineState.READY)
    assert status.pid != first.pid

    heard = tell(engine, request(home, streaming=Streaming.TOKENS_FAST, min_chunk_length=6))
    heard.first(AudioChunk, PATIENCE)
    kill(engine)
    last = heard.last(PATIENCE)
    assert isinstance(last, Failed)
    assert isinstance(last.error, EngineDiedError)
    assert last.error.may_retry


def maps(engine: RemoteEngine) -> str:
    """What the engine process has mapped."""
    return Path(f"/proc/{engine.status().pid}/maps").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.skipif(library.load().handle is None, reason="without native kernels everything runs in graphs")
@pytest.mark.parametrize("warm_up", [False, True])
def test_what_runs_natively_speaks_without_mindspore(home: SmallInstallation, warm_up: bool) -> None:
    """Also where the kernels' check is not noted: another process makes it then."""
    engine = RemoteEngine(home.settings(warm_up=warm_up))
    try:
        assert isinstance(tell(engine, request(home)).last(PATIENCE), Finished)
        status, mapped = engine.status(), maps(engine)
        assert status.decode_backend.startswith("native") and status.vocoder.startswith("native")
        assert "/gpt_sovits_" in mapped, "the native library is there"
        assert "/mindspore/" not in mapped
    finally:
        engine.close(5)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.skipif(library.load().handle is None, reason="without native kernels everything runs in graphs")
def test_pro_versions_speak_without_mindspore_too(home: SmallInstallation, tmp_path: Path) -> None:
    """Their speaker verifier runs on the host's products."""
    write_sovits(tmp_path / "pro.pth", 0, "v2Pro")
    write_speaker_verifier(tmp_path / "verifier.ckpt")
    weights = WeightsPair(home.pair().gpt, str(tmp_path / "pro.pth"))
    engine = RemoteEngine(home.settings(weights=weights, speaker_verifier=str(tmp_path / "verifier.ckpt")))
    try:
        story = tell(engine, request(home))
        assert isinstance(story.last(PATIENCE), Finished)
        assert story.first(Started).version == "v2Pro"
        mapped = maps(engine)
        assert "/gpt_sovits_" in mapped and "/mindspore/" not in mapped
    finally:
        engine.close(5)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_graphs_bring_mindspore_along(home: SmallInstallation) -> None:
    engine = RemoteEngine(home.settings(decode_backend="jit", max_rows=1))
    try:
        ordered = engine.load(home.pair())
        seen = []
        while not ordered.done():
            loading = engine.status().loading
            if loading is not None:
                assert loading.weights == home.pair() and loading.step
                seen.append(loading.fraction)
            time.sleep(0.02)
        assert ordered.result(PATIENCE).weights == home.pair()
        assert seen and seen == sorted(seen) and seen[0] >= 0 and seen[-1] <= 1, "known while the process starts"
        assert engine.status().loading is None
        assert engine.status().decode_backend.startswith("portable")
        assert "/mindspore/" in maps(engine)
    finally:
        engine.close(5)


SCRIPT = """
import sys, time
from pathlib import Path
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.opening import open_engine
engine = open_engine(EngineSettings(warm_up=False, device_target="CPU"))
while engine.status().pid is None:
    time.sleep(0.01)
assert "mindspore" not in sys.modules
print(engine.status().pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_ends_with_its_owner() -> None:
    root = Path(__file__).parents[2]
    owner = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_alive(pid)
    finally:
        owner.kill()
        owner.wait()
    eventually(lambda: not is_alive(pid), seconds=30)


def test_an_end_is_noticed_though_a_grandchild_holds_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import subprocess, os; subprocess.Popen(['sleep', '30']); os._exit(3)"
    monkeypatch.setattr(process, "_BOOT", script)
    began = time.monotonic()
    ended = process.EngineProcess(EngineSettings(), heard=lambda message: None)
    assert ended.wait(20)
    assert "code 3" in ended.end()
    assert time.monotonic() - began < 25, "the grandchild sleeps 30 s"


@pytest.mark.full
def test_killed_twenty_times_under_load(engine: RemoteEngine, home: SmallInstallation) -> None:
    """Every request ends in one way; what ends well has the samples that it always has."""
    expected = tell(engine, request(home))
    assert isinstance(expected.last(PATIENCE), Finished)
    rng = random.Random(0)
    ends = {Finished: 0, Failed: 0}
    for _ in range(20):
        stories = [tell(engine, request(home, streaming=Streaming(n % 4))) for n in range(6)]
        plain = [story for n, story in enumerate(stories) if n % 4 < 2]
        time.sleep(rng.uniform(0, 6))
        kill(engine)
        for story in stories:
            last = story.last(PATIENCE)
            assert isinstance(last, Finished | Failed)
            ends[type(last)] += 1
            if isinstance(last, Failed):
                assert isinstance(last.error, EngineDiedError)
            elif story in plain:
                assert np.array_equal(story.audio, expected.audio)
    assert ends[Finished] > 60, ends

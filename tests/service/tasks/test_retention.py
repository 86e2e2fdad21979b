"""What was spoken while a client waited is kept as long as tasks are, and no longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.jobs import cleaning
from service.jobs.manager import JobManager
from tests.service.conftest import Running, Starter
from tests.service.tasks.bench import Bench
from tests.service.tasks.http import body
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases

DAY = 86_400.0


def _age(path: Path, days: float) -> None:
    for each in (*path.iterdir(), path):
        os.utime(each, (time.time() - days * DAY,) * 2)


def _kept(root: Path, user: str, name: str, *suffixes: str, days: float) -> Path:
    folder = root / "output" / user / name
    folder.mkdir(parents=True)
    for suffix in suffixes or (".wav",):
        (folder / f"{name}{suffix}").write_bytes(b"x")
    _age(folder, days)
    return folder


def test_old_results_go_and_young_ones_stay(bench: Bench) -> None:
    spoken = _kept(bench.root, "u1", "T1", days=8)
    subtitled = _kept(bench.root, "srt", "T2", ".wav", ".srt", days=8)
    half = _kept(bench.root, "u1", "T3", days=8)
    (half / ".T3.wav.77-1.tmp").write_bytes(b"x")
    _age(half, 8)
    young = _kept(bench.root, "u1", "T4", days=6)
    same_name = _kept(bench.root, "u2", "T1", days=6)
    assert bench.jobs.recovery.expire(time.time() - 7 * DAY) == 3
    assert not spoken.exists() and not subtitled.parent.exists() and not half.exists()
    assert (young / "T4.wav").is_file() and (same_name / "T1.wav").is_file()


@pytest.mark.parametrize("ended", [False, True])
def test_what_a_task_owns_goes_with_the_task_alone(bench: Bench, ended: bool) -> None:
    bench.submit("t1")
    if ended:
        bench.cancel("t1")
    folder = _kept(bench.root, "u1", "t1", days=8)
    assert bench.jobs.recovery.expire(time.time() - 7 * DAY) == 0
    assert folder.is_dir()


def test_what_was_not_written_here_stays(bench: Bench) -> None:
    folder = _kept(bench.root, "u1", "T1", days=8)
    (folder / "notes.txt").write_text("mine")
    (bench.root / "output" / "u1" / "loose.wav").write_bytes(b"x")
    outside = _kept(bench.root / "elsewhere", "u1", "T9", days=8)
    (bench.root / "output" / "linked").symlink_to(outside.parent)
    _age(folder, 8)
    assert bench.jobs.recovery.expire(time.time() - 7 * DAY) == 0
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert (bench.root / "output/u1/loose.wav").exists() and (outside / "T9.wav").exists()


def test_results_of_both_interfaces_are_found(running: Running) -> None:
    running.client.post("/synthesize", json=body(running, task_id="mine"))
    asked = {"text": "你好。", "text_lang": "zh", "prompt_lang": "zh", "ref_audio_path": "audio/reference.wav"}
    assert running.client.get("/srt", params=asked).status_code == 200
    recovery = running.app.state.container.get(JobManager).recovery
    assert recovery.expire(time.time() - 60) == 0
    assert recovery.expire(time.time() + 60) == 2
    assert list((running.root / "output").iterdir()) == []


def test_a_replica_without_a_worker_removes_what_it_answered_itself(
    start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "BETWEEN_SECONDS", 0.05)
    replica = start(FakeEngine(), worker=False)
    replica.client.post("/synthesize", json=body(replica, task_id="mine"))
    young = replica.root / "output" / "u1" / "mine"
    old = _kept(replica.root, "u1", "T1", days=8)
    eventually(lambda: not old.exists())
    assert (young / "mine.wav").is_file()

"""A service that was killed at the worst moment: the next one puts the folders right before anybody looks."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from service.database import Database
from service.jobs.records import Status
from service.speech import file_repair, files
from service.speech.file_repair import ENTRIES, PREMATURE, RESTITCHED, SpeechFiles
from service.speech.records import KIND, Plan, Spoken
from tests.service.tasks.bench import Bench

pytestmark = pytest.mark.both_databases

PLAN = Plan(7, "g.ckpt", "s.pth", "v2", 100, ("一。", "二。"))


class Killed(BaseException):
    """Stands for kill -9: nothing that would tidy up is run."""


def _done(bench: Bench, name: str) -> None:
    lease = bench.claim("w", 60)
    assert lease is not None and lease.job.job_id == name
    bench.start(lease, PLAN)
    for index in range(2):
        bench.keep(lease, Spoken(index, np.full(10, index, np.int16), 0, 0.1, 1, 1, None))
    bench.finish(lease)


def test_a_quiet_restart_changes_nothing(bench: Bench) -> None:
    bench.submit("t1")
    _done(bench, "t1")
    bench.submit("t2")
    before = sorted(str(path) for path in bench.root.rglob("*"))
    assert not bench.jobs.recovery.at_start()
    assert sorted(str(path) for path in bench.root.rglob("*")) == before


def test_a_result_that_appeared_before_its_commit_is_taken_back_and_made_again(bench: Bench) -> None:
    bench.submit("t1")
    lease = bench.claim("w", 60)
    assert lease is not None
    bench.start(lease, PLAN)
    for name in ("done/t1.wav", "done/t1.json", "done/.t1.g0.wav"):
        (bench.root / name).write_bytes(b"x")
    bench.jobs.leases.recover(lambda _: True)
    assert bench.jobs.recovery.at_start().counted[PREMATURE] == 1
    assert not list((bench.root / "done").iterdir())
    _done(bench, "t1")
    assert bench.status("t1") is Status.DONE


def test_an_interrupted_removal_is_finished(bench: Bench) -> None:
    bench.submit("t1")
    _done(bench, "t1")
    bench.jobs.endings.hide(KIND, "t1")
    assert (bench.root / "done/t1.wav").is_file()
    assert bench.jobs.recovery.at_start().counted["removed"] == 1
    assert not list(bench.root.rglob("*t1*"))


def test_missing_entries_are_written_again(bench: Bench) -> None:
    bench.submit("t1")
    _done(bench, "t1")
    bench.submit("t2")
    for name in ("done/t1.json", "task/t2.json", "output/u1/t1/t1.wav"):
        (bench.root / name).unlink()
    assert bench.jobs.recovery.at_start().counted[ENTRIES] == 2
    assert (bench.root / "output/u1/t1/t1.wav").read_bytes() == (bench.root / "done/t1.wav").read_bytes()


def test_half_written_files_of_the_dead_are_removed(bench: Bench) -> None:
    half = bench.root / "done/.t1.wav.4194304-17.tmp"
    half.write_bytes(b"RIFF")
    young = bench.root / f"done/.t2.wav.{os.getppid()}-17.tmp"
    young.write_bytes(b"RIFF")
    assert bench.jobs.recovery.at_start().counted["half-written"] == 1
    assert young.exists(), "its writer lives"


def test_an_entry_whose_commit_never_came_is_removed_and_foreign_files_stay(bench: Bench) -> None:
    bench.submit("t1")
    for name in ("task/never.json", "task/young.json"):
        (bench.root / name).write_bytes((bench.root / "task/t1.json").read_bytes())
    (bench.root / "task/foreign.json").write_text('{"mine": true}')
    for name in ("never", "foreign", "t1"):
        os.utime(bench.root / f"task/{name}.json", (time.time() - 60,) * 2)
    bench.jobs.recovery.tidy()
    assert sorted(path.stem for path in (bench.root / "task").glob("*.json")) == ["foreign", "t1", "young"]


def test_an_interrupted_stitching_is_finished(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.submit("t1")
    _done(bench, "t1")
    before = bench.find("t1")

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SpeechFiles, "put_in_place", killed)
        bench.store.replace(before, Spoken(1, np.full(4, 9, np.int16), 0, 0.1, 1, 1, None), seed=8)
    assert bench.jobs.recovery.at_start().counted[RESTITCHED] == 1
    for name in ("done/t1.wav", "output/u1/t1/t1.wav"):
        assert np.frombuffer((bench.root / name).read_bytes()[44:], "<i2").tolist() == [0] * 10 + [9] * 4


@pytest.mark.parametrize("step", ["stitch", "publish_output", "write_entry"])
def test_killed_while_finishing_the_task_is_finished_by_the_next_attempt(
    tmp_path: Path, bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    bench.submit("t1")
    lease = bench.claim("w", 60)
    assert lease is not None
    bench.start(lease, PLAN)
    for index in range(2):
        bench.keep(lease, Spoken(index, np.full(10, index, np.int16), 0, 0.1, 1, 1, None))

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(bench.folders, step, killed)
        patch.setattr(file_repair, "drop", lambda *_: None)
        patch.setattr(files, "drop", lambda *_: None)
        bench.finish(lease)
    bench.jobs.leases.recover(lambda _: True)
    bench.jobs.recovery.at_start()
    assert not list((bench.root / "done").iterdir())
    again = bench.claim("w", 60)
    assert again is not None and all(segment.done for segment in bench.segments("t1"))
    assert bench.finish(again).status is Status.DONE

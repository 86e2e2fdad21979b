"""What is remembered of copies, and how room is made."""

from __future__ import annotations

import os
import time
from pathlib import Path

from service.objects.ledger import FOLDER, Ledger


def _copy(ledger: Ledger, path: Path, age: float, size: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    ledger.note(path, "m", path.stat())
    entry = max((path.parents[1] / FOLDER).iterdir(), key=lambda each: each.stat().st_ctime_ns)
    os.utime(entry, (time.time() - age,) * 2)


def test_the_copies_that_were_not_used_for_longest_go_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, 10_000)
    paths = [tmp_path / "done" / f"{n}.wav" for n in range(4)]
    for number, path in enumerate(paths):
        _copy(ledger, path, 10_000 - 1000 * number)
    mine = tmp_path / "done/mine.wav"
    mine.write_bytes(b"x" * 1000)
    assert ledger.mark(paths[0]) == "m", "it was used now"
    assert Ledger(tmp_path, 25, keep_seconds=100.0).make_room() == 2
    assert [path.exists() for path in (*paths, mine)] == [True, False, False, True, True]


def test_what_was_used_lately_stays_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, 10_000)
    _copy(ledger, tmp_path / "done/new.wav", 1)
    _copy(ledger, tmp_path / "done/gone.wav", 1)
    (tmp_path / "done/gone.wav").unlink()
    assert Ledger(tmp_path, 5, keep_seconds=100.0).make_room() == 1
    assert (tmp_path / "done/new.wav").exists() and len(list((tmp_path / FOLDER).iterdir())) == 1


def test_a_file_that_was_changed_is_no_copy(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, 1000)
    path = tmp_path / "done/t.wav"
    _copy(ledger, path, 1)
    assert ledger.mark(path) == "m"
    path.write_bytes(b"longer than before")
    assert ledger.mark(path) is None


def test_room_is_made_as_it_is_taken(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, 100, keep_seconds=0.0)
    paths = [tmp_path / "done" / f"{n}.wav" for n in range(4)]
    for path in paths:
        _copy(ledger, path, 1, size=50)
    assert len([path for path in paths if path.exists()]) <= 3 and not paths[0].exists()

"""No step at which a process may be killed leaves a voice without its files, or files without their voice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from service.errors import ConflictError
from service.voices.records import Files
from tests.service.databases import Databases, PostgresDatabases
from tests.service.voices.killing import files, make, store_in, wrong_after_start

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.full), 4])
def test_killed_at_steps_that_touch_the_disk(tmp_path: Path, databases: Databases, every: int) -> None:
    """SQLite: at every step. PostgreSQL: at every fourth in the quick run, since each has a database of its own."""
    # Waiting for a real disk takes most of the time and shows nothing here: the processes die, the machine does not.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as scratch:
        words = ("postgresql", str(every)) if isinstance(databases, PostgresDatabases) else ("sqlite",)
        answer = _kill(scratch, *words)
    assert answer.returncode == 0, answer.stderr[-3000:]
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert found["kills"] > 40 / every, "the steps are still noticed"


def _kill(scratch: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.service.voices.killing", scratch, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=Path(__file__).parents[3],
    )


def test_a_database_that_fails_at_the_commit_takes_the_folder_back(
    tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path, databases)

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.voices.store.set_categories", fail)
    with pytest.raises(OSError, match="No space"):
        make(store)
    monkeypatch.undo()
    assert store.page(0, 10) == ([], 0)
    assert wrong_after_start(tmp_path, databases) == []
    make(store)

    monkeypatch.setattr("service.voices.store._named", fail)
    with pytest.raises(OSError, match="No space"):
        store.folders.of("v").stat()
        store.remove("v")
    monkeypatch.undo()
    assert store.find("v").reference == "refer.wav" and store.folders.of("v").is_dir()


def test_of_many_who_make_the_same_voice_one_does(tmp_path: Path, databases: Databases) -> None:
    results: list[str] = []
    store = store_in(tmp_path, databases)

    def attempt(number: int) -> None:
        try:
            store.create("v", {"model_name": f"N{number}", "gender": 1}, files(number))
            results.append("made")
        except ConflictError:
            results.append("refused")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["made"] + ["refused"] * 5
    assert wrong_after_start(tmp_path, databases) == []


def test_names_are_found_whatever_their_letters(tmp_path: Path, databases: Databases) -> None:
    store = store_in(tmp_path, databases)
    make(store)
    with pytest.raises(ConflictError):
        make(store)
    assert store.change("v", {"model_name": "Ü100%"}, Files()).model_name == "Ü100%"
    assert store.page(0, 10, "ü100%")[1] == 1 and store.page(0, 10, "_")[1] == 0
    store.remove("v")
    assert store.page(0, 10) == ([], 0)

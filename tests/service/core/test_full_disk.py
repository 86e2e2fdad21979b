"""On a disk that is full to the last byte, the root's too, the service starts, serves and deletes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.settings import load_settings
from tests.service.conftest import Running, listening
from tests.service.databases import SqliteDatabases
from tests.service.samples import post_voice, sound, speechlike
from tests.service.tasks.http import body, ended, submit

_MEBIBYTES = 64
"""More than what a worker leaves free."""


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "volume"
    folder.mkdir()
    size = f"size={_MEBIBYTES}m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"disks cannot be mounted here: {mounted.stderr.decode(errors='replace').strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(volume: Path) -> None:
    """Write until nothing more can be written."""
    with (volume / f"filler-{len(list(volume.glob('filler-*')))}").open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass


def empty(volume: Path) -> None:
    """Give back what :func:`fill` took."""
    for path in volume.glob("filler-*"):
        path.unlink()


@contextlib.contextmanager
def serving(root: Path, **given: Any) -> Iterator[Running]:
    """A service in a folder, until the block ends."""
    settings = load_settings(root=root, host="127.0.0.1", **given)
    engine = FakeEngine()
    app: FastAPI = create_app(settings, engine)
    with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield Running(client, app, engine, settings)
    engine.close(1.0)


@pytest.fixture
def database(databases: object) -> SqliteDatabases:
    """Files, which lie on the disk."""
    if not isinstance(databases, SqliteDatabases):
        pytest.skip("a database on a server has a disk of its own")
    return databases


def _serves(running: Running, done: str) -> None:
    client = running.client
    assert client.get("/healthz").status_code == 200 and client.get("/index").status_code == 200
    assert client.get(f"/voice-tasks/{done}").json()["data"]["status"] == "done"
    assert client.get(f"/done/{done}.wav").content[:4] == b"RIFF"
    assert client.get("/voice-models").json()["data"]["total"] >= 1
    assert client.get("/audio/narrator/refer.wav").content[:4] == b"RIFF"


def _refuses(running: Running) -> None:
    """What needs room is refused in words, and nothing of it is left."""
    big = {**body(running), "task_id": "refused", "text": "长句子。" * 2000}
    answer = running.client.post("/voice-tasks", json=big)
    assert (answer.status_code, answer.json()["code"]) == (507, 1), answer.text
    assert running.client.get("/voice-tasks/refused").status_code == 404
    voice = post_voice(running.client, model_id="more", model_name="more")
    assert (voice.status_code, voice.json()["code"]) == (507, 1), voice.text
    assert running.client.get("/voice-models/more").status_code == 404
    assert not (running.root / "audio/more").exists()
    large = sound(speechlike(9.5, 96_000), 96_000)  # such a one goes through a temporary file
    answer = running.client.post("/voice-models/check", files={"refer_wav": ("r.wav", large)})
    assert (answer.status_code, answer.json()["code"]) == (507, 1), answer.text


def _removes(running: Running, task_id: str, voice: str, category: str) -> None:
    client = running.client
    assert client.delete(f"/voice-tasks/{task_id}").json()["data"] == {"removed": True}
    assert not (running.root / f"done/{task_id}.wav").exists()
    assert client.delete(f"/voice-models/{voice}").status_code == 200
    assert not (running.root / f"audio/{voice}").exists()
    assert client.delete(f"/voice-categories/{category}").status_code == 200


def _filled(running: Running) -> list[str]:
    """Make what will be there when the disk is full; return ids of tasks."""
    for name in ("narrator", "one", "two"):
        assert post_voice(running.client, model_id=name, model_name=name).status_code == 200
        category = {"category_id": f"c-{name}", "category_name": name}
        assert running.client.post("/voice-categories", json=category).status_code == 200
    made = [submit(running)["task_id"] for _ in range(3)]
    assert [ended(running, task_id)["status"] for task_id in made] == ["done"] * 3
    return made


def test_everything_lies_on_the_full_disk(
    volume: Path, database: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporary files too, as where the root's disk is full."""
    monkeypatch.setenv("TMPDIR", str(volume / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (volume / "tmp").mkdir()
    root = volume / "service"
    database.url(root)
    with serving(root) as running:
        first, second, third = _filled(running)
        fill(volume)
        _serves(running, third)
        _refuses(running)
        _removes(running, first, "one", "c-one")
        fill(volume)
    fill(volume)
    assert os.statvfs(volume).f_bavail == 0
    with serving(root) as running:
        _serves(running, third)
        _removes(running, second, "two", "c-two")
        fill(volume)
        _refuses(running)
        empty(volume)
        assert ended(running, submit(running)["task_id"])["status"] == "done"
        assert post_voice(running.client, model_id="more", model_name="more").status_code == 200


_LONG = [pytest.param(name, marks=pytest.mark.full) for name in ("audio", "task", "output", "error", "Logs")]


@pytest.mark.parametrize("name", ["done", *_LONG])
def test_another_disk_is_full(
    volume: Path, tmp_path: Path, database: SqliteDatabases, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One of the folders lies on a disk of its own."""
    root = tmp_path / "service"
    database.url(root)
    (volume / name).mkdir()
    (root / name).symlink_to(volume / name)
    with serving(root) as running:
        first, second, third = _filled(running)
        fill(volume)
        _serves(running, third)
        _removes(running, first, "one", "c-one")
        fill(volume)
    with serving(root) as running:
        _serves(running, third)
        _removes(running, second, "two", "c-two")
        fill(volume)
        waiting = running.client.post("/voice-tasks", json={**body(running), "task_id": "t-waits"})
        empty(volume)
        if waiting.status_code == 507:
            waiting = running.client.post("/voice-tasks", json={**body(running), "task_id": "t-waits"})
        assert waiting.status_code == 200
        assert ended(running, "t-waits")["status"] == "done"

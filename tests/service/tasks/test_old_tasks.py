"""Tasks of the replaced service, and of a database that was lost: taken over once, by what files tell."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from service.__main__ import main
from service.database.rebuilding import DatabaseLostError
from service.files import wav
from service.opening import open_database
from service.settings import load_settings
from tests.service.conftest import Starter
from tests.service.tasks.bench import TEXT
from tests.service.tasks.http import body, ended, submit


def _wav(path: Path) -> bytes:
    content = wav.header(32000, 32000) + b"\x01\x00" * 32000
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def _old_list(root: Path) -> bytes:
    now = int(time.time())
    records = [
        {"task_id": "a", "user_id": "u1", "text": TEXT, "status": "done", "created_at": now - 90, "model_id": "gone"},
        {
            "task_id": "2024-01-01 10:00:00",
            "user_id": "测试",
            "text": "好。",
            "status": "done",
            "created_at": str(now - 80),
        },
        {"task_id": "lost", "user_id": "u1", "text": TEXT, "status": "done", "created_at": now},
        {"task_id": "w", "user_id": "u1", "text": TEXT, "status": "wait", "ref_wav_path": "audio/reference.wav"},
        {"task_id": "r", "user_id": "u1", "text": TEXT, "status": "run", "model_id": "gone"},
        {"task_id": "e", "user_id": "u1", "text": TEXT, "status": "error", "error": "boom"},
        {"task_id": "old", "user_id": "u1", "text": TEXT, "status": "done", "created_at": now - 30 * 86400},
        {"task_id": "\ud800", "text": "x"},
        {"task_id": "x" * 500, "created_at": 10**400},
        {"task_id": "s", "user_id": "u1", "text": "a\ud800", "status": "done", "created_at": 10**400, "speed": "NaN"},
        "nonsense",
    ]
    (root / "voice_task.json").write_text(json.dumps(records))
    _wav(root / "output/测试/2024-01-01 10:00:00/2024-01-01 10:00:00.wav")
    _wav(root / "done/old.wav")
    return _wav(root / "done/a.wav")


@pytest.mark.both_databases
def test_an_old_list_is_taken_over_once(start: Starter, tmp_path: Path) -> None:
    root = tmp_path / "service"
    (root / "audio").mkdir(parents=True)
    content = _old_list(root)
    running = start(root=root)
    body(running)  # the reference, which the waiting task needs
    found = {e["task_id"]: e for e in running.client.get("/voice-tasks?page_size=100").json()["data"]["data"]}
    assert {"a", "2024-01-01 10:00:00", "lost", "w", "r", "e", "s"} <= set(found) <= {*found, "old"}
    assert running.client.get(found["a"]["result_url"]).content == content
    assert found["a"]["audio_seconds"] == 1.0 and found["a"]["text"] == TEXT
    assert running.client.get(found["2024-01-01 10:00:00"]["result_url"]).status_code == 200
    assert running.client.get("/output/测试/2024-01-01 10:00:00/2024-01-01 10:00:00.wav").status_code == 200
    assert [found[name]["status"] for name in ("lost", "r", "e", "s")] == ["error"] * 4
    assert found["e"]["error"] == "boom" and "result" in found["lost"]["error"] and "gone" in found["r"]["error"]
    assert ended(running, "w")["status"] in ("done", "error")
    running.client.delete("/voice-tasks/a")
    again = start(root=root)
    assert again.client.get("/voice-tasks/a").status_code == 404, "once"
    service = again.app.state.container
    from service.jobs.manager import JobManager

    jobs = service.get(JobManager)
    assert [job.job_id for job in jobs.endings.sweep(time.time() - 7 * 86400)] == ["old"]
    assert not (root / "done/old.wav").exists()


def test_a_missing_database_beside_full_folders_is_refused_and_rebuilt_on_demand(
    start: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = start()
    kept = ended(running, submit(running, user_id="测试", task_id="a b")["task_id"])
    content = running.client.get(kept["result_url"]).content
    copy = tmp_path / "copy"
    for path in running.root.rglob("*"):
        if path.is_file() and "service.db" not in path.name:
            target = copy / path.relative_to(running.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for empty in (False, True):
        if empty:
            (copy / "service.db").write_bytes(b"")
        with pytest.raises(DatabaseLostError, match=r"1 tasks.*service\.db back.*rebuild"):
            open_database(load_settings(root=copy))
        assert (copy / "done/a=20b.wav").read_bytes() == content
    assert main(["--root", str(copy), "rebuild"]) == 0 and "folders tell" in capsys.readouterr().err
    again = start(root=copy)
    entry = again.client.get("/voice-tasks").json()["data"]["data"][0]
    assert {name: entry[name] for name in ("task_id", "user_id", "status", "text", "created_at")} == {
        name: kept[name] for name in ("task_id", "user_id", "status", "text", "created_at")
    }
    assert again.client.get(entry["result_url"]).content == content

"""What clients may rely on from one answer to the next: files, ids and states agree at every moment."""

from __future__ import annotations

import io
import time
import wave
from typing import Any

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.speech.files import TaskFiles
from service.tasks import domain
from tests.service.conftest import Running, Starter
from tests.service.tasks.http import body, ended, submit
from tests.waiting import eventually


def frames(content: bytes) -> bytes:
    """Return the samples of a WAV that is whole."""
    with wave.open(io.BytesIO(content)) as file:
        found: bytes = file.readframes(file.getnframes())
    assert len(found) == len(content) - 44
    return found


def test_whoever_is_told_of_a_result_can_have_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the files of its making are still being dropped."""
    drop = TaskFiles.drop_work

    def slowly(files: TaskFiles, task_id: str) -> None:
        time.sleep(0.5)
        drop(files, task_id)

    monkeypatch.setattr(TaskFiles, "drop_work", slowly)
    task_id = submit(running)["task_id"]
    query = f"/voice-tasks?task_id={task_id}&status=done"
    (entry,) = eventually(lambda: running.client.get(query).json()["data"]["data"])
    assert running.client.get(entry["result_url"]).status_code == 200
    assert running.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] == "done"


def test_a_streaming_task_can_be_heard_while_it_runs(start: Starter) -> None:
    running = start(engine=FakeEngine(seconds_per_segment=0.6))
    text = "".join(f"这是第{n}句话。" for n in range(6))
    task_id = submit(running, text=text, stream=True, task_id="heard")["task_id"]
    heard: list[bytes] = []
    while running.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] != "done":
        answer = running.client.get(f"/task/{task_id}.wav")
        if answer.status_code == 200:
            heard.append(frames(answer.content))
    whole = frames(running.client.get(f"/done/{task_id}.wav").content)
    assert len({len(part) for part in heard}) > 1, "it grows"
    assert all(whole.startswith(part) for part in heard)
    assert running.client.get(f"/task/{task_id}.wav").status_code == 404
    eventually(lambda: not (running.root / "task" / f"{task_id}.wav").exists())


@pytest.mark.parametrize("end", ["cancel", "remove"])
def test_nothing_of_a_stream_stays_behind(start: Starter, end: str) -> None:
    running = start(engine=FakeEngine(seconds_per_segment=2.0))
    submit(running, text="一句话。两句话。三句话。四句话。五句话。六句话。", stream=True, task_id="gone")
    eventually(lambda: running.client.get("/task/gone.wav").status_code == 200)
    ending = {"cancel": ("POST", "/voice-tasks/gone/cancel"), "remove": ("DELETE", "/voice-tasks/gone")}
    assert running.client.request(*ending[end]).status_code == 200
    assert running.client.get("/task/gone.wav").status_code == 404
    eventually(lambda: not (running.root / "task/gone.wav").exists())


def test_ids_are_found_in_the_form_in_which_they_were_accepted(running: Running) -> None:
    fields: dict[str, Any] = {"task_id": 5, "user_id": 7}
    ended(running, submit(running, **fields)["task_id"])
    asked = {"user_id": 7, "task_ids": [5], "status": ""}
    assert running.client.post("/voice-tasks/query", json=asked).json()["data"]["total"] == 1
    blank = {"user_id": "", "task_ids": None}
    assert running.client.post("/voice-tasks/query", json=blank).json()["data"]["total"] == 1
    assert running.client.get("/voice-tasks?status=&user_id=").json()["data"]["total"] == 1


def test_a_task_takes_nothing_from_a_result_of_the_same_name(start: Starter) -> None:
    running = start(engine=(engine := FakeEngine()))
    kept = running.client.post("/synthesize", json=body(running, user_id="aa", task_id="mine"))
    url = kept.headers["x-result-url"]
    answer = running.client.post("/voice-tasks", json=body(running, user_id="aa", task_id="mine"))
    assert (answer.status_code, answer.json()["code"]) == (409, 2)
    engine.hold()
    submit(running, user_id="bb", task_id="mine")
    assert running.client.get(url).content == kept.content, "another user's task of that name is another thing"
    engine.release()
    ended(running, "mine")
    assert running.client.delete("/voice-tasks/mine").status_code == 200
    assert running.client.get(url).content == kept.content


def test_readiness_tells_of_a_full_disk(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.client.get("/readyz").status_code == 200
    monkeypatch.setattr(domain, "least_free_bytes", lambda folders: 5 << 20)
    answer = running.client.get("/readyz")
    assert answer.status_code == 503 and "5 MiB" in answer.text

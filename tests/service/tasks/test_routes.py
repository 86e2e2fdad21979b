"""The queue over HTTP: CONTRACTS section 1, route by route."""

from __future__ import annotations

import io
import json
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest

from GPT_SoVITS.engine.errors import SynthesisFailedError
from GPT_SoVITS.testing.fake import FakeEngine
from tests.service.conftest import Running, Starter
from tests.service.serving import http_client
from tests.service.tasks.http import TEXT, add_reference, body, ended, events, submit
from tests.waiting import eventually


@pytest.fixture
def held(start: Starter) -> Running:
    """A service whose engine lets nothing go on until it is released."""
    engine = FakeEngine()
    engine.hold()
    return start(engine=engine, shutdown_seconds=2)


def test_a_task_goes_from_submission_to_its_wav(running: Running) -> None:
    answer = running.client.post("/voice-tasks", json=body(running))
    assert answer.status_code == 200
    entry = answer.json()["data"]
    assert entry["status"] in ("wait", "run") and entry["task_id"].startswith("T")
    assert entry["text"] == TEXT and entry["top_k"] == 5 and entry["how_to_cut"] == "凑四句一切"
    done = ended(running, entry["task_id"])
    assert (done["status"], done["progress"], done["segments_done"], done["total_segments"]) == ("done", 100, 3, 3)
    assert done["result_url"] == f"/done/{entry['task_id']}.wav"
    result = running.client.get(done["result_url"])
    again = running.client.get(f"/output/u1/{entry['task_id']}/{entry['task_id']}.wav")
    assert result.headers["content-type"] == "audio/wav" and result.content == again.content
    with wave.open(io.BytesIO(result.content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(done["audio_seconds"], abs=1e-3)
    part = running.client.get(done["result_url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")


def test_files_tell_what_the_database_tells(held: Running) -> None:
    task_id = submit(held)["task_id"]
    waiting = held.client.get(f"/task/{task_id}.json")
    assert waiting.json()["status"] in ("wait", "run")
    assert held.client.get(f"/done/{task_id}.json").status_code == 404
    (held.root / "done" / f"{task_id}.wav").write_bytes(b"RIFF")
    assert held.client.get(f"/done/{task_id}.wav").status_code == 404, "not before the database says so"
    held.engine.release()
    ended(held, task_id)
    assert held.client.get(f"/done/{task_id}.json").json()["status"] == "done"
    assert held.client.get(f"/task/{task_id}.json").status_code == 404
    assert not (held.root / "task" / f"{task_id}.json").exists()
    assert list((held.root / "Logs").rglob(f"{task_id}.log"))


def test_submitting_again_is_the_same_task_and_another_body_a_conflict(held: Running) -> None:
    first = held.client.post("/voice-tasks", json=body(held, task_id="t1"))
    again = held.client.post("/voice-tasks", json=body(held, task_id="t1", top_k=5))
    assert (first.status_code, again.status_code) == (200, 200), "a default that is spelled out changes nothing"
    other = held.client.post("/voice-tasks", json=body(held, task_id="t1", text="别的。"))
    assert (other.status_code, other.json()["code"]) == (409, 2)


@pytest.mark.both_databases
def test_a_hundred_threads_get_one_task(held: Running) -> None:
    content = body(held, task_id="t1")

    def send(_: int) -> tuple[int, int]:
        with http_client(held.url) as one:
            answer = one.post("/voice-tasks", json=content)
            return answer.status_code, answer.json()["data"]["created_at"]

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(send, range(100)))
    assert [status for status, _ in answers] == [200] * 100
    assert len({created for _, created in answers}) == 1
    assert held.client.get("/voice-tasks", params={"user_id": "u1"}).json()["data"]["total"] == 1


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"text": "！！！……"}, 400, "nothing"),
    ({"text": "😀😀"}, 400, "nothing"),
    ({"text": "字" * 10_001}, 413, "10001 characters, the limit is 10000"),
    ({"text": ""}, 422, "text"),
    ({"text_language": "klingonisch"}, 422, "no text language"),
    ({"speed": 9}, 422, "less than or equal to 4"),
    ({"user_id": "a\nb"}, 422, "printable"),
    ({"task_id": "字" * 129}, 422, "128"),
    ({"task_id": "a\x00"}, 422, "printable"),
    ({"ref_wav_path": "/etc/passwd"}, 400, "must lie in"),
    ({"ref_wav_path": "audio/../../secret.wav"}, 400, "must lie in"),
    ({"ref_wav_path": None}, 400, "model_id"),
    ({"ref_wav_path": None, "model_id": "nobody"}, 404, "no voice"),
]


def test_what_is_wrong_is_refused_before_it_is_queued(running: Running) -> None:
    for fields, status, words in WRONG:
        answer = running.client.post("/voice-tasks", json=body(running, **fields))
        assert answer.status_code == status, (fields, answer.text)
        assert words in answer.json()["message"]
        assert answer.json()["code"] == (2 if status == 404 else 3)
    assert running.client.get("/voice-tasks").json()["data"]["total"] == 0
    assert not list((running.root / "task").glob("*"))


def test_a_user_at_the_limit_waits(start: Starter) -> None:
    engine = FakeEngine()
    engine.hold()
    running = start(engine=engine, waiting_limit=2, concurrent_tasks=1, shutdown_seconds=2)
    first = submit(running)["task_id"]
    address = f"/voice-tasks/{first}"
    eventually(lambda: running.client.get(address).json()["data"]["status"] == "run")  # does not wait any more
    answers = [running.client.post("/voice-tasks", json=body(running)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "limit is 2" in answers[-1].json()["message"]
    assert running.client.post("/voice-tasks", json=body(running, user_id="u2")).status_code == 200


@pytest.mark.both_databases
def test_lists_choose_by_user_ids_and_state(held: Running) -> None:
    names = [submit(held, task_id=f"t{number}", user_id=f"u{number % 2}")["task_id"] for number in range(4)]

    def listed(**query: Any) -> list[str]:
        return [entry["task_id"] for entry in held.client.get("/voice-tasks", params=query).json()["data"]["data"]]

    assert listed() == names[::-1]
    assert listed(user_id="u1") == ["t3", "t1"]
    assert listed(user_id="u1", page=2, page_size=1) == ["t1"]
    assert listed(ids="t0, t3") == listed(task_ids="t0 t3") == ["t0", "t3"]
    assert listed(task_id="t2") == ["t2"]
    assert listed(status="done") == []
    many = {"task_ids": [*names, *(f"x{n}" for n in range(5000))], "user_id": "u0", "page_size": 1}
    answer = held.client.post("/voice-tasks/query", json=many).json()["data"]
    assert (answer["total"], answer["pageIndex"], answer["pageSize"], len(answer["data"])) == (2, 1, 2, 2)
    first = held.client.get("/voice-tasks", params={"page": 0, "page_size": 500}).json()["data"]
    assert (first["pageIndex"], first["pageSize"]) == (1, 100)


def test_position_and_estimate_are_told_while_it_waits(start: Starter) -> None:
    engine = FakeEngine(seconds_per_segment=0.3)
    running = start(engine=engine, concurrent_tasks=1, shutdown_seconds=2)
    ended(running, submit(running, text="第一句话。" * 2)["task_id"])
    engine.hold()
    names = [submit(running, task_id=f"t{number}")["task_id"] for number in range(3)]

    def waiting() -> list[dict[str, Any]]:
        entries = [running.client.get(f"/voice-tasks/{name}").json()["data"] for name in names]
        places = [entry["position"] for entry in entries if entry["status"] == "wait"]
        return entries if places == [1, 2] and all(entry["eta_seconds"] for entry in entries) else []

    estimates = [entry["eta_seconds"] for entry in eventually(waiting)]
    assert estimates == sorted(estimates) and 0 < estimates[0] < estimates[2] < 100


def test_deleting_a_running_task_ends_it_at_once_and_removes_it(start: Starter) -> None:
    engine = FakeEngine(seconds_per_segment=20, steps_per_segment=1000)
    running = start(engine=engine, shutdown_seconds=2)
    task_id = submit(running)["task_id"]
    eventually(lambda: engine.status().active)
    assert running.client.delete(f"/voice-tasks/{task_id}").json()["data"] == {"removed": True}
    eventually(lambda: not engine.status().active, seconds=10)  # a segment takes 20 s, a step 20 ms
    answer = running.client.get(f"/voice-tasks/{task_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, 2)
    assert not list((running.root / "task").iterdir())
    assert running.client.delete(f"/voice-tasks/{task_id}").json()["data"] == {"removed": False}


def test_cancelling_keeps_the_entry_as_cancelled_and_a_retry_speaks_it(held: Running) -> None:
    task_id = submit(held)["task_id"]
    entry = held.client.post(f"/voice-tasks/{task_id}/cancel").json()["data"]
    assert (entry["status"], entry["error"]) == ("error", "cancelled")
    assert held.client.get(f"/error/{task_id}.json").json()["error"] == "cancelled"
    held.engine.release()
    assert held.client.post(f"/voice-tasks/{task_id}/retry").json()["data"]["error"] is None
    assert ended(held, task_id)["status"] == "done"
    assert held.client.get(f"/error/{task_id}.json").status_code == 404
    story = held.client.get(f"/voice-tasks/{task_id}/story").json()["data"]
    kinds = [line["kind"] for line in story]
    assert kinds[0] == "submitted" and "failed" in kinds and "retried" in kinds and kinds[-1] == "done"


def test_an_event_stream_tells_every_change_and_closes(held: Running) -> None:
    task_id = submit(held)["task_id"]
    threading.Timer(0.3, held.engine.release).start()
    with held.client.stream("GET", f"/voice-tasks/{task_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = [(name, data, number) for name, data, number in events(response)]
    entries = [data for name, data, _ in told if name == "task"]
    assert [entry["segments_done"] for entry in entries][-1] == 3
    assert entries[-1]["status"] == "done" and entries[-1]["result_url"].endswith(".wav")
    numbers = [int(number) for name, _, number in told if name == "task"]
    assert numbers == sorted(set(numbers)), "each change once, in order"
    assert any(name == "progress" for name, _, _ in told)


def test_an_event_stream_of_a_removed_task_says_cancelled(held: Running) -> None:
    task_id = submit(held)["task_id"]
    threading.Timer(0.3, lambda: httpx.delete(f"{held.url}/voice-tasks/{task_id}", trust_env=False)).start()
    with held.client.stream("GET", f"/voice-tasks/{task_id}/events") as response:
        last = [data for _, data, _ in events(response)][-1]
    assert (last["status"], last["error"], last["removed"]) == ("error", "cancelled", True)
    assert held.client.get("/voice-tasks/nobody/events").status_code == 404


def test_the_page_stream_tells_of_all_tasks_and_goes_on_after_a_break(running: Running) -> None:
    with running.client.stream("GET", "/events") as response:
        stream = events(response)
        name, _, _ = next(stream)
        assert name == "hello"
        first = submit(running)["task_id"]
        for name, data, last in stream:
            number = last
            if name == "task" and data["task_id"] == first and data["status"] == "done":
                break
    second = submit(running, user_id="u2")["task_id"]
    ended(running, second)
    running.client.delete(f"/voice-tasks/{first}")
    with running.client.stream("GET", "/events", headers={"Last-Event-ID": number}) as response:
        stream = events(response)
        next(stream)
        missed = {data["task_id"]: data for _, data, _ in (next(stream), next(stream))}
    assert missed[first]["removed"] is True
    assert missed[second]["status"] == "done"


def test_segments_can_be_heard_redone_and_are_stitched_again(running: Running) -> None:
    task_id = submit(running, seed=1)["task_id"]
    before = running.client.get(ended(running, task_id)["result_url"]).content
    segments = running.client.get(f"/voice-tasks/{task_id}/segments").json()["data"]
    assert [segment["index"] for segment in segments] == [0, 1, 2]
    assert all(segment["start"] < segment["end"] for segment in segments)
    heard = [running.client.get(segment["audio_url"]).content[44:] for segment in segments]
    assert b"".join(heard) == before[44:]
    redone = running.client.post(f"/voice-tasks/{task_id}/segments/1/redo", json={"seed": 99})
    assert redone.status_code == 200 and redone.json()["data"]["seed"] == 99
    after = running.client.get(f"/done/{task_id}.wav").content
    assert running.client.get(f"/output/u1/{task_id}/{task_id}.wav").content == after
    new = running.client.get(segments[1]["audio_url"]).content[44:]
    assert new != heard[1] and after[44:] == heard[0] + new + heard[2]
    assert running.client.post(f"/voice-tasks/{task_id}/segments/7/redo").status_code == 400
    assert not list((running.root / "done").glob(".*"))


def test_a_segment_cannot_be_redone_before_the_end(held: Running) -> None:
    task_id = submit(held)["task_id"]
    eventually(lambda: held.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] == "run")
    answer = held.client.post(f"/voice-tasks/{task_id}/segments/0/redo")
    assert answer.status_code in (400, 409)
    assert held.client.get(f"/voice-tasks/{task_id}/segments/0/audio").status_code in (400, 409)


def test_subtitles_and_other_formats_of_a_result(running: Running) -> None:
    task_id = submit(running)["task_id"]
    ended(running, task_id)
    srt = running.client.get(f"/voice-tasks/{task_id}/subtitles.srt")
    assert srt.text.count(" --> ") == 3 and "第二句话。" in srt.text
    assert running.client.get(f"/voice-tasks/{task_id}/subtitles.vtt").text.startswith("WEBVTT")
    for form, magic in {"mp3": b"\xff", "flac": b"fLaC", "ogg": b"OggS", "wav": b"RIFF"}.items():
        answer = running.client.get(f"/voice-tasks/{task_id}/audio", params={"format": form})
        assert answer.content.startswith(magic) or answer.content.startswith(b"ID3"), form
        assert f'filename="{task_id}' in answer.headers["content-disposition"]
    assert running.client.get(f"/voice-tasks/{task_id}/audio", params={"format": "exe"}).status_code == 400


def test_a_task_that_fails_says_why(running: Running) -> None:
    for _ in range(3):
        running.engine.fail_next(SynthesisFailedError("the network said nothing"))
    entry = ended(running, submit(running)["task_id"])
    assert entry["status"] == "error" and "the network said nothing" in entry["error"]
    assert json.loads((running.root / "error" / f"{entry['task_id']}.json").read_text("utf-8"))["status"] == "error"


def test_results_are_equal_whatever_else_is_spoken(start: Starter) -> None:
    running = start(engine=FakeEngine(seconds_per_segment=0.01), concurrent_tasks=4)
    names = [add_reference(running, f"voice{number}.wav") for number in range(3)]
    asked = [{"text": f"第{n}句话。然后呢。", "seed": n, "ref_wav_path": names[n % 3]} for n in range(12)]
    ids = [submit(running, **fields)["task_id"] for fields in asked]
    for number, task_id in enumerate(ids):
        ended(running, task_id)
        segments = running.client.get(f"/voice-tasks/{task_id}/segments").json()["data"]
        assert "".join(segment["text"] for segment in segments) == asked[number]["text"]
    again = submit(running, **asked[5])["task_id"]
    ended(running, again)
    both = [running.client.get(f"/done/{name}.wav").content for name in (ids[5], again)]
    assert len(both[0]) == len(both[1])
    assert np.frombuffer(both[0], np.uint8).size > 44

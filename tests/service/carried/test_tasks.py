"""A task crosses machines that share nothing but a database and a store."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.testing.fake import FakeEngine
from service.jobs.records import Status
from service.objects import carrier
from service.queue import Queue
from service.voices.store import VoiceStore
from tests.service.carried.conftest import Machine, SettingsOf
from tests.service.conftest import Running
from tests.service.proof.harness import Service
from tests.service.s3 import BUCKET, Store
from tests.service.samples import clip, make_voice, post_voice
from tests.service.tasks.http import TEXT, ended
from tests.service.test_worker import working
from tests.waiting import eventually

LONG = "".join(f"第{n}句话。" for n in "一二三四五六")


def submit(running: Running, task_id: str = "t1", **fields: Any) -> None:
    """Submit a task in the voice that was made."""
    body = {"user_id": "u1", "task_id": task_id, "model_id": "narrator", "text": TEXT, **fields}
    answer = running.client.post("/voice-tasks", json=body)
    assert answer.status_code == 200, answer.text


def speaking(settings_of: SettingsOf, **how: Any) -> FakeEngine:
    """Return an engine that wants clips and weights to be files on its machine."""
    folder = settings_of("weights").root
    weights = WeightsPair(str(folder / "g.ckpt"), str(folder / "s.pth"))
    for path in (weights.gpt, weights.sovits):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).touch()
    return FakeEngine(weights=weights, check_files=True, **how)


def frames(content: bytes) -> int:
    """Return how many samples a WAV file has."""
    with wave.open(BytesIO(content)) as file:
        return int(file.getnframes())


def state(running: Running, task_id: str = "t1") -> dict[str, Any]:
    """Return a task's entry."""
    found: dict[str, Any] = running.client.get(f"/voice-tasks/{task_id}").json()["data"]
    return found


@pytest.fixture
def spoken(machine: Machine, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A machine on which a task was submitted that another has spoken and is gone."""
    found = machine("a")
    make_voice(found.client)
    submit(found)
    with working(settings_of("b"), speaking(settings_of), monkeypatch):
        assert ended(found, "t1")["status"] == "done"
    yield found


@contextmanager
def half_spoken(running: Running, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """A worker that stands still within a task, with at least one segment kept."""
    engine = speaking(settings_of, seconds_per_segment=0.3, steps_per_segment=30)
    with working(settings_of("b"), engine, monkeypatch):
        eventually(lambda: state(running)["segments_done"])
        engine.hold()
        yield engine
        engine.release()


@pytest.mark.both_databases
def test_a_task_of_one_machine_is_spoken_by_another_and_read_from_a_third(
    machine: Machine, settings_of: SettingsOf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    submit(a, stream=True)
    assert c.client.get("/task/t1.wav").status_code == 404
    with half_spoken(a, settings_of, monkeypatch) as engine:
        done = state(a)["segments_done"]
        first = [one.client.get("/voice-tasks/t1/segments/0/audio").content for one in (a, c)]
        assert first[0] == first[1] and frames(first[0])
        for one in (a, c):
            partial = one.client.get("/task/t1.wav").content
            assert frames(partial) >= frames(first[0]) and partial[44 : 44 + 100] == first[0][44 : 44 + 100]
            assert one.client.get("/task/t1.json").json()["status"] == "run"
        assert done < 3
        with c.client.stream("GET", "/voice-tasks/t1/events") as told:
            assert next(told.iter_bytes())
        engine.release()
        assert ended(c, "t1")["status"] == "done"
    results = [one.client.get("/done/t1.wav") for one in (a, c)]
    assert results[0].content == results[1].content and frames(results[0].content) > frames(first[0])
    whole = results[0].content
    part = c.client.get("/output/u1/t1/t1.wav", headers={"Range": "bytes=50-99"})
    assert (part.status_code, part.content) == (206, whole[50:100])
    assert a.client.get("/voice-tasks/t1/segments/0/audio").content == first[0]
    assert c.client.get("/voice-tasks/t1/audio?format=flac").content[:4] == b"fLaC"
    assert c.client.get("/done/t1.json").json()["status"] == "done"
    assert [c.client.get(path).status_code for path in ("/task/t1.json", "/task/t1.wav", "/error/t1.json")] == [404] * 3
    assert [key.rpartition("/")[0] for key in store.kept("files/") if "/audio/" not in key] == ["files/done/t1.wav"]


def test_a_machine_that_is_killed_has_lost_nothing(
    machine: Machine, given: dict[str, Any], store: Store, tmp_path: Any
) -> None:
    a = machine("a")
    make_voice(a.client)
    b = Service(tmp_path / "b", 0.4, **given)
    d = Service(tmp_path / "d", 0.05, **given)
    try:
        submit(a, text=LONG)
        b.start()
        eventually(lambda: state(a)["segments_done"] >= 2)
        b.kill(api=True, engine=True)
        kept = a.client.get("/voice-tasks/t1/segments").json()["data"]
        before = {n: a.client.get(f"/voice-tasks/t1/segments/{n}/audio").content for n in range(len(kept))}
        had = [n for n, content in before.items() if content[:4] == b"RIFF"]
        assert len(had) >= 2
        d.start()
        assert ended(a, "t1")["status"] == "done"
    finally:
        for each in (b, d):
            each.kill(api=True, engine=True)
    again = {int(line.split("\t")[1]) for line in d.spoken.read_text().splitlines()}
    assert again == set(before) - set(had), "what was committed was not spoken again, the rest was"
    assert all(a.client.get(f"/voice-tasks/t1/segments/{n}/audio").content == before[n] for n in had)


def test_what_is_removed_on_one_machine_is_nowhere(spoken: Running, machine: Machine, store: Store) -> None:
    c = machine("c")
    for one in (spoken, c):
        assert one.client.get("/done/t1.wav").status_code == 200
    c.client.delete("/voice-tasks/t1")
    assert not [key for key in store.kept() if "/audio/" not in key]
    for path in ("/done/t1.wav", "/done/t1.json", "/output/u1/t1/t1.wav"):
        assert [one.client.get(path).status_code for one in (spoken, c)] == [404, 404]
    submit(spoken, text="另一句。")
    assert spoken.client.get("/done/t1.wav").status_code == 404, "that of the one before is not its result"


def test_a_store_that_is_away_costs_no_attempt_and_is_told(
    machine: Machine, settings_of: SettingsOf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    submit(a)
    with half_spoken(a, settings_of, monkeypatch) as engine:
        store.stop()
        engine.release()
        eventually(lambda: "handed_back" in _events(a))
        answer = c.client.get("/voice-tasks/t1/segments/0/audio")
        assert (
            answer.status_code == 503 and answer.headers["retry-after"] and "store of files" in answer.json()["message"]
        )
        # Its voice lies here, so a task is accepted; a voice could be found by nobody else, so it is not.
        submit(a, "t2")
        assert post_voice(a.client, model_id="other").status_code == 503
        assert a.client.get("/voice-models/other").status_code == 404 and not (a.root / "audio/other").exists()
        store.start()
        assert [ended(c, name)["error"] for name in ("t1", "t2")] == [None, None]
    events = _events(a)
    assert events.count("segment") == 3, "nothing was kept twice"
    assert not {"repeated", "failed"} & set(events)
    assert post_voice(a.client, model_id="other").status_code == 200


def _events(running: Running) -> list[str]:
    found = running.client.get("/voice-tasks/t1/story").json()["data"]
    return [each["kind"] for each in found]


def test_a_damaged_result_is_refused_and_a_damaged_segment_spoken_again(
    machine: Machine, settings_of: SettingsOf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    submit(a, text=LONG)
    with half_spoken(a, settings_of, monkeypatch):
        pass
    eventually(lambda: state(a)["status"] == "wait")
    kept = state(a)["segments_done"]
    assert 0 < kept < 6
    first = next(key for key in store.kept("files/task/") if "/00000-" in key)
    store.spoil(first)
    assert c.client.get("/voice-tasks/t1/segments/0/audio").status_code == 404
    engine = speaking(settings_of)
    with working(settings_of("d"), engine, monkeypatch):
        assert ended(a, "t1")["status"] == "done"
    assert engine.requests[0].segments == (0, *range(kept, 6))
    store.spoil(store.kept("files/done/")[0])
    answer = c.client.get("/done/t1.wav")
    assert answer.status_code == 404 and "damaged" in answer.json()["message"]
    assert not list((c.root / "done").iterdir())


def test_a_segment_spoken_again_elsewhere_is_in_every_result(spoken: Running, machine: Machine, store: Store) -> None:
    c = machine("c")
    before = [one.client.get("/done/t1.wav").content for one in (spoken, c)]
    assert before[0] == before[1]
    assert c.client.post("/voice-tasks/t1/segments/1/redo", json={"seed": 99}).status_code == 200
    after = [one.client.get("/done/t1.wav").content for one in (spoken, c)]
    assert after[0] == after[1] != before[0]
    assert len(store.kept("files/done/")) == 1


def test_what_an_interrupted_commit_left_is_found(
    spoken: Running, settings_of: SettingsOf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = set(store.kept())
    names = (
        "task/.gone/00000-1.pcm/1-a.pcm",
        "task/.t1/00009-1.pcm/1-a.pcm",
        "done/gone.wav/1-a.wav",
        "done/t1.wav/1-a.wav",
    )
    for name in (*names, "audio/narrator/refer.wav/1-a.wav", "audio/gone/refer.wav/1-a.wav"):
        store.client.put_object(Bucket=BUCKET, Key=f"files/{name}", Body=b"x")
    jobs = spoken.app.state.container.get(Queue).jobs
    jobs.recovery.at_start()
    assert len(store.kept()) == len(kept) + 6, "young ones stay: their commit may be on its way"
    monkeypatch.setattr(carrier, "_YOUNG_SECONDS", -10.0)
    jobs.recovery.at_start()
    spoken.app.state.container.get(VoiceStore).sweep()
    assert set(store.kept()) == kept
    assert spoken.client.get("/done/t1.wav").status_code == 200


def test_another_task_of_the_name_finds_nothing_of_the_one_before(
    machine: Machine, settings_of: SettingsOf, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = machine("a")
    make_voice(a.client)
    submit(a)
    with half_spoken(a, settings_of, monkeypatch):
        a.client.post("/voice-tasks/t1/cancel")
    assert store.kept("files/task/.t1/")
    make_voice(a.client, model_id="second", refer=clip(seed=5))
    submit(a, text="甲。乙。丙。", model_id="second")
    assert not store.kept("files/task/.t1/")
    engine = speaking(settings_of)
    with working(settings_of("b"), engine, monkeypatch):
        assert ended(a, "t1")["status"] == Status.DONE.value
    assert engine.requests[0].segments is None
    alone = a.client.get("/voice-models/second").json()["data"]["refer_wav_url"]
    used = engine.requests[0].reference.path
    assert alone and used.endswith("reference.wav")

"""Names and addresses as clients of the replaced service use them: any printable name, used again, behind a prefix."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.identifiers import LONGEST, disk_name, is_disk_name, named_by
from tests.service.conftest import Running, Starter
from tests.service.keys import add_key
from tests.service.test_old_client import TEXT, OldClient
from tests.waiting import eventually

NAMES = (
    "测试用户", "2025-01-01 10:00:00", "../x", "..", ".", "CON", "con", "Con", "a.", "a..", " a", "a ", "a/b", "a\\b",
    "é", "e\u0301", "ﬁ", "fi", "a=41", "=41", "A", "a%2Fb", "%", "a,b", "a b", "*?[x]", "<b>", "'; DROP", "~", "@x",
    "😀", "字" * 128, "字" * 127 + "子", "x" * 128, "测.wav", ".hidden", "-rf", "task.json",
)  # fmt: skip


@pytest.fixture
def old(running: Running) -> OldClient:
    """The client, with a voice."""
    client = OldClient(running.client)
    client.make_voice("v1")
    return client


def test_names_on_disk_never_collide_and_plain_ones_stay() -> None:
    chance = random.Random(7)
    made = {"".join(chance.choice("aA.=~%@ /é字") for _ in range(chance.randint(1, 9))) for _ in range(5000)}
    every = sorted({*NAMES, *made})
    on_disk = [disk_name(name) for name in every]
    assert len(set(on_disk)) == len(every)
    assert all(len(name) <= LONGEST and name.isascii() and not set(name) & set("/\\ \0") for name in on_disk)
    assert not any(name.startswith(".") for name in on_disk) and all(map(is_disk_name, on_disk))
    assert all(
        named_by(found) in (name, None if len(found) > 120 else name)
        for name, found in zip(every, on_disk, strict=True)
    )
    assert [disk_name(name) for name in ("T2025-1f", "u_1", "a.b@c", "CON", "a.")] == [
        "T2025-1f", "u_1", "a.b@c", "CON", "a.",
    ]  # fmt: skip


def test_every_printable_name_is_a_task_of_its_own(old: OldClient, running: Running) -> None:
    for name in NAMES:
        old.call("POST", "/voice-tasks", json={"user_id": name, "task_id": name, "text": TEXT, "model_id": "v1"})
    query = {"task_ids": list(NAMES)}
    listed = eventually(
        lambda: (
            (found := old.call("POST", "/voice-tasks/query", json=query)["data"])
            and all(entry["status"] == "done" for entry in found)
            and found
        ),
        60,
    )
    assert [entry["task_id"] for entry in listed or []] == list(NAMES), "in the order asked"
    for name, entry in zip(NAMES, listed or [], strict=True):
        assert old.result(entry)[:4] == b"RIFF"
        assert old.call("GET", "/voice-tasks", params={"task_id": name})["data"][0]["task_id"] == name
        assert [one["task_id"] for one in old.call("GET", "/voice-tasks", params={"user_id": name})["data"]] == [name]
    assert len(list((running.root / "done").glob("[!.]*.wav"))) == len(NAMES)
    assert len(list((running.root / "output").glob("[!.]*/[!.]*/[!.]*.wav"))) == len(NAMES)
    eventually(lambda: not list((running.root / "task").iterdir()))
    assert len(list((running.root / "Logs").rglob("*/*/*.log"))) == len(NAMES)
    assert not list(running.root.parent.glob("x*"))
    for name in NAMES:
        path = f"/voice-tasks/{quote(name, safe='')}"
        if name in (".", ".."):  # such a path leads elsewhere
            path = f"/voice-tasks?task_id={name}"
        else:
            assert old.call("GET", path)["task_id"] == name
            assert old.call("GET", f"{path}/segments")[0]["done"]
            assert old.http.get(f"{path}/audio").content[:4] == b"RIFF"
            assert "00:00:00" in old.http.get(f"{path}/subtitles.srt").text
        assert old.call("DELETE", path) == {"removed": True}, name
    assert not [path for path in (running.root / "output").rglob("*") if path.is_file()]


def test_tasks_with_odd_names_outlive_a_restart_and_retention(start: Starter) -> None:
    running = start()
    client = OldClient(running.client)
    client.make_voice("v1")
    for name in ("测试 用户/1", "字" * 128):
        client.submit(user_id=name, task_id=name)
    again = start(engine=FakeEngine(), root=running.root)
    for name in ("测试 用户/1", "字" * 128):
        entry = again.client.get("/voice-tasks", params={"task_id": name}).json()["data"]["data"][0]
        assert entry["status"] == "done" and again.client.get(entry["result_url"]).status_code == 200
        assert again.client.get(f"/done/{quote(disk_name(name))}.json").json()["task_id"] == name


def test_what_was_spoken_at_once_is_kept_under_any_name(old: OldClient) -> None:
    answer = old.http.post("/synthesize", json={"text": TEXT, "model_id": "v1", "user_id": "测试", "task_id": "一 二"})
    assert answer.status_code == 200
    assert old.http.get(answer.headers["x-result-url"]).content == answer.content
    assert old.http.get("/output/测试/一 二/一 二.wav").content == answer.content


def test_many_tasks_are_named_at_once_in_any_order(old: OldClient) -> None:
    names = [f"t{number}" for number in range(25)]
    for name in names:
        old.call("POST", "/voice-tasks", json={"user_id": "u1", "task_id": name, "text": TEXT, "model_id": "v1"})
    wanted = random.Random(3).sample(names, 25)

    def told(page: Any) -> list[str]:
        assert (page["total"], page["pageIndex"], page["pageSize"]) == (25, 1, 25)
        return [entry["task_id"] for entry in page["data"]]

    asked = {"user_id": "u1", "task_ids": [*(f"x{number}" for number in range(4000)), *wanted], "page_size": 20}
    assert told(old.call("POST", "/voice-tasks/query", json=asked)) == wanted
    for joined in (",".join(wanted), " ".join(wanted)):
        assert told(old.call("GET", "/voice-tasks", params={"task_ids": joined, "page": 2})) == wanted
        assert told(old.call("GET", "/voice-tasks", params={"ids": joined, "page_size": 5})) == wanted
    assert told(old.call("GET", "/voice-tasks", params={"ids": wanted})) == wanted, "repeated"
    paged = old.call("POST", "/voice-tasks/query", json={"user_id": "u1", "task_ids": [], "page": 0, "page_size": 500})
    assert (paged["total"], paged["pageIndex"], paged["pageSize"]) == (25, 1, 100)
    assert old.call("POST", "/voice-tasks/query", json={"user_id": "u1"})["pageSize"] == 10


# --- the same name again ---


def test_a_task_that_ended_is_replaced_by_another_of_its_name(old: OldClient, running: Running) -> None:
    first = old.submit(task_id="t1")
    before = old.result(first)
    second = old.submit(task_id="t1", text=TEXT * 3)
    assert second["text"] == TEXT * 3 and len(old.result(second)) > len(before)
    assert old.result(second) == old.http.get("/output/u1/t1/t1.wav").content
    assert old.call("GET", "/voice-tasks", params={"user_id": "u1"})["total"] == 1
    assert (
        old.call("POST", "/voice-tasks", json={"user_id": "u1", "task_id": "t1", "text": TEXT * 3, "model_id": "v1"})[
            "status"
        ]
        == "done"
    ), "the same again is the same"
    kinds = [line["kind"] for line in old.call("GET", "/voice-tasks/t1/story")]
    assert kinds.count("submitted") == 2 and kinds.count("done") == 2
    third = old.submit(task_id="t1", user_id="u2")
    assert old.result(third) and old.http.get("/output/u1/t1/t1.wav").status_code == 404
    assert [path.name for path in (running.root / "output").iterdir()] == ["u2"]


def test_a_task_that_failed_leaves_nothing_to_the_next_of_its_name(old: OldClient, running: Running) -> None:
    running.engine.hold()
    body = {"user_id": "u1", "task_id": "t1", "model_id": "v1"}
    old.call("POST", "/voice-tasks", json={**body, "text": TEXT, "seed": 1})
    assert old.refused("POST", "/voice-tasks", json={**body, "text": "别的。"}) == (409, 2), "it has not ended"
    eventually(lambda: old.call("GET", "/voice-tasks/t1")["status"] == "run")
    old.call("POST", "/voice-tasks/t1/cancel")
    running.engine.release()
    old.make_voice("v2")
    assert old.refused("POST", "/voice-tasks", json={**body, "text": "！！"})[1] == 3
    assert old.call("GET", "/voice-tasks/t1")["error"] == "cancelled", "what is refused takes nobody's place"
    done = old.submit(task_id="t1", text="别的。", model_id="v2")
    assert (done["status"], done["model_id"], done["error"]) == ("done", "v2", None)
    assert not (running.root / "error/t1.json").exists() and old.http.get("/error/t1.json").status_code == 404


# --- where results are ---


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("strips", [True, False])
def test_results_are_found_behind_a_prefix(start: Starter, strips: bool, key: bool) -> None:
    running = start(trusted_proxies=("127.0.0.1",))
    headers = {"X-Forwarded-Prefix": "/tts", "X-Forwarded-Host": "voice.example", "X-Forwarded-Proto": "https"}
    client = OldClient(running.client)
    client.make_voice("v1")
    client.submit(task_id="t 1")
    if key:
        running.client.headers["X-API-Key"] = add_key(running)
    entry = running.client.get("/voice-tasks/t%201", headers=headers).json()["data"]
    url = entry["result_url"]
    assert url.startswith("/tts/done/") and ("signature=" in url) == key
    base = "https://voice.example/tts"
    for whole in (base + url, urljoin(base + "/", url), urljoin(base + "/index", url)):
        path = whole.removeprefix("https://voice.example")
        assert path.startswith("/tts/")
        sent = path.removeprefix("/tts") if strips else path
        answer = httpx.get(running.url + sent, headers=headers, trust_env=False)
        if strips or not path.startswith("/tts/tts/"):
            assert answer.status_code == 200 and answer.content[:4] == b"RIFF", (whole, answer.text)


def test_a_result_is_signed_where_keys_exist(start: Starter) -> None:
    running = start()
    client = OldClient(running.client)
    client.make_voice("v1")
    client.submit(task_id="任务")
    secret = add_key(running)
    assert running.client.get("/voice-tasks").status_code == 401
    entry = running.client.get("/voice-tasks", headers={"X-API-Key": secret}).json()["data"]["data"][0]
    for url in (running.url + entry["result_url"], urljoin(f"{running.url}/index", entry["result_url"])):
        assert httpx.get(url, trust_env=False).content[:4] == b"RIFF"
        assert httpx.get(url.partition("?")[0], trust_env=False).status_code == 401

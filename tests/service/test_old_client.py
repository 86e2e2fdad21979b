"""A client written for the interface that this service replaces: its documented calls, in order, by their names.

It was written from the contract alone and knows nothing of what was added: it reads the fields it knows, leaves out
what it may, sends "" for what it has not, and follows the addresses it is given.
"""

from __future__ import annotations

import io
import shutil
import wave
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.engine.small import write_gpt, write_sovits
from tests.service.conftest import Running, Starter
from tests.service.samples import clip, picture
from tests.waiting import eventually

VOICE_FIELDS = (
    "model_id", "model_name", "gender", "prompt_text", "prompt_language", "avatar_url", "refer_wav_url", "categories",
    "created_at",
)  # fmt: skip
TASK_FIELDS = (
    "task_id", "user_id", "model_id", "text", "status", "progress", "segments_done", "total_segments", "position",
    "created_at", "updated_at", "result_url", "error",
)  # fmt: skip
TEXT = "今天天气不错。我们出去走走。"


class OldClient:
    """Its whole idea of the service."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, **sent: Any) -> Any:
        """Return ``data`` of an answer that says success; fail otherwise."""
        answer = self.http.request(method, path, **sent)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        said = answer.json()
        assert set(said) >= {"code", "message", "data"} and said["code"] == 0, said
        return said["data"]

    def refused(self, method: str, path: str, **sent: Any) -> tuple[int, int]:
        """Return status and code of a refusal; its message is for people."""
        answer = self.http.request(method, path, **sent)
        said = answer.json()
        assert said["code"] != 0 and said["message"], said
        return answer.status_code, said["code"]

    def download(self, url: str, **headers: str) -> httpx.Response:
        """Fetch an absolute address as a browser would."""
        assert url.startswith("http://"), url
        return self.http.get(url, headers=headers)

    def result(self, entry: Any) -> bytes:
        """Fetch a result as most clients do: the address behind the one of the service."""
        answer = httpx.get(str(self.http.base_url).rstrip("/") + entry["result_url"], trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.content

    def submit(self, **fields: Any) -> Any:
        """Submit a task and poll until it has ended."""
        entry = self.call("POST", "/voice-tasks", json={"user_id": "u1", "text": TEXT, "model_id": "v1", **fields})
        return self.wait_for(fields.get("user_id", "u1"), entry["task_id"])

    def make_voice(self, model_id: str, **more: Any) -> Any:
        """Create a voice as the old page's form does."""
        fields = {
            "model_name": f"音色 {model_id}",
            "model_id": model_id,
            "gender": "2",
            "prompt_text": "你好，很高兴认识你。",
        }
        files = {"avatar": ("a.png", picture(), "image/png"), "refer_wav": ("r.wav", clip(), "audio/wav")}
        return self.call("POST", "/voice-models", data={**fields, "prompt_language": "all_zh", **more}, files=files)

    def wait_for(self, user_id: str, task_id: str) -> Any:
        """Poll the user's list until a task has ended."""

        def ended() -> Any:
            page = self.call("GET", "/voice-tasks", params={"user_id": user_id, "page": 1, "page_size": 20})
            entry = next(each for each in page["data"] if each["task_id"] == task_id)
            assert entry["status"] in ("wait", "run", "done", "error")
            return entry if entry["status"] in ("done", "error") else None

        return eventually(ended)


@pytest.fixture
def old(running: Running) -> OldClient:
    """The client."""
    return OldClient(running.client)


def test_it_finds_the_service_and_its_page(old: OldClient) -> None:
    health = old.http.get("/healthz").json()
    assert health["status"] == "ok" and urlsplit(health["index_url"]).path == "/index"
    for path in ("/", "/manager"):
        answer = old.http.get(path)
        assert answer.is_redirect and urlsplit(answer.headers["location"]).path == "/index"
    assert "text/html" in old.http.get("/index").headers["content-type"]


def test_categories_from_making_to_deleting(old: OldClient) -> None:
    named = old.call("POST", "/voice-categories", json={"category_id": "books", "category_name": "有声书"})
    assert {"category_id", "category_name", "description", "created_at"} <= set(named)
    made_up = old.call("POST", "/voice-categories", json={"category_name": "新闻", "description": "播报"})
    assert made_up["category_id"] and made_up["category_id"] != "books"
    listed = old.call("GET", "/voice-categories")
    listed = listed["data"] if isinstance(listed, dict) else listed
    assert {each["category_id"] for each in listed} == {"books", made_up["category_id"]}
    changed = old.call("PATCH", "/voice-categories/books", json={"category_name": "小说"})
    assert (changed["category_id"], changed["category_name"]) == ("books", "小说")
    assert old.refused("POST", "/voice-categories", json={"category_id": "books", "category_name": "x"}) == (409, 2)
    old.make_voice("v1", categories="books")
    old.call("DELETE", "/voice-categories/books")
    assert old.call("GET", "/voice-models/v1")["categories"] == [], "deleting removes it from every voice"
    assert old.refused("DELETE", "/voice-categories/books") == (404, 2)


def test_voices_from_making_to_deleting(old: OldClient) -> None:
    for category in ("books", "news"):
        old.call("POST", "/voice-categories", json={"category_id": category, "category_name": category})
    # Several categories were sent repeated by some clients and with commas by others.
    assert old.make_voice("v1", categories=["books", "news"])["categories"] == ["books", "news"]
    assert old.make_voice("v2", categories="books,news")["categories"] == ["books", "news"]
    record = old.make_voice("v3")
    assert set(VOICE_FIELDS) <= set(record) and record["gender"] == 2 and isinstance(record["created_at"], int)
    assert urlsplit(record["avatar_url"]).path.startswith("/audio/v3/avatar.")
    assert urlsplit(record["refer_wav_url"]).path.startswith("/audio/v3/refer.")

    page = old.call("GET", "/voice-models", params={"page": 1, "page_size": 2})
    assert (page["total"], page["pageIndex"], page["pageSize"]) == (3, 1, 2)
    assert [each["model_id"] for each in page["data"]] == ["v3", "v2"], "newest first"
    assert [each["model_id"] for each in old.call("GET", "/voice-models?page=2&page_size=2")["data"]] == ["v1"]
    assert old.call("GET", "/voice-models", params={"name": "V2"})["total"] == 1
    assert old.call("GET", "/voice-models", params={"category": "news"})["total"] == 2

    assert old.call("PATCH", "/voice-models/v3", data={"model_name": "改名"})["model_name"] == "改名"
    set_to = old.call("POST", "/voice-models/v3/categories", json={"categories": ["news"]})
    assert set_to["categories"] == ["news"]
    assert old.refused("POST", "/voice-models/v3/categories", json={"categories": ["absent"]})[1] in (2, 3)
    assert old.call("POST", "/voice-models/v3/categories", json={"categories": []})["categories"] == []
    old.call("DELETE", "/voice-models/v3")
    assert old.refused("GET", "/voice-models/v3") == (404, 2)
    assert old.http.get("/audio/v3/refer.wav").status_code == 404


def test_speech_at_once(old: OldClient, running: Running) -> None:
    old.make_voice("v1")
    body = {"text": TEXT, "text_language": "中文", "model_id": "v1", "user_id": "u1", "task_id": "s1", "top_k": 5}
    answer = old.http.post("/synthesize", json={**body, "top_p": 1, "temperature": 1, "how_to_cut": "凑四句一切"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getnframes() > 0 and file.getsampwidth() == 2
    assert old.http.get("/output/u1/s1/s1.wav").content == answer.content
    # With a path on the server instead of a voice, the names of the languages in full, and nobody's name.
    path = "audio/v1/refer.wav"
    other = {
        "text": "Hello there.",
        "text_language": "英文",
        "ref_wav_path": path,
        "prompt_text": "你好。",
        "prompt_language": "中文",
    }
    assert old.http.post("/synthesize", json={**other, "model_id": "", "user_id": ""}).status_code == 200
    assert len(list((running.root / "output" / "anonymous").iterdir())) == 1
    assert old.refused("POST", "/synthesize", json={**body, "model_id": "absent"}) == (404, 2)
    assert old.refused("POST", "/synthesize", json={"text": TEXT})[1] == 3, "neither a voice nor reference audio"
    assert old.refused("POST", "/synthesize", json={"model_id": "v1"})[1] == 3, "no text"


def test_tasks_from_submitting_to_deleting(old: OldClient) -> None:
    old.make_voice("v1")
    body = {"user_id": "u1", "text": TEXT, "text_language": "中文", "model_id": "v1"}
    entry = old.call("POST", "/voice-tasks", json={**body, "task_id": "t1"})
    assert set(TASK_FIELDS) <= set(entry) and entry["task_id"] == "t1" and entry["status"] in ("wait", "run", "done")
    made_up = old.call("POST", "/voice-tasks", json=body)["task_id"]
    assert made_up.startswith("T")
    done = old.wait_for("u1", "t1")
    assert (done["status"], done["progress"], done["error"]) == ("done", 100, None)
    assert urlsplit(done["result_url"]).path == "/done/t1.wav"
    result = old.result(done)
    assert result[:4] == b"RIFF" and old.http.get("/output/u1/t1/t1.wav").content == result

    old.wait_for("u1", made_up)
    for ids in ({"ids": f"t1,{made_up}"}, {"task_ids": f"t1 {made_up}"}):
        assert {each["task_id"] for each in old.call("GET", "/voice-tasks", params=ids)["data"]} == {"t1", made_up}
    assert old.call("GET", "/voice-tasks", params={"task_id": "t1"})["total"] == 1
    assert old.call("GET", "/voice-tasks", params={"user_id": "u1", "status": "error"})["total"] == 0
    assert old.call("GET", "/voice-tasks", params={"user_id": "nobody"})["data"] == []
    asked = {"user_id": "u1", "task_ids": ["t1", "absent"], "page": 1, "page_size": 10}
    assert old.call("POST", "/voice-tasks/query", json=asked)["total"] == 1
    assert old.call("POST", "/voice-tasks", json={**body, "task_id": "t1"})["task_id"] == "t1", "the same body again"

    assert old.call("DELETE", "/voice-tasks/t1") == {"removed": True}
    assert old.call("DELETE", "/voice-tasks/t1") == {"removed": False}, "a second time"
    assert old.refused("GET", "/voice-tasks/t1") == (404, 2)
    assert old.http.get("/done/t1.wav").status_code == 404 and old.http.get("/output/u1/t1/t1.wav").status_code == 404


def test_a_running_task_is_cancelled_by_deleting_it(old: OldClient, running: Running) -> None:
    old.make_voice("v1")
    running.engine.hold()
    old.call("POST", "/voice-tasks", json={"user_id": "u1", "task_id": "t1", "text": TEXT, "model_id": "v1"})
    assert old.http.get("/task/t1.json").status_code == 200
    assert old.call("DELETE", "/voice-tasks/t1") == {"removed": True}
    running.engine.release()
    assert old.call("GET", "/voice-tasks", params={"user_id": "u1"})["total"] == 0
    assert old.http.get("/task/t1.json").status_code == 404


def test_files_come_whole_in_ranges_and_not_at_all(old: OldClient) -> None:
    record = old.make_voice("v1")
    whole = old.download(record["refer_wav_url"])
    part = old.download(record["refer_wav_url"], Range="bytes=4-11")
    assert part.status_code == 206 and part.content == whole.content[4:12]
    assert old.download(record["avatar_url"]).headers["content-type"].startswith("image/")
    for path in (
        "/audio",
        "/audio/",
        "/audio/v1/",
        "/done/",
        "/output/",
        "/audio/../service.db",
        "/audio/%2e%2e/service.db",
    ):
        assert old.http.get(path).status_code in (307, 404), path
        assert old.http.get(path, follow_redirects=True).status_code == 404, path


def test_every_refusal_has_the_envelope(old: OldClient) -> None:
    assert old.refused("GET", "/no-such-thing") == (404, 2)
    assert old.refused("PUT", "/voice-models")[0] == 405
    assert old.refused("POST", "/voice-tasks", json={"user_id": []})[1] == 3
    assert old.refused("POST", "/voice-tasks", content=b"{")[1] == 3


def test_weights_are_switched_and_remembered(start: Starter, tmp_path: Path) -> None:
    running = start()
    old = OldClient(running.client)
    for folder in ("GPT_weights", "SoVITS_weights"):
        (running.root / folder).mkdir(exist_ok=True)
    write_gpt(tmp_path / "g.ckpt", 0)
    write_sovits(tmp_path / "s.pth", 0)
    shutil.copy(tmp_path / "g.ckpt", running.root / "GPT_weights/mine.ckpt")
    shutil.copy(tmp_path / "s.pth", running.root / "SoVITS_weights/mine.pth")
    pair = {"gpt_model_path": "GPT_weights/mine.ckpt", "sovits_model_path": "SoVITS_weights/mine.pth"}
    old.call("POST", "/set_model", json=pair)
    assert "mine.ckpt" in (running.root / "gweight.txt").read_text()
    assert "mine.pth" in (running.root / "sweight.txt").read_text()
    old.call("POST", "/set_model", json={"gpt_model_path": pair["gpt_model_path"]})
    assert old.refused("POST", "/set_model", json={"gpt_model_path": "GPT_weights/absent.ckpt"})[1] in (2, 3)
    assert old.refused("POST", "/set_model", json={"gpt_model_path": "/etc/passwd"})[1] == 3
    assert "mine.ckpt" in (running.root / "gweight.txt").read_text(), "a failed load changes nothing"

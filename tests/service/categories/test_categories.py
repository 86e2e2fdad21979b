"""Categories, and the file in which old tools read them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.service.conftest import Running
from tests.service.samples import make_voice

pytestmark = pytest.mark.both_databases


def written(running: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((running.root / "voice_categories.json").read_text("utf-8"))
    return found


def listed(running: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.client.get("/voice-categories").json()["data"]
    return found


def test_a_category_is_made_listed_changed_and_removed(running: Running) -> None:
    assert listed(running) == written(running) == []
    made = running.client.post(
        "/voice-categories", json={"category_id": "books", "category_name": " 有声书 ", "description": "长文本"}
    ).json()["data"]
    assert (made["category_id"], made["category_name"], made["description"]) == ("books", "有声书", "长文本")
    assert isinstance(made["created_at"], int)
    assert listed(running) == written(running) == [made]
    changed = running.client.patch("/voice-categories/books", json={"category_name": "小说"}).json()["data"]
    assert changed == {**made, "category_name": "小说"}
    assert listed(running) == written(running) == [changed]
    assert running.client.delete("/voice-categories/books").json()["data"] == {"removed": True}
    assert listed(running) == written(running) == []


def test_an_id_is_made_up_where_none_is_given(running: Running) -> None:
    first = running.client.post("/voice-categories", json={"category_name": "a"}).json()["data"]["category_id"]
    second = running.client.post("/voice-categories", json={"category_name": "b"}).json()["data"]["category_id"]
    assert first and second and first != second


def test_what_is_taken_missing_or_wrong_is_refused(running: Running) -> None:
    running.client.post("/voice-categories", json={"category_id": "a", "category_name": "A"})
    wrong: list[tuple[str, str, dict[str, Any], int, int]] = [
        ("POST", "", {"category_id": "a", "category_name": "B"}, 409, 2),
        ("POST", "", {"category_name": "A"}, 409, 2),
        ("POST", "", {"category_name": "  "}, 400, 3),
        ("POST", "", {"category_name": "x" * 101}, 400, 3),
        ("POST", "", {"category_name": "a\u2028b"}, 400, 3),
        ("POST", "", {"category_id": "a/b", "category_name": "C"}, 400, 3),
        ("POST", "", {"category_name": "D", "description": "x" * 2001}, 400, 3),
        ("POST", "", {}, 422, 3),
        ("PATCH", "/none", {"category_name": "E"}, 404, 2),
        ("DELETE", "/none", {}, 404, 2),
    ]
    for method, path, body, status, code in wrong:
        answer = running.client.request(method, f"/voice-categories{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path, body)
    assert [each["category_id"] for each in listed(running)] == ["a"]


def test_a_removed_category_leaves_every_voice(running: Running) -> None:
    for name in ("a", "b"):
        running.client.post("/voice-categories", json={"category_id": name, "category_name": name})
    for number in range(3):
        make_voice(running.client, model_id=f"v{number}", categories="a, b")
    running.client.delete("/voice-categories/a")
    voices = running.client.get("/voice-models").json()["data"]["data"]
    assert [voice["categories"] for voice in voices] == [["b"]] * 3


def test_the_file_is_whole_at_every_moment_and_ends_in_step(running: Running) -> None:
    stop, broken = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                written(running)
            except ValueError as error:  # noqa: PERF203
                broken.append(error)

    def make(worker: int) -> None:
        for number in range(5):
            assert (
                running.client.post("/voice-categories", json={"category_name": f"{worker}-{number}"}).status_code
                == 200
            )

    reader = threading.Thread(target=read)
    reader.start()
    makers = [threading.Thread(target=make, args=(worker,)) for worker in range(4)]
    for thread in makers:
        thread.start()
    for thread in makers:
        thread.join()
    stop.set()
    reader.join()
    assert broken == []
    assert len(listed(running)) == 20 and listed(running) == written(running)

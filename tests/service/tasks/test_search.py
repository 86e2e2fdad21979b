"""Tasks are found by what people remember, and keep the name of a voice that has gone."""

from __future__ import annotations

import pytest

from service.pinyin import spellings
from tests.service.conftest import Running
from tests.service.samples import clip


def voice(running: Running, model_id: str, name: str, text: str) -> None:
    """Make a voice."""
    fields = {"model_id": model_id, "model_name": name, "gender": "2", "prompt_text": text}
    answer = running.client.post("/voice-models", data=fields, files={"refer_wav": ("a.wav", clip())})
    assert answer.status_code == 200, answer.text


def task(running: Running, task_id: str, text: str, model_id: str, **fields: object) -> int:
    """Submit a task; return the status."""
    body = {"user_id": "u", "task_id": task_id, "text": text, "model_id": model_id, "text_language": "all_zh"}
    return running.client.post("/voice-tasks", json={**body, **fields}).status_code


@pytest.fixture
def filled(running: Running) -> Running:
    """Two voices with a task each."""
    voice(running, "rain", "小雨", "今天天气很好。")
    voice(running, "anna", "Anna", "The quick fox.")
    assert task(running, "one", "春眠不觉晓，处处闻啼鸟。", "rain") < 300
    assert task(running, "two", "The Harbour at night.", "anna", text_language="en") < 300
    return running


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("春眠", ["one"]),
        ("chunmian", ["one"]),
        ("CMBJX", ["one"]),
        ("xiaoyu", ["one"]),
        ("天气", ["one"]),
        ("ｈａｒｂｏｕｒ", ["two"]),
        ("harbour quick", ["two"]),
        ("harbour 春眠", []),
        ("two", ["two"]),
        ("", ["two", "one"]),
    ],
)
def test_every_word_is_found_somewhere(words: str, found: list[str], filled: Running) -> None:
    answer = filled.client.get("/voice-tasks", params={"search": words}).json()["data"]
    assert [each["task_id"] for each in answer["data"]] == found and answer["total"] == len(found)


def test_a_search_is_paged_and_joins_other_choices(filled: Running) -> None:
    for number in range(5):
        assert task(filled, f"more-{number}", f"Harbour {number}.", "anna", text_language="en") < 300
    params: dict[str, str | int] = {"search": "harbour", "page": 2, "page_size": 4}
    answer = filled.client.get("/voice-tasks", params=params).json()["data"]
    assert (answer["total"], len(answer["data"])) == (6, 2)
    assert filled.client.get("/voice-tasks", params={**params, "user_id": "nobody"}).json()["data"]["total"] == 0


def test_a_deleted_voice_keeps_its_name(filled: Running) -> None:
    assert filled.client.delete("/voice-models/rain", params={"force": "true"}).status_code == 200
    assert filled.client.get("/voice-tasks/one").json()["data"]["model_name"] == "小雨"
    answer = filled.client.get("/voice-tasks", params={"search": "小雨"}).json()["data"]
    assert answer["total"] == 1


def test_a_task_that_is_sent_again_after_its_voice_was_renamed_is_the_same(filled: Running) -> None:
    assert filled.client.patch("/voice-models/rain", json={"model_name": "大雨"}).status_code == 200
    assert task(filled, "one", "春眠不觉晓，处处闻啼鸟。", "rain") < 300
    assert filled.client.get("/voice-tasks/one").json()["data"]["model_name"] == "小雨"
    assert filled.client.get("/voice-tasks").json()["data"]["total"] == 2


def test_pinyin_has_no_tones_and_no_spaces() -> None:
    assert spellings("小雨") == ("xiaoyu", "xy")
    assert spellings("第2课 A") == ("di2kea", "d2ka")
    assert spellings("Anna") == ()

"""Clients read errors in the language that they ask for; programs read codes; older interfaces stay as they are."""

from __future__ import annotations

from typing import Any

from GPT_SoVITS.engine.errors import SynthesisFailedError
from service.words import said
from tests.service.conftest import Running
from tests.service.samples import make_voice
from tests.service.tasks.http import ended, submit

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


def test_the_message_is_in_the_language_of_the_client(running: Running) -> None:
    english = running.client.get("/voice-models/nobody")
    chinese = running.client.get("/voice-models/nobody", headers=CHINESE)
    assert english.status_code == chinese.status_code == 404
    assert english.json()["message"] == "there is no voice 'nobody': choose one of the list of voices"
    assert chinese.json()["message"] == "声音“nobody”不存在，请从声音列表中选择。"
    assert english.json()["data"] == chinese.json()["data"]
    assert chinese.json()["data"]["error"] == {"code": "voice_missing", "params": {"model_id": "nobody"}}
    assert chinese.headers["content-language"] == "zh" and "Accept-Language" in chinese.headers["vary"]


def test_a_language_that_the_service_lacks_is_answered_in_english(running: Running) -> None:
    answer = running.client.get("/voice-models/nobody", headers={"Accept-Language": "fr-FR, de;q=0.7"})
    assert answer.json()["message"].startswith("there is no voice") and answer.headers["content-language"] == "en"


def test_wrong_fields_are_told_in_chinese_with_their_names_and_codes(running: Running) -> None:
    body = {"text": "x" * 3, "speed": 99, "top_k": "many"}
    answer = running.client.post("/synthesize", json=body, headers=CHINESE)
    problems = {problem["field"]: problem for problem in answer.json()["data"]["problems"]}
    assert answer.status_code == 422 and answer.json()["message"].startswith("请求参数有误，请修改：")
    assert problems["speed"]["code"] == "field_too_large" and problems["speed"]["message"].startswith("不能大于")
    assert problems["top_k"] == {"field": "top_k", "message": "应为整数", "code": "field_integer", "params": {}}
    missing = running.client.post("/voice-tasks", json={}, headers=CHINESE).json()["data"]["problems"]
    assert ("text", "缺少此项，请填写") in {(problem["field"], problem["message"]) for problem in missing}


def test_broken_json_and_unknown_addresses_are_told_in_chinese(running: Running) -> None:
    headers = {**CHINESE, "Content-Type": "application/json"}
    broken = running.client.post("/voice-tasks", content=b'{"text": ', headers=headers)
    assert broken.status_code == 422 and "不是有效的 JSON" in broken.json()["message"]
    assert "此地址没有内容" in running.client.get("/nowhere", headers=CHINESE).json()["message"]


def test_texts_that_cannot_be_spoken_are_told_in_chinese(running: Running) -> None:
    make_voice(running.client)
    body = {"text": "。。。", "model_id": "narrator"}
    answer = running.client.post("/synthesize", json=body, headers=CHINESE)
    assert answer.status_code == 400 and "文本中没有可以朗读的内容" in answer.json()["message"]
    assert answer.json()["data"]["error"]["code"] == "text_empty"


def test_older_interfaces_keep_their_words_whatever_the_language(running: Running) -> None:
    for language in ("zh", "en", "fr"):
        told = running.client.get(
            "/", params={"text": "a", "text_language": "en"}, headers={"Accept-Language": language}
        )
        assert told.json()["message"] == "未指定参考音频且接口无预设"
    told = running.client.get("/tts", params={"text": "a", "text_lang": "en"}, headers=CHINESE)
    assert told.json()["message"] == "ref_audio_path is required"


def test_why_a_task_failed_is_kept_as_a_code_with_its_parameters(running: Running) -> None:
    for _ in range(3):
        running.engine.fail_next(SynthesisFailedError("the network said nothing"))
    entry = ended(running, submit(running)["task_id"])
    kept: dict[str, Any] = {"code": "synthesis_failed", "params": {"detail": "the network said nothing"}}
    assert entry["error"] == "given up after 3 attempts: the network said nothing" and entry["error_said"] == kept
    assert (
        said(kept["code"], **kept["params"]).text("zh")
        == "合成失败，请重试，或换一个参考音频：the network said nothing"
    )
    story = running.client.get(f"/voice-tasks/{entry['task_id']}/story").json()["data"]
    failed = [line["detail"] for line in story if line["kind"] in ("failed", "repeated")]
    assert len(failed) == 3 and all(kept.items() <= detail.items() for detail in failed)


def test_a_cancelled_task_is_cancelled_in_every_language(running: Running) -> None:
    running.engine.die()
    task_id = submit(running)["task_id"]
    entry = running.client.post(f"/voice-tasks/{task_id}/cancel").json()["data"]
    assert entry["error"] == "cancelled" and entry["error_said"] == {"code": "cancelled", "params": {}}

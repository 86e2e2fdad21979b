"""The thirty documented endpoints by keyword and by position, and every step busy, closed and failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.waiting import eventually
from tests.webui.test_document import ENDPOINTS
from webui.jobs import STEPS
from webui.recognisers import RECOGNISERS
from webui.versions import VERSIONS
from webui.words import Words

if TYPE_CHECKING:
    from tests.webui.sites import Site

WORDS = Words("zh")
GIVEN = {
    "asr_inp_dir": "raw/x",
    "inp": "raw/x",
    "denoise_inp_dir": "raw/x",
    "inp_text": "a.list",
    "inp_wav_dir": "raw/x",
}
_OPENED = ("/change_label", "/change_uvr5", "/change_tts_inference")


def _values(name: str) -> dict[str, Any]:
    """Return a value for each parameter, in order: the documented default, but for paths."""
    return {each["name"]: GIVEN.get(each["name"], each.get("default")) for each in ENDPOINTS[name]["parameters"]}


def test_every_endpoint_takes_keywords_and_positions_alike(shared: Site, client: Any) -> None:
    for name, documented in ENDPOINTS.items():
        values = _values(name)
        if name.removesuffix("_1") in _OPENED and name.endswith("_1"):
            continue  # the same function: each call opens or closes
        before = len(shared.fake.posted)
        answers = [client.predict(**values, api_name=name), client.predict(*values.values(), api_name=name)]
        told = shared.fake.posted[before:]
        if name in _OPENED:
            assert [answer[-3:] for answer in answers] == ["已开启", "已关闭"], name
            continue
        assert answers[0] == answers[1], name
        assert told[: len(told) // 2] == told[len(told) // 2 :], name
        items = [each for each in documented["returns"]["items"] if each["component"] != "Button"]
        assert len(answers[0]) == len(items) if isinstance(answers[0], tuple) else len(items) == 1, name


def test_each_step_is_busy_while_its_job_runs_and_free_when_it_was_closed(shared: Site, client: Any) -> None:
    for name, step in STEPS.items():
        if name == "uvr5":  # on a page of its own
            continue
        opening, closing = (f"/{verb}{'_' if name.isalpha() else ''}{name}" for verb in ("open", "close"))
        shared.fake.held.add(step.session)
        shared.fake.start(step.route, {"session_id": step.session, "parts": []})  # by a page that is gone
        for state, endpoint, given in (("busy", opening, _values(opening)), ("closed", closing, {})):
            said = client.predict(**given, api_name=endpoint)
            assert (said if isinstance(said, str) else said[0]) == WORDS.state(name, state), (name, endpoint)
        assert shared.fake.jobs[step.session].states == [{"state": "cancelled"}]


def test_every_step_says_that_it_failed(shared: Site, client: Any) -> None:
    for name in ("1a", "1b", "1c", "1abc", "1Ba", "1Bb"):
        shared.fake.failing.add("broken")
        said = client.predict(**{**_values(f"/open{name}"), "exp_name": "broken"}, api_name=f"/open{name}")
        assert (said if isinstance(said, str) else said[0]) == WORDS.state(name, "failed")


def test_the_reason_of_a_failure_travels_as_a_warning(shared: Site, client: Any) -> None:
    shared.fake.failing.add("broken")
    number = next(each["id"] for each in client.config["dependencies"] if each["api_name"] == "open1Bb")
    values = list({**_values("/open1Bb"), "exp_name": "broken"}.values())
    with httpx.Client(base_url=shared.url, trust_env=False, timeout=30, verify=False) as http:
        body = {"data": values, "fn_index": number, "session_hash": "reason"}
        http.post("/queue/join", json=body).raise_for_status()
        with http.stream("GET", "/queue/data", params={"session_hash": "reason"}) as events:
            said = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
    logs = [(each["level"], each["log"]) for each in said if each["msg"] == "log"]
    assert logs == [("warning", "broken fails")]


def test_recognisers_are_known_by_the_names_of_both_eras(shared: Site, client: Any) -> None:
    for name, recogniser in RECOGNISERS.items():
        said = client.predict("raw/x", asr_model=name, asr_model_size="large-v3-turbo", api_name="/open_asr")
        assert said[0] == "语音识别已完成"
        body = shared.fake.body("open_asr")
        assert (body["asr_model"], body["asr_model_size"]) == (recogniser.service_name, "large-v3-turbo")
    assert RECOGNISERS["达摩 ASR (中文经典)"] == RECOGNISERS["达摩 ASR (中文)"]


def test_each_version_is_trained_after_it_was_switched_to(shared: Site, client: Any) -> None:
    for name, version in VERSIONS.items():
        assert len(client.predict(name, api_name="/switch_version")) == 12
        client.predict(exp_name="demo", api_name="/open1Ba")
        body = shared.fake.body("sovits_train")
        assert (body["version"], body["pretrained_s2G"]) == (name, version.sovits)


def test_a_session_that_somebody_removed_is_closed_and_not_running_for_ever(shared: Site, client: Any) -> None:
    shared.fake.held.add("webui-slice")
    job = client.submit(inp="raw/x", api_name="/open_slice")
    eventually(lambda: bool(job.outputs()))
    del shared.fake.jobs["webui-slice"]
    assert job.result(timeout=60)[0] == "语音切分已关闭"

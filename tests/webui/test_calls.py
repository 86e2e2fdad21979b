"""Calls of scripts: both eras by keyword and by position, what reaches the service, and what goes wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.waiting import eventually
from webui.actions.training import OPEN1ABC, OPEN1B, OPEN1BA, OPEN1C
from webui.eras import Signature
from webui.versions import VERSIONS

if TYPE_CHECKING:
    from tests.webui.sites import Site

V4 = VERSIONS["v4"]
FIELDS = {"inp_text": "demo/demo.list", "inp_wav_dir": "demo/wavs", "exp_name": "demo"}
ANNOUNCED = {
    "inp_text": "D:\\xxx.list", "exp_name": "xxx", "gpu_numbers": "0-0", "ssl_pretrained_dir": "hubert",
    "pretrained_s2G_path": "g.pth", "inp_wav_dir": "", "version": "",
}  # fmt: skip


def _filled(signature: Signature, *given: Any, announced: dict[str, Any]) -> list[Any]:
    """Return the values that a client sends for a positional call."""
    return [*given, *(announced.get(name, "") for name in signature.names[len(given) :])]


@pytest.mark.parametrize("signature", [OPEN1B, OPEN1C, OPEN1ABC, OPEN1BA])
def test_the_newer_order_is_told_by_the_version_however_many_values_come(signature: Signature) -> None:
    announced = {name: f"default of {name}" for name in signature.names} | {"version": ""}
    for count in range(1, len(signature.newer) + 1):
        given = ["v2Pro", *(f"{name}!" for name in signature.newer[1:count])]
        found = signature.settle(_filled(signature, *given, announced=announced), announced)
        assert found == announced | dict(zip(signature.newer, given, strict=False))


@pytest.mark.parametrize("signature", [OPEN1B, OPEN1C, OPEN1ABC, OPEN1BA])
def test_the_older_order_stays(signature: Signature) -> None:
    values = [f"{name}!" for name in signature.names]
    assert signature.settle(values, {}) == dict(zip(signature.names, values, strict=True))


def test_the_required_folder_may_come_last_in_a_newer_call() -> None:
    values = ["v4", "demo.list", "wavs", "0-0", "hubert", ""]
    found = OPEN1B.settle(values, {name: ANNOUNCED[name] for name in ANNOUNCED if name != "inp_wav_dir"})
    assert (found["version"], found["inp_text"], found["inp_wav_dir"]) == ("v4", "demo.list", "wavs")
    assert (found["exp_name"], found["gpu_numbers"]) == ("xxx", "0-0")


@pytest.mark.parametrize(
    ("endpoint", "older", "newer"),
    [
        ("open1b", ("d.list", "wavs", "demo", "0"), ("v4", "d.list", "wavs", "demo", "0")),
        ("open1c", ("d.list", "demo", "0"), ("v4", "d.list", "wavs", "demo", "0")),
        ("open1abc", ("d.list", "wavs", "demo", "0"), ("v4", "d.list", "wavs", "demo", "0")),
        ("open1Ba", (3, 9, "demo", 0.3), ("v4", 3, 9, "demo", 0.3)),
    ],
)
def test_both_orders_reach_the_service_alike(
    shared: Site, client: Any, endpoint: str, older: tuple[Any, ...], newer: tuple[Any, ...]
) -> None:
    client.predict("v4", api_name="/switch_version")
    bodies = []
    for given in (older, newer):
        final = client.predict(*given, api_name=f"/{endpoint}")
        assert "已完成" in (final if isinstance(final, str) else final[0])
        bodies.append(shared.fake.posted[-1][1])
    if endpoint == "open1c":
        assert (bodies[0].pop("inp_wav_dir"), bodies[1].pop("inp_wav_dir")) == ("", "wavs")
    assert bodies[0] == bodies[1]
    assert bodies[0]["version"] == "v4" and bodies[0]["exp_name"] == "demo"


def test_a_version_brings_its_own_published_weights(shared: Site, client: Any) -> None:
    client.predict("v4", api_name="/switch_version")
    client.predict(exp_name=" demo ", api_name="/open1Ba")
    body = shared.fake.body("sovits_train")
    assert (body["pretrained_s2G"], body["pretrained_s2D"]) == (V4.sovits, V4.discriminator)
    assert body["exp_name"] == "demo"
    client.predict(exp_name="demo", pretrained_s2G="own.pth", version="v2", api_name="/open1Ba")
    assert shared.fake.body("sovits_train")["pretrained_s2G"] == "own.pth"


def test_a_failed_training_says_so_and_why(shared: Site, client: Any) -> None:
    shared.fake.failing.add("broken")
    job = client.submit(exp_name="broken", api_name="/open1Bb")
    assert job.result()[0] == "GPT训练失败"
    assert [each[0] for each in job.outputs()] == ["GPT训练已开启", "GPT训练失败"]
    assert client.predict(exp_name="fine", api_name="/open1Bb")[0] == "GPT训练已完成"


def test_a_step_that_runs_in_the_service_is_busy_until_it_is_closed(shared: Site, client: Any) -> None:
    shared.fake.held.add("webui-1a")
    shared.fake.start("open1abc", {**FIELDS, "session_id": "webui-1a", "parts": ["1a"]})  # by a page that is gone
    assert client.predict(**FIELDS, api_name="/open1a") == "文本分词与特征提取占用中,需先终止才能开启下一次任务"
    assert client.predict(api_name="/close1a") == "文本分词与特征提取已关闭"
    assert client.predict(**FIELDS, api_name="/open1a") == "文本分词与特征提取已完成"


def test_two_clients_at_once_work_side_by_side_and_take_turns_at_one_step(shared: Site, client: Any) -> None:
    shared.fake.held.add("webui-slice")
    other = shared.client()
    first = client.submit(inp="a", api_name="/open_slice")
    eventually(lambda: bool(first.outputs()))
    second = other.submit(inp="b", api_name="/open_slice")
    assert other.predict("v1", api_name="/switch_version")[0]["value"] == VERSIONS["v1"].sovits
    assert other.predict(asr_inp_dir="raw/x", api_name="/open_asr")[0] == "语音识别已完成"
    assert not second.done()
    shared.fake.let_go("webui-slice")
    assert first.result()[0] == second.result()[0] == "语音切分已完成"
    assert [body["inp"] for route, body in shared.fake.posted if route == "open_slice"] == ["a", "b"]


_GOES_AWAY = """
import sys, time
from gradio_client import Client
job = Client(sys.argv[1], verbose=False).submit(inp="a", api_name="/open_slice")
while not job.outputs():
    time.sleep(0.01)
print("runs", flush=True)
job.result()
"""


@pytest.mark.full
def test_a_client_that_goes_away_leaves_its_step_running(shared: Site, client: Any) -> None:
    shared.fake.held.add("webui-slice")
    script = subprocess.Popen([sys.executable, "-c", _GOES_AWAY, shared.url], stdout=subprocess.PIPE, text=True)
    assert script.stdout is not None and script.stdout.readline() == "runs\n"
    script.send_signal(signal.SIGKILL)
    script.wait()
    assert shared.fake.jobs["webui-slice"].states[0]["state"] == "run"
    job = client.submit(inp="b", api_name="/open_slice")
    eventually(lambda: job.status().queue_size is not None or job.outputs())
    shared.fake.let_go("webui-slice")
    assert job.result(timeout=60)[0] in ("语音切分已完成", "语音切分占用中,需先终止才能开启下一次任务")
    eventually(lambda: client.predict(inp="b", api_name="/open_slice")[0] == "语音切分已完成")


def test_a_service_that_is_away_for_a_while_costs_nothing(shared: Site, client: Any) -> None:
    shared.fake.held.add("webui-1Bb")
    job = client.submit(exp_name="demo", api_name="/open1Bb")
    eventually(lambda: bool(job.outputs()))
    shared.fake.away = True
    eventually(lambda: shared.fake.refused > 2)
    assert not job.done()
    shared.fake.away = False
    shared.fake.let_go("webui-1Bb")
    assert job.result()[0] == "GPT训练已完成"


def test_what_the_service_refuses_is_a_failure_with_its_words(shared: Site, client: Any) -> None:
    shared.fake.away = True
    assert client.predict(inp="a", api_name="/open_slice")[0] == "语音切分失败"
    assert client.predict(api_name="/close_slice") == "语音切分失败"
    with pytest.raises(Exception, match="无法连接语音服务：starting"):
        client.predict(api_name="/change_choices")


def test_unknown_names_are_errors_that_list_the_known_ones(client: Any) -> None:
    with pytest.raises(Exception, match="v2ProPlus"):
        client.predict("v9", api_name="/switch_version")
    with pytest.raises(Exception, match="Faster Whisper"):
        client.predict("nobody", api_name="/change_lang_choices")

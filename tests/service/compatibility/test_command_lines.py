"""The command lines of the replaced programs become settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.compatibility.command_lines import api2_settings, api_v2_settings
from service.settings import SettingsError, load_settings


def test_api2_defaults_are_the_old_ones() -> None:
    settings = load_settings(**api2_settings([]))
    assert (settings.host, settings.port, settings.default_cut) == ("127.0.0.1", 9880, "cut5")


def test_api2_takes_every_old_option(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.touch()
    line = f"-s s.pth -g g.ckpt -dr {clip} -dt 你好。 -dl zh -d cpu -a 0.0.0.0 -p 9999 -fp -hb hubert -b bert -c 1"
    settings = load_settings(**api2_settings(line.split()))
    assert (settings.sovits_path, settings.gpt_path, settings.hubert_path, settings.bert_path) == (
        "s.pth",
        "g.ckpt",
        "hubert",
        "bert",
    )
    assert (settings.host, settings.port, settings.precision, settings.default_cut) == (
        "0.0.0.0",
        9999,
        "float32",
        "cut1",
    )
    assert (settings.default_refer_path, settings.default_refer_text) == (str(clip), "你好。")
    assert clip.parent in settings.audio_places
    assert settings.device_target == "CPU"


def test_a_device_that_is_not_there_is_replaced_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert load_settings(**api2_settings(["-d", "cuda"])).device_target is None
    assert "no cuda here" in capsys.readouterr().err
    assert load_settings(**api2_settings(["-d", "ascend:2"])).device_id == 2
    with pytest.raises(SettingsError, match="toaster"):
        api2_settings(["-d", "toaster"])


def test_half_a_reference_is_none_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert load_settings(**api2_settings(["-dr", "clip.wav", "-dl", "zh"])).default_refer_path is None
    assert "no preset reference" in capsys.readouterr().err


def test_a_reference_in_no_language_is_refused() -> None:
    with pytest.raises(SettingsError, match="-dl"):
        api2_settings(["-dr", "clip.wav", "-dt", "text", "-dl", "tlh"])


def test_paths_are_relative_to_where_they_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.pth").touch()
    found = api2_settings(["-s", "mine.pth", "-g", "GPT_weights/of-the-service.ckpt"])
    assert found["sovits_path"] == str(tmp_path / "mine.pth")
    assert found["gpt_path"] == "GPT_weights/of-the-service.ckpt"


def test_api_v2_reads_the_official_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "gpt.ckpt"
    weights.touch()
    config = tmp_path / "tts_infer.yaml"
    config.write_text(
        f"custom:\n  device: cuda\n  is_half: false\n  t2s_weights_path: {weights}\n  vits_weights_path: missing.pth\n",
        encoding="utf-8",
    )
    settings = load_settings(**api_v2_settings(["-a", "None", "-p", "9001", "-c", str(config)]))
    assert (settings.host, settings.port, settings.precision) == ("::", 9001, "float32")
    assert settings.gpt_path == str(weights) and settings.sovits_path is None
    assert "missing.pth" in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert load_settings(**api_v2_settings(["-c", "nowhere.yaml"])).port == 9880
    assert "nowhere.yaml" in capsys.readouterr().err

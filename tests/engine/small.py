"""Small networks in the official file formats: the whole engine in seconds. What they say is noise."""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from convert.defaults import default_config
from convert.expected import expected_keys
from GPT_SoVITS.engine.messages import EngineSettings, Reference, WeightsPair
from tests.convert import torchfile
from tests.parity.weights import load_config

FIXTURES = Path(__file__).parents[1] / "data" / "parity"
Arrays = dict[str, NDArray[Any]]


def _numbers(kind: str, config: dict[str, Any], seed: int) -> Arrays:
    """Numbers around those of a trained network: scales near one, weights by their fan-in."""
    arrays: Arrays = {}
    for key, shape in expected_keys(kind, config).items():
        rng = np.random.default_rng((zlib.crc32(key.encode()), seed))
        fan_in = max(int(np.prod(shape[1:])), 1)
        value = rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(fan_in))
        if key.endswith(("running_var", "norm.weight", "norm1.weight", "norm2.weight", "gamma", "alpha")):
            value = np.abs(value) * np.float32(0.02) + 1
        arrays[key] = value.astype(np.float32)
    return arrays


def _end_now_and_then(arrays: Arrays, eos: int, last: int) -> None:
    """Lift the end token's logit to where it is drawn about once in twenty steps."""
    shift = np.full_like(arrays[f"h.layers.{last}.norm2.bias"], 0.3)
    arrays[f"h.layers.{last}.norm2.bias"] = shift
    arrays["ar_predict_layer.weight"][eos] = shift * 2.25 / float(shift @ shift)


More = Mapping[str, dict[str, Any]]
"""What sections of a configuration have besides."""


def write_gpt(path: Path, seed: int, more: More | None = None) -> None:
    """Write a decoder of two blocks."""
    config = copy.deepcopy(dict(default_config("t2s", "v2")))
    config["model"] |= {"embedding_dim": 32, "hidden_dim": 32, "head": 2, "linear_units": 128, "n_layer": 2}
    _add(config, more)
    arrays = _numbers("t2s", config, seed)
    _end_now_and_then(arrays, config["model"]["EOS"], config["model"]["n_layer"] - 1)
    weight = {f"model.{key}": value for key, value in arrays.items()}
    torchfile.save({"weight": weight, "config": config, "info": f"small {seed}"}, path)


def _add(config: dict[str, Any], more: More | None) -> None:
    for section, values in (more or {}).items():
        config[section] = {**config.get(section, {}), **values}


def write_sovits(path: Path, seed: int, version: str = "v2", more: More | None = None) -> None:
    """Write a synthesizer whose widths are a sixth and less of the published ones."""
    config = load_config(FIXTURES / f"s2_{version}")
    config["model"] |= {
        "version": version, "inter_channels": 32, "hidden_channels": 32, "filter_channels": 64, "n_layers": 2,
        "upsample_initial_channel": 32,
    }  # fmt: skip
    _add(config, more)
    weight = _numbers("sovits", config, seed)
    torchfile.save({"weight": weight, "config": config, "info": f"small {seed}"}, path)


def write_hubert(folder: Path, **more: Any) -> None:
    """Write a HuBERT of one layer; the synthesizer takes its 768 channels. ``more`` is of its configuration."""
    folder.mkdir(exist_ok=True)
    config = load_config(FIXTURES / "hubert_base")
    config |= {"conv_dim": [16] * 7, "num_hidden_layers": 1, "intermediate_size": 64, **more}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torchfile.save(_numbers("hubert", config, 0), folder / "pytorch_model.bin")


def write_speaker_verifier(path: Path) -> None:
    """Write a speaker verifier; its sizes are the published ones, which its file does not tell."""
    torchfile.save(_numbers("eres2netv2", dict(default_config("eres2netv2", "v2Pro")), 0), path)


def write_reference(path: Path, seconds: float = 4.0) -> None:
    """Write a test signal with the rhythm of speech."""
    rate = 16000
    at = np.arange(int(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 150 * at) * np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) * 0.3
    soundfile.write(path, wave.astype(np.float32), rate, "PCM_16")


class SmallInstallation:
    """A folder with two pairs of weights, HuBERT and a reference clip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for seed, name in enumerate(("one", "two")):
            write_gpt(folder / f"{name}.ckpt", seed)
            write_sovits(folder / f"{name}.pth", seed)
        write_hubert(folder / "hubert")
        write_reference(folder / "voice.wav")

    def pair(self, name: str = "one") -> WeightsPair:
        """Weights ``one`` or ``two``."""
        return WeightsPair(str(self.folder / f"{name}.ckpt"), str(self.folder / f"{name}.pth"))

    @property
    def voice(self) -> Reference:
        """A reference with a prompt, in English, which needs no RoBERTa."""
        return Reference(str(self.folder / "voice.wav"), "This is what the reference says.", "en")

    def settings(self, **fields: Any) -> EngineSettings:
        """Settings that find everything here."""
        given = {"weights": self.pair(), "hubert": str(self.folder / "hubert"), "device_target": "CPU"}
        return EngineSettings(**{**given, "warm_up": False, "max_rows": 4, "max_requests": 64, **fields})

"""A v4 of one transformer block in the official file formats, LoRA files for it, and its vocoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convert import lora
from convert.defaults import default_config
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from tests.convert import torchfile
from tests.engine.small import FIXTURES, Arrays, SmallInstallation, _numbers
from tests.parity.weights import load_config

RANK = 2
VOCODER_CHANNELS = 64
"""The published one has 512."""
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
HEADS = {"v3": b"03", "v4": b"04"}
"""What the official trainer writes over the first two bytes of a LoRA file."""


def official_config(version: str) -> dict[str, Any]:
    """The configuration of a synthesizer whose widths are small where the official ones may differ."""
    config = load_config(FIXTURES / f"s2_{version}")
    config["model"] |= {
        "version": version, "inter_channels": 32, "hidden_channels": 32, "filter_channels": 64, "n_layers": 2,
    }  # fmt: skip
    return config


def base_arrays(version: str) -> Arrays:
    """The base's numbers in float16, as published files hold them."""
    config = official_config(version)
    config["model"]["dit_depth"] = 1
    arrays = _numbers("sovits", config, 5)
    return {key: array.astype(np.float16) for key, array in arrays.items()}


def lora_arrays(base: Arrays, seed: int, rank: int = RANK) -> Arrays:
    """What fine-tuning changes: pairs for attention, and whole what is not frozen."""
    rng = np.random.default_rng(seed)
    found: Arrays = {}
    for part in ATTENTION:
        stem = f"cfm.base_model.model.estimator.transformer_blocks.0.attn.{part}"
        width = len(base[f"cfm.estimator.transformer_blocks.0.attn.{part}.weight"])
        found[f"{stem}.lora_A.default.weight"] = rng.standard_normal((rank, width), np.float32) / np.float32(32)
        found[f"{stem}.lora_B.default.weight"] = rng.standard_normal((width, rank), np.float32)
    found["bridge.0.bias"] = base["bridge.0.bias"] + rng.standard_normal(base["bridge.0.bias"].shape, np.float32)
    return {key: array.astype(np.float16) for key, array in found.items()}


class MelInstallation:
    """Two LoRA files over one base, the first of them merged into a whole file, and what speaks with them."""

    def __init__(self, home: SmallInstallation, folder: Path, version: str = "v4") -> None:
        self.home, self.folder, self.version = home, folder, version
        self.base = folder / f"s2G{version}.pth"
        arrays, config = base_arrays(version), official_config(version)
        torchfile.save({"weight": arrays, "config": config, "info": "base"}, self.base)
        for seed, name in enumerate(("first", "second")):
            changes = lora_arrays(arrays, seed)
            content = {"weight": changes, "config": config, "info": name, "lora_rank": RANK}
            torchfile.save(content, folder / f"{name}.pth", head=HEADS[version])
            if name == "first":
                whole = {"weight": lora.merge(arrays, changes), "config": config, "info": "merged"}
                torchfile.save(whole, folder / "merged.pth")
        vocoder = dict(default_config("hifigan", "v4")) | {"upsample_initial_channel": VOCODER_CHANNELS}
        torchfile.save({"weight": _numbers("hifigan", vocoder, 1), "config": vocoder}, folder / "vocoder.pth")

    def pair(self, name: str, gpt: str = "one") -> WeightsPair:
        """Weights ``first``, ``second`` or ``merged``, with a decoder."""
        return WeightsPair(self.home.pair(gpt).gpt, str(self.folder / f"{name}.pth"))

    def settings(self, **fields: Any) -> EngineSettings:
        """Settings that find everything here but the base, which is a resource."""
        given = {"hifigan": str(self.folder / "vocoder.pth"), "precision": "float32", **fields}
        return self.home.settings(**given)

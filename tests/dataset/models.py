"""Small networks in the official file formats, which the official program can load too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from convert.torch_writer import save
from tests.engine.small import FIXTURES, _numbers, write_hubert
from tests.parity.weights import load_config

WORDS = "你好世界今天气很我们去公园散步吧一二三的是在不了有和人这中大为上个国"
SSL, CODES = 768, 1024


def write_roberta(folder: Path) -> None:
    """Write a RoBERTa of three layers; phoneme features have 1024 channels in every version."""
    folder.mkdir(exist_ok=True)
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *dict.fromkeys(WORDS),
        "，",
        "。",
        ",",
        ".",
        "！",
        "？",
        "!",
        "?",
    ]
    config = load_config(FIXTURES / "bert_large")
    config |= {
        "num_hidden_layers": 3, "intermediate_size": 32, "vocab_size": len(words), "max_position_embeddings": 64,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    save(_numbers("bert", config, 0), folder / "pytorch_model.bin")


def quantizer() -> dict[str, Any]:
    """What makes semantic tokens, spread so that neighbouring frames get different ones."""
    rng = np.random.default_rng(5)
    return {
        "ssl_proj.weight": rng.standard_normal((SSL, SSL, 2), np.float32) * np.float32(0.03),
        "ssl_proj.bias": np.zeros(SSL, np.float32),
        "quantizer.vq.layers.0._codebook.embed": rng.standard_normal((CODES, SSL), np.float32) * np.float32(0.3),
    }


def write_quantizer(path: Path) -> None:
    """Write SoVITS weights that hold the quantizer alone."""
    config = load_config(FIXTURES / "s2_v2")
    config["model"]["version"] = "v2"
    save({"weight": quantizer(), "config": config, "info": "quantizer"}, path)


class Models:
    """A folder with every network but the speaker verifier, which is large.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        write_hubert(folder / "hubert")
        write_roberta(folder / "roberta")
        write_quantizer(folder / "s2.pth")

    @property
    def options(self) -> list[str]:
        """Options of the command that name them."""
        names = {
            "hubert-dir": "hubert",
            "bert-dir": "roberta",
            "speaker-file": "speaker.ckpt",
            "pretrained-s2g": "s2.pth",
        }
        given = [part for option, name in names.items() for part in (f"--{option}", str(self.folder / name))]
        return [*given, "--device", "CPU"]

"""Networks small enough to compile in seconds, a training folder for them, and their weight files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from convert.expected import expected_keys
from convert.torch_writer import save
from GPT_SoVITS.text.symbols import SYMBOLS
from GPT_SoVITS.training.data.folder import write_tensor
from GPT_SoVITS.training.parameters import halved
from GPT_SoVITS.training.sovits.discriminator import Discriminators
from tests.engine.small_mel import official_config

Array = np.ndarray[Any, np.dtype[Any]]

GPT_CONFIG: dict[str, Any] = {
    "model": {
        "vocab_size": 33,
        "phoneme_vocab_size": 732,
        "embedding_dim": 16,
        "hidden_dim": 16,
        "head": 2,
        "linear_units": 64,
        "n_layer": 2,
        "dropout": 0,
        "EOS": 32,
        "random_bert": 0,
    },
    "data": {"max_sec": 54, "pad_val": 32},
    "inference": {"top_k": 15},
}
SOVITS_CONFIG: dict[str, Any] = {
    "train": {
        "learning_rate": 1e-3,
        "betas": [0.8, 0.99],
        "eps": 1e-9,
        "lr_decay": 0.999875,
        "segment_size": 4 * 640,
        "c_mel": 45,
        "c_kl": 1.0,
    },
    "data": {"sampling_rate": 32000, "filter_length": 2048, "hop_length": 640, "n_mel_channels": 16},
    "model": {
        "inter_channels": 4,
        "hidden_channels": 4,
        "filter_channels": 8,
        "n_heads": 2,
        "n_layers": 2,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
        "upsample_rates": [32, 20],
        "upsample_initial_channel": 8,
        "upsample_kernel_sizes": [64, 20],
        "gin_channels": 512,
        "flow_count": 2,
        "flow_layers": 1,
        "posterior_layers": 2,
        "semantic_frame_rate": "25hz",
        "freeze_quantizer": True,
        "version": "v2",
    },
}
DISCRIMINATOR_WIDTH = 64
_CALM = r"enc_[pq]\.proj\.|flow\.flows\.\d+\.post\."


def random_state(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Array]:
    """Return weights whose outputs have moderate size, norms near 1."""
    rng = np.random.default_rng(seed)
    state = {}
    for key, shape in shapes.items():
        spread = 1.0 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 and not key.endswith("_g") else 0.1
        ones = key.endswith(("norm1.weight", "norm2.weight", "gamma", "_g"))
        state[key] = (ones + spread * rng.standard_normal(shape)).astype(np.float32)
    return state


def gpt_file(path: Path, layers: int = 2) -> Path:
    """Write a GPT weight file."""
    config = GPT_CONFIG | {"model": GPT_CONFIG["model"] | {"n_layer": layers}}
    shapes = expected_keys("t2s", config, training=True)
    weight = {f"model.{key}": array for key, array in random_state(shapes).items()}
    save({"weight": weight, "config": config, "info": "GPT-e0"}, path)
    return path


def sovits_file(path: Path, rate: float = 1e-3) -> Path:
    """Write a SoVITS weight file with everything that training needs, a learning rate included.

    What predicts deviations is calm, as it is in trained networks: the divergence of two distributions grows with the
    exponential of what it makes, and with random weights of the usual size training soon runs away from it.
    """
    weight = random_state(expected_keys("sovits", SOVITS_CONFIG, training=True))
    for key in weight:
        if re.match(_CALM, key):
            weight[key] *= np.float32(0.1)
    config = SOVITS_CONFIG | {"train": SOVITS_CONFIG["train"] | {"learning_rate": rate}}
    save({"weight": weight, "config": config, "info": "x"}, path)
    return path


def mel_file(path: Path, version: str = "v4", depth: int = 1) -> Path:
    """Write a v3 or v4 weight file of few transformer blocks with everything that training needs."""
    config = official_config(version)
    config["model"]["dit_depth"] = depth
    weight = random_state(expected_keys("sovits", config, training=True))
    save({"weight": halved(weight), "config": config, "info": "x"}, path)
    return path


def discriminator_file(path: Path) -> Path:
    """Write a weight file of discriminators."""
    cells = Discriminators("v2", DISCRIMINATOR_WIDTH).parameters_and_names()
    save({"weight": random_state({name: tuple(p.shape) for name, p in cells}, seed=1)}, path)
    return path


def training_folder(root: Path, clips: int = 3, seed: int = 0, growth: int = 1) -> Path:
    """Make a folder of noise with everything that both trainings read, in the official layout.

    Args:
        root: The folder.
        clips: Recordings.
        seed: Of the noise.
        growth: Phonemes, and pairs of frames, that a recording has more than the one before it.
    """
    rng = np.random.default_rng(seed)
    symbols = SYMBOLS["v2"][:300]
    texts, tokens = [], ["item_name\tsemantic_audio"]
    (root / "5-wav32k").mkdir(parents=True)
    for index in range(clips):
        name, frames, phonemes = f"clip_{index}.wav", 36 + 2 * growth * index, 5 + growth * index
        write_tensor(root / "3-bert" / f"{name}.pt", rng.standard_normal((1024, phonemes)).astype(np.float16))
        write_tensor(root / "4-cnhubert" / f"{name}.pt", rng.standard_normal((1, 768, frames)).astype(np.float32))
        wave = 0.1 * rng.standard_normal(frames * 640)
        soundfile.write(root / "5-wav32k" / name, wave, 32000, format="WAV", subtype="PCM_16")
        chosen = " ".join(rng.choice(symbols, phonemes))
        texts.append(f"{name}\t{chosen}\t{[1] * phonemes}\ttext")
        tokens.append(f"{name}\t{' '.join(map(str, rng.integers(0, 32, frames // 2)))}")
    (root / "2-name2text.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (root / "6-name2semantic.tsv").write_text("\n".join(tokens), encoding="utf-8")
    return root

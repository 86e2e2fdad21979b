"""Full-size random weights in the official formats, so that a whole engine can be run and timed without a download.

    python -m bench.make_weights --version v2 OUT

writes ``gpt-v2.ckpt``, ``sovits-v2.pth``, the folders ``chinese-hubert-base`` and ``chinese-roberta-wwm-ext-large``,
for the Pro versions the speaker verifier, for v3 and v4 the vocoder, and ``reference.wav``. The numbers are drawn so
that activations neither
explode nor die (they are the ones of the parity fixtures), and the end-of-speech row of the decoder is zero, so that
decoding runs its full length. What comes out is noise: it is for measuring time and memory, never for listening.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from tests.convert import torchfile
from tests.parity.weights import generate, load_config

Arrays = dict[str, npt.NDArray[Any]]

VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
VOCODERS = {"v3": "bigvgan_v2_24khz_100band_256x/bigvgan_generator.pt", "v4": "vocoder.pth"}
"""File of a version's vocoder, in the folder that is written into."""
DEPTH = 22
"""Transformer blocks of the published v3 and v4; the parity fixtures have four."""
_BLOCK = "cfm.estimator.transformer_blocks."
FIXTURES = Path(__file__).parents[1] / "tests" / "data" / "parity"
HUBERT, ROBERTA = "chinese-hubert-base", "chinese-roberta-wwm-ext-large"
VERIFIER = "sv/pretrained_eres2netv2w24s4ep4.ckpt"
REFERENCE_SECONDS = 5.12
HEADS = {"v2Pro": b"05", "v2ProPlus": b"06"}
"""What the official tools write over the first two bytes of a file."""
END_BIAS, END_SCORE = 0.3, 4.8
_FIRST_CHARACTER, _SPECIAL = 0x4E00, {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}


def say(text: str) -> None:
    """Tell the user on standard error."""
    print(text, file=sys.stderr, flush=True)


def save(value: Any, path: Path, *, head: bytes = b"PK") -> None:
    """Write a value as ``torch.save`` does, one tensor in memory at a time."""
    emitter = torchfile.Emitter()
    description = torchfile.pickled(emitter.emit(value))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", description)
        archive.writestr("archive/byteorder", "little")
        for index, storage in enumerate(emitter.storages):
            archive.writestr(f"archive/data/{index}", storage.tobytes())
        archive.writestr("archive/version", "3\n")
    with path.open("r+b") as file:
        file.write(head)
    say(f"{path} {path.stat().st_size / 1e6:.0f} MB")


def half(arrays: Arrays) -> Arrays:
    """Arrays as official files hold them: float32 numbers in float16."""
    return {key: value.astype(np.float16) if value.dtype == np.float32 else value for key, value in arrays.items()}


def gpt(version: str, path: Path, *, ending: bool = False) -> None:
    """Write the decoder.

    Args:
        version: Of the model.
        path: File to write.
        ending: Let speech end by itself, after some dozens of tokens, instead of never.
    """
    folder = FIXTURES / ("t2s_v1" if version == "v1" else "t2s_v2")
    config = load_config(folder)
    arrays = half(generate(folder / "manifest.json"))
    end = config["model"]["EOS"]
    arrays["ar_predict_layer.weight"][end] = 0
    if ending:
        # The last normalisation adds a constant, which the end's row alone responds to: its score is about this number,
        # as high as those of the best fifteen tokens.
        bias = arrays[f"h.layers.{config['model']['n_layer'] - 1}.norm2.bias"]
        bias[:] = END_BIAS
        arrays["ar_predict_layer.weight"][end] = END_SCORE / (END_BIAS * len(bias))
    weight = {f"model.{key}": value for key, value in arrays.items()}
    save({"weight": weight, "config": config, "info": "GPT-random"}, path)


def deepened(arrays: Arrays, depth: int) -> Arrays:
    """Add transformer blocks up to a depth; each has the numbers of one that is there, in another order."""
    found = dict(arrays)
    known = {int(key.split(".")[3]) for key in arrays if key.startswith(_BLOCK)}
    for index in range(len(known), depth):
        source, rng = f"{_BLOCK}{index % len(known)}.", np.random.default_rng(index)
        for key in [key for key in arrays if key.startswith(source)]:
            found[f"{_BLOCK}{index}.{key.removeprefix(source)}"] = rng.permutation(arrays[key])
    return found


def sovits(version: str, path: Path) -> None:
    """Write the synthesizer, as published: without the encoder that only training needs.

    v3 and v4 have the four transformer blocks of the fixture; see :func:`full_sovits`.
    """
    _write_sovits(version, path, 0)


def full_sovits(version: str, path: Path) -> None:
    """Write the synthesizer with as many transformer blocks as the published ones have."""
    _write_sovits(version, path, DEPTH if version in VOCODERS else 0)


def _write_sovits(version: str, path: Path, depth: int) -> None:
    folder = FIXTURES / f"s2_{version}"
    config = load_config(folder)
    config["model"]["version"] = version
    arrays = {key: value for key, value in generate(folder / "manifest.json").items() if not key.startswith("enc_q.")}
    arrays = deepened(arrays, depth)
    save({"weight": half(arrays), "config": config, "info": "SoVITS-random"}, path, head=HEADS.get(version, b"PK"))


def hubert(folder: Path) -> None:
    """Write the network that hears the reference."""
    folder.mkdir(exist_ok=True)
    source = FIXTURES / "hubert_base"
    (folder / "config.json").write_text(json.dumps(load_config(source), indent=2), encoding="utf-8")
    preprocessor = {
        "do_normalize": True,
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "padding_side": "right",
        "padding_value": 0,
        "return_attention_mask": False,
        "sampling_rate": 16000,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2), encoding="utf-8")
    save(half(generate(source / "manifest.json")), folder / "pytorch_model.bin")


def verifier(path: Path) -> None:
    """Write the network that hears who speaks, which the Pro versions need."""
    path.parent.mkdir(exist_ok=True)
    save(generate(FIXTURES / "eres2netv2" / "manifest.json"), path)


def vocoder(version: str, path: Path) -> None:
    """Write the vocoder of v3 or v4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = FIXTURES / ("bigvgan_v2_24khz_100band_256x" if version == "v3" else "hifigan_v4_48khz")
    arrays = generate(source / "manifest.json")
    if version == "v3":
        (path.parent / "config.json").write_text(json.dumps(load_config(source), indent=2), encoding="utf-8")
    save({"generator": arrays} if version == "v3" else arrays, path)


def vocabulary(size: int) -> list[str]:
    """Word pieces: the special ones in their places, then Chinese characters in the order of their code points."""
    pieces = [_SPECIAL.get(index, f"[unused{index}]") for index in range(200)]
    return pieces + [chr(_FIRST_CHARACTER + index) for index in range(size - len(pieces))]


def roberta(folder: Path) -> None:
    """Write the network that reads Chinese, and a vocabulary in which every common character is known."""
    folder.mkdir(exist_ok=True)
    source = FIXTURES / "bert_large"
    config = load_config(source)
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(vocabulary(config["vocab_size"])) + "\n", encoding="utf-8")
    save(half(generate(source / "manifest.json")), folder / "pytorch_model.bin")


def reference(path: Path) -> None:
    """Write a test signal with the rhythm of speech: harmonics in syllables, over a little noise. It is no voice."""
    rate = 32000
    at = np.arange(int(REFERENCE_SECONDS * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * at)) / rate
    harmonics = np.arange(1, 20)[:, None]
    voiced = (np.sin(harmonics * pitch) / harmonics).sum(axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) ** 0.5
    noise = np.random.default_rng(0).standard_normal(len(at))
    soundfile.write(path, (0.15 * voiced * syllables + 0.001 * noise).astype(np.float32), rate, "PCM_16")


def make(version: str, out: Path) -> None:
    """Write everything that a version needs into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    gpt(version, out / f"gpt-{version}.ckpt")
    full_sovits(version, out / f"sovits-{version}.pth")
    hubert(out / HUBERT)
    roberta(out / ROBERTA)
    if version in HEADS:
        verifier(out / VERIFIER)
    if version in VOCODERS:
        vocoder(version, out / VOCODERS[version])
    reference(out / "reference.wav")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.make_weights", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--version", choices=VERSIONS, default="v2")
    parser.add_argument("out", type=Path, help="folder to write into")
    options = parser.parse_args()
    make(options.version, options.out)


if __name__ == "__main__":
    main()

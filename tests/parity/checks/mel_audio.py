"""``mel_audio_v3``, ``mel_audio_v4``: tokens to audio as the official program makes it for one text.

Recorded by running ``using_vocoder_synthesis_batched_infer`` (``TTS_infer_pack/TTS.py``, commit 48b1a01) on the weights
of ``s2_v3`` and ``s2_v4`` (four transformer blocks) and of the vocoders, with given semantic tokens and phonemes of the
prompt and the text and with the noise below in place of ``torch.randn``. v4's text takes two chunks.

``mel_wave`` and ``timbre_wave``: the reference at the rate of the mel spectrogram and at 32 kHz, int16 as ``audio``.
Noise: ``default_rng(5).standard_normal((frames, 100), float32)``; a chunk that begins at frame ``i`` of the text, with
twelve frames of silence before it, has rows ``i`` on, and zeros for the prompt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.sampler import Sampling
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.execution import Holding
from GPT_SoVITS.features.spectrogram import SpectrogramConfig, mel_spectrogram, normalise_mel, spectrogram
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder
from tests.parity.implementations import NATIVE, NATIVE_BF16, NATIVE_FP16
from tests.parity.report import Report
from tests.parity.weights import load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]
FOLDERS = r"mel_audio_v(3|4)"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, NATIVE_BF16)
QUICK = (NATIVE_BF16,)
"""The fastest; the networks' own folders have float32 and float16."""
TOLERANCE = {"fp32": 1e-4, "fp16": 5e-3, "bf16": 5e-3}
"""Seen: fp32 2e-5 (half a step of 16 bits is 1.5e-5), fp16 1.1e-3."""
INPUTS = ("mel_wave", "timbre_wave", "prompt_tokens", "prompt_phones", "tokens", "phones", "speed", "steps")
DEPTH = 4
FULL_SCALE = np.float32(32768)


def run(folder: Path, report: Report) -> None:
    """Compare the audio; weights lie in the neighbouring folders of the networks."""
    io, version = load_io(folder), folder.name.removeprefix("mel_audio_")
    report.inputs(INPUTS)
    voice = _synthesizer(folder.parent, version, report)
    timbre = voice.condition([spectrogram(io["timbre_wave"] / FULL_SCALE)[0]])
    content = voice.content(io["prompt_tokens"], voice.phonemes(io["prompt_phones"]), timbre)
    sizes = voice.cfm.frames
    config = SpectrogramConfig(sizes.sample_rate, sizes.fft, sizes.hop, voice.cfm.mel)
    mel = normalise_mel(mel_spectrogram(io["mel_wave"] / FULL_SCALE, config))[0]
    prompt = voice.prompt(mel, voice.mel_condition(content, timbre, len(io["prompt_tokens"])))
    rng = np.random.default_rng(5)

    def draw(frames: int) -> Array:
        return rng.standard_normal((frames, voice.cfm.mel), np.float32)

    sampling = Sampling(int(io["steps"]))
    audio = voice.decode(io["tokens"], io["phones"], timbre, prompt, draw, sampling, float(io["speed"]))
    report.close("audio", audio, io["audio"] / FULL_SCALE, TOLERANCE[report.rounding])


def _synthesizer(root: Path, version: str, report: Report) -> MelSynthesizer:
    folder = root / f"s2_{version}"
    config = load_config(folder)
    config["model"]["dit_depth"] = DEPTH
    arrays = network_arrays("sovits", folder / "manifest.json")
    sizes = SovitsConfig.from_official(config), CfmConfig.from_official(config)
    holding: Holding = "fp32" if report.precision == "fp32" else "fp16"
    return MelSynthesizer(
        *sizes, arrays, _vocoder(root, version), encoders="host", holding=holding,
        sampler="bf16" if report.implementation.rounds else holding,
    )  # fmt: skip


def _vocoder(root: Path, version: str) -> MelVocoder:
    if version == "v3":
        folder = root / "bigvgan_v2_24khz_100band_256x"
        config = BigVganConfig.from_official(load_config(folder))
        return choose_bigvgan(config, network_arrays("bigvgan", folder / "manifest.json"), "native")
    folder = root / "hifigan_v4_48khz"
    sizes = HifiGanConfig.from_official(load_config(folder))
    return choose_hifigan(sizes, network_arrays("hifigan", folder / "manifest.json"), "native")

"""Spectrograms, mel spectrograms and filterbanks against the official functions and librosa."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.features.mel import mel_filters
from GPT_SoVITS.features.spectrogram import (
    SpectrogramConfig,
    denormalise_mel,
    limit_loudness,
    mel_spectrogram,
    normalise_mel,
    reference_spectrogram,
    spectrogram,
    spectrogram_to_mel,
)
from tests.parity.implementations import GRAPH, HOST
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io

Array = np.ndarray[Any, np.dtype[Any]]
FOLDERS = "spectrograms"
IMPLEMENTATIONS = (HOST, GRAPH)
TOLERANCE = 1e-4
FILTER_TOLERANCE = 1e-7


def _config(official: dict[str, Any]) -> SpectrogramConfig:
    return SpectrogramConfig(
        sample_rate=official.get("sr") or official["sampling_rate"],
        n_fft=official["n_fft"],
        hop=official.get("hop") or official["hop_size"],
        mel_bins=official.get("n_mels") or official["num_mels"],
    )


def mel_tolerance(expected: Array) -> Array:
    """2e-4, and 1e-3 where the mel is below -8: the logarithm of a small value amplifies."""
    return np.where(expected < -8, 1e-3, 2e-4)


def _mel(report: Report, name: str, actual: Array, expected: Array) -> None:
    report.close(name, actual, expected, mel_tolerance(expected))


def run(folder: Path, report: Report) -> None:
    """Compare every array of the spectrogram fixture; graphs exist of two of them, for training."""
    io, configs = load_io(folder), load_config(folder)
    s2, v3, v4 = (_config(configs[name]) for name in ("s2", "v3", "v4"))
    report.inputs(["wave32k", "wave24k", "loud_wave32k"])
    wave, loud = io["wave32k"], io["loud_wave32k"]
    if report.implementation is GRAPH:
        _cells(s2, wave, io, report)
        return
    report.close("spec32k", spectrogram(wave, s2), io["spec32k"], TOLERANCE)
    _mel(report, "mel32k_from_spec", spectrogram_to_mel(io["spec32k"], s2), io["mel32k_from_spec"])
    _mel(report, "mel32k_128", mel_spectrogram(wave, s2), io["mel32k_128"])
    for name, config, samples in (("v3", v3, io["wave24k"]), ("v4", v4, wave)):
        mel = mel_spectrogram(samples, config)
        _mel(report, f"mel_{name}", mel, io[f"mel_{name}"])
        report.close(f"mel_{name}_norm", normalise_mel(mel), io[f"mel_{name}_norm"], TOLERANCE)
        report.close(f"mel_{name}_denormalised", denormalise_mel(io[f"mel_{name}_norm"]), io[f"mel_{name}"], TOLERANCE)
    for name, config in (("s2", s2), ("v3", v3), ("v4", v4)):
        filters = mel_filters(config.sample_rate, config.n_fft, config.mel_bins)
        report.close(f"melbasis_{name}", filters, io[f"melbasis_{name}"], FILTER_TOLERANCE)
    report.close("loud_spec32k", spectrogram(limit_loudness(loud), s2), io["loud_spec32k"], TOLERANCE)
    report.close("loud_reference", reference_spectrogram(loud, s2.sample_rate), io["loud_spec32k"], TOLERANCE)


def _cells(config: SpectrogramConfig, wave: Array, io: Arrays, report: Report) -> None:
    from GPT_SoVITS import compiled
    from GPT_SoVITS.features.spectrogram_cell import LogMelSpectrogram, Spectrogram

    samples = compiled.to_tensor(wave[None])
    magnitudes = compiled.compile_cell(Spectrogram(config))(samples).asnumpy()
    report.close("spec32k", magnitudes, io["spec32k"], TOLERANCE)
    _mel(report, "mel32k_128", compiled.compile_cell(LogMelSpectrogram(config))(samples).asnumpy(), io["mel32k_128"])

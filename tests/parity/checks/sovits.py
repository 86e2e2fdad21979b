"""``s2_v1``, ``s2_v2``, ``s2_v2Pro``, ``s2_v2ProPlus``: the synthesizer against ``SynthesizerTrn``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from GPT_SoVITS import compiled
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.encoders import Choice
from GPT_SoVITS.sovits.graphs import GraphEncoders
from GPT_SoVITS.sovits.network import ContentGraph, SynthesizerNetwork
from GPT_SoVITS.sovits.resample import change_speed
from GPT_SoVITS.sovits.synthesizer import EncodedPhonemes, Synthesizer
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]

FFT, HOP = 2048, 640
RUNS = {"s100": (1.0, (1,)), "s125": (1.25, (1,)), "s080": (0.8, (2,)), "r2": (1.0, (1, 2))}
"""Prefix of the expected arrays to the speed and the references of the run."""


class _Steps(nn.Cell):  # type: ignore[misc]
    """The intermediate results that the wrapper has no use for."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.enc_p, self.quantizer = network.enc_p, network.quantizer
        self.graph = ContentGraph(network)

    def construct(
        self, codes: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, condition: Tensor
    ) -> tuple[Tensor, ...]:
        quantized = self.quantizer.decode(codes)
        semantics = self.enc_p.semantics(quantized, mask)
        timbre = self.graph.timbre(condition)
        fused = self.enc_p.mrte(semantics, mask, text, text_mask, timbre)
        return quantized, semantics, fused, timbre


def _spectrogram(wave: Array) -> Array:
    """Magnitude spectrogram (1025, F) as ``spectrogram_torch(wave[None], 2048, 32000, 640, 2048, center=False)``."""
    padded = np.pad(wave.astype(np.float64), (FFT - HOP) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    spectrum = np.fft.rfft(frames * window, axis=1)
    magnitude: Array = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-8).T.astype(np.float32)
    return magnitude


def run(folder: Path, report: Report) -> None:
    """Compare every array of the folder, with graphs and on the host; all within 1e-4, semantic tokens equal."""
    io = load_io(folder)
    config = SovitsConfig.from_official(load_config(folder))
    arrays = network_arrays("sovits", folder / "manifest.json")
    report.inputs(name for name in io if name.startswith(("codes", "text", "ref_wave", "sv_emb")))
    report.inputs(name for name in ("ssl", "noise", "stream_k0") if name in io)
    choices: tuple[Choice, ...] = ("graph", "host")
    for encoders in choices:
        _compare(Synthesizer(config, arrays, encoders=encoders), io, report)


def _compare(synthesizer: Synthesizer, io: Arrays, report: Report) -> None:
    _references(synthesizer, io, report)
    text = synthesizer.phonemes(io["text"][0])
    conditions = {
        prefix: _condition(synthesizer, io, references)
        for prefix, (_, references) in RUNS.items()
        if f"{prefix}_audio" in io
    }
    if isinstance(synthesizer.encoders, GraphEncoders):
        _steps(synthesizer, synthesizer.encoders, io, text, conditions["s100"], report)
    for prefix, condition in conditions.items():
        _decoded(synthesizer, io, prefix, text, condition, report)
    if "noise" in io:
        _noise(synthesizer, io, text, conditions["s100"], report)
    if "stream_k0" in io:
        _stream(synthesizer, io, text, conditions["s100"], report)
    if "ssl" in io:
        _tokens(synthesizer, io, report)


def _references(synthesizer: Synthesizer, io: Arrays, report: Report) -> None:
    for name in io:
        if name.startswith("refer") and name.endswith("_shape"):
            wave = io[name.replace("refer", "ref_wave").removesuffix("_shape")]
            report.equal(name, (1, *_spectrogram(wave).shape), io[name])
    timbre = synthesizer.timbre(_spectrogram(io["ref_wave1"]))
    report.close("s100_ref_enc", timbre[None, :, None], io["s100_ref_enc"])


def _condition(synthesizer: Synthesizer, io: Arrays, references: tuple[int, ...]) -> Array:
    spectrograms = [_spectrogram(io[f"ref_wave{i}"]) for i in references]
    speakers = [io[f"sv_emb{i}"][0] for i in references] if synthesizer.config.is_pro else []
    return synthesizer.condition(spectrograms, speakers)


def _steps(
    synthesizer: Synthesizer,
    graphs: GraphEncoders,
    io: Arrays,
    text: EncodedPhonemes,
    condition: Array,
    report: Report,
) -> None:
    length = io["text"].shape[1]
    report.close("s100_encoder_text", text.encoding[:, :, :length], io["s100_encoder_text"])
    codes = io["codes"][0].astype(np.int32)
    mask = np.ones((1, 1, codes.shape[1] * synthesizer.config.frames_per_code), np.float32)
    inputs = (codes, mask, text.encoding, text.mask, condition[None, :, None])
    steps = compiled.compile_cell(_Steps(graphs.network))(*(compiled.to_tensor(array) for array in inputs))
    quantized, semantics, fused, timbre = (step.asnumpy() for step in steps)
    report.close("quantizer_decode", quantized, io["quantizer_decode"])
    report.close("s100_encoder_ssl", semantics, io["s100_encoder_ssl"])
    report.close("s100_mrte", fused, io["s100_mrte"])
    if "s100_ge512" in io:
        report.close("s100_ge512", timbre, io["s100_ge512"])


def _decoded(
    synthesizer: Synthesizer, io: Arrays, prefix: str, text: EncodedPhonemes, condition: Array, report: Report
) -> None:
    speed = RUNS[prefix][0]
    report.close(f"{prefix}_ge", condition[None, :, None], io[f"{prefix}_ge"])
    codes = io["codes"][0, 0]
    content = synthesizer.content(codes, text, condition)
    latent = synthesizer.latent(change_speed(content, speed), condition, noise_scale=0.0)
    report.close(f"{prefix}_m_p", latent.mean[None], io[f"{prefix}_m_p"])
    report.close(f"{prefix}_logs_p", latent.log_std[None], io[f"{prefix}_logs_p"])
    report.close(f"{prefix}_z", latent.frames[None], io[f"{prefix}_z"])
    audio = synthesizer.decode(codes, text, condition, noise_scale=0.0, speed=speed)
    report.close(f"{prefix}_audio", audio[None, None], io[f"{prefix}_audio"])


def _noise(synthesizer: Synthesizer, io: Arrays, text: EncodedPhonemes, condition: Array, report: Report) -> None:
    audio = synthesizer.decode(io["codes"][0, 0], text, condition, noise=io["noise"][0], noise_scale=0.5)
    report.close("noise_audio", audio[None, None], io["noise_audio"])


def _stream(synthesizer: Synthesizer, io: Arrays, text: EncodedPhonemes, condition: Array, report: Report) -> None:
    codes, first = io["codes"][0, 0], int(io["stream_k0"])
    begin = synthesizer.decode_streaming(codes[:first], text, condition, noise_scale=0.0)
    overlap = 2  # tokens, in the fixture
    rest = synthesizer.decode_streaming(
        codes,
        text,
        condition,
        noise_scale=0.0,
        result_length=len(codes) - first + overlap,
        overlap=begin.content[:, -overlap * synthesizer.config.frames_per_code :],
    )
    for number, chunk in ((1, begin), (2, rest)):
        report.close(f"stream_latent{number}", chunk.content[None], io[f"stream_latent{number}"])
        report.close(f"stream_audio{number}", chunk.audio[None, None], io[f"stream_audio{number}"])


def _tokens(synthesizer: Synthesizer, io: Arrays, report: Report) -> None:
    if isinstance(synthesizer.encoders, GraphEncoders):
        projection = compiled.compile_cell(synthesizer.encoders.network.ssl_proj)
        report.close("ssl_proj", projection(compiled.to_tensor(io["ssl"])).asnumpy(), io["ssl_proj"])
    report.equal("latent_codes", synthesizer.extract_tokens(io["ssl"][0]), io["latent_codes"][0, 0])

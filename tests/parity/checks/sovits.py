"""``s2_v1``, ``s2_v2``, ``s2_v2Pro``, ``s2_v2ProPlus``: the synthesizer against ``SynthesizerTrn``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.layers.products import PlainProducts, Products
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.host import HostEncoders, matrices
from GPT_SoVITS.sovits.native_vocoder import PREFIX, generator_arrays
from GPT_SoVITS.sovits.reference_generator import generate
from GPT_SoVITS.sovits.speed import change_speed
from GPT_SoVITS.sovits.synthesizer import EncodedPhonemes, Synthesizer
from GPT_SoVITS.sovits.windows import halo
from tests.networks.official_streaming import decode_streaming
from tests.parity.implementations import GRAPH, HOST, NATIVE, NATIVE_FP16
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]

FOLDERS = r"s2_v(1|2|2Pro|2ProPlus)"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, HOST, GRAPH)
TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2}
"""Seen: fp32 2e-5, fp16 7e-3 (weights of the products; the generator is float32 always)."""
AUDIO_TOLERANCE = {"fp32": 1e-4, "fp16": 1e-3}
"""Seen: fp32 2e-6, fp16 6.3e-4."""
FFT, HOP = 2048, 640
PLAIN_FRAMES = 12
"""Frames of audio that the generator in plain numpy is asked for: 0.24 s."""
RUNS = {"s100": (1.0, (1,)), "s125": (1.25, (1,)), "s080": (0.8, (2,)), "r2": (1.0, (1, 2))}
"""Prefix of the expected arrays to the speed and the references of the run."""


QUICK_RUNS = ("s100", "r2")


def _spectrogram(wave: Array) -> Array:
    """Magnitude spectrogram (1025, F) as ``spectrogram_torch(wave[None], 2048, 32000, 640, 2048, center=False)``."""
    padded = np.pad(wave.astype(np.float64), (FFT - HOP) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    spectrum = np.fft.rfft(frames * window, axis=1)
    magnitude: Array = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-8).T.astype(np.float32)
    return magnitude


class _SeenProducts:
    """Products that remember what went into each matrix last, and what came out."""

    def __init__(self, products: Products) -> None:
        self.products = products
        self.seen: dict[str, tuple[Array, Array]] = {}

    def __call__(self, name: str, rows: Array, relu: bool = False) -> Array:
        result = self.products(name, rows, relu)
        self.seen[name] = np.array(rows), np.array(result)
        return result

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held."""
        return self.products.nbytes


def run(folder: Path, report: Report) -> None:
    """Compare every array of the folder: all within the tolerance, semantic tokens equal."""
    io = load_io(folder)
    config = SovitsConfig.from_official(load_config(folder))
    arrays = network_arrays("sovits", folder / "manifest.json")
    report.inputs(name for name in io if name.startswith(("codes", "text", "ref_wave", "sv_emb")))
    report.inputs(name for name in ("ssl", "noise", "stream_k0") if name in io)
    if report.implementation is GRAPH:
        graphs = Synthesizer(config, arrays, encoders="graph", vocoder="jit")
        _Check(graphs, io, report).run()
        _graph_steps(graphs, io, report)
        return
    kept = {key: value for key, value in arrays.items() if not key.startswith(PREFIX)}
    products = _SeenProducts(_products(config, kept, report))
    synthesizer = Synthesizer(config, arrays, encoders="host", vocoder="native")
    synthesizer.encoders = HostEncoders(config, kept, products)
    _Check(synthesizer, io, report).run()
    _host_steps(synthesizer, products, io, report)
    if report.implementation is HOST:
        _plain_generator(config, arrays, io, report)


def _plain_generator(config: SovitsConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    """The generator in plain numpy, over the first frames: it takes seconds for a second of audio."""
    context = halo(config.generator)
    frames, condition = io["s100_z"][0, :, : PLAIN_FRAMES + context], io["s100_ge"][0, :, 0]
    audio = generate(config.generator, generator_arrays(config.generator, arrays), frames, condition)
    known = PLAIN_FRAMES * config.generator.samples_per_frame
    report.close("s100_audio", audio[:known], io["s100_audio"][0, 0, :known], AUDIO_TOLERANCE["fp32"])


def _products(config: SovitsConfig, arrays: Arrays, report: Report) -> Products:
    handle = load().handle
    if report.implementation is HOST:
        return PlainProducts(matrices(config, arrays))
    assert handle is not None
    return NativeProducts(handle, matrices(config, arrays), "fp16" if report.precision == "fp16" else "fp32")


@dataclass
class _Check:
    """What every implementation can be asked for."""

    synthesizer: Synthesizer
    io: Arrays
    report: Report

    def run(self) -> None:
        """Compare references, the steps to the audio of every run, streaming, tokens."""
        io = self.io
        self._references()
        text = self.synthesizer.phonemes(io["text"][0])
        length = io["text"].shape[1]
        self._close("s100_encoder_text", text.encoding[:, :, :length])
        conditions = {
            prefix: condition_of(self.synthesizer, io, references)
            for prefix, (_, references) in RUNS.items()
            if f"{prefix}_audio" in io and (prefix in QUICK_RUNS or not self._is_short)
        }
        for prefix, condition in conditions.items():
            self._decoded(prefix, text, condition)
        if "noise" in io and self._has_vocoder:
            audio = self.synthesizer.decode(
                io["codes"][0, 0], text, conditions["s100"], noise=io["noise"][0], noise_scale=0.5
            )
            self._close("noise_audio", audio[None, None])
        if "stream_k0" in io and self._has_vocoder:
            self._stream(text, conditions["s100"])
        if "ssl" in io:
            tokens = self.synthesizer.extract_tokens(io["ssl"][0])
            self.report.equal("latent_codes", tokens, io["latent_codes"][0, 0])

    @property
    def _is_short(self) -> bool:
        """Other speeds and references take the same weights; a quick run has them in float32 natively."""
        return self.report.quick and self.report.implementation is not NATIVE

    @property
    def _has_vocoder(self) -> bool:
        """Numpy has none that anybody would wait for; that of float16 is the one of float32."""
        return not self._is_short and self.report.implementation is not HOST

    def _close(self, name: str, actual: Array) -> None:
        tolerances = AUDIO_TOLERANCE if "audio" in name else TOLERANCE
        self.report.close(name, actual, self.io[name], tolerances[self.report.precision])

    def _references(self) -> None:
        for name in self.io:
            if name.startswith("refer") and name.endswith("_shape"):
                wave = self.io[name.replace("refer", "ref_wave").removesuffix("_shape")]
                self.report.equal(name, (1, *_spectrogram(wave).shape), self.io[name])
        timbre = self.synthesizer.timbre(_spectrogram(self.io["ref_wave1"]))
        self._close("s100_ref_enc", timbre[None, :, None])

    def _decoded(self, prefix: str, text: EncodedPhonemes, condition: Array) -> None:
        speed, codes = RUNS[prefix][0], self.io["codes"][0, 0]
        self._close(f"{prefix}_ge", condition[None, :, None])
        content = self.synthesizer.content(codes, text, condition)
        latent = self.synthesizer.latent(change_speed(content, speed), condition, noise_scale=0.0)
        self._close(f"{prefix}_m_p", latent.mean[None])
        self._close(f"{prefix}_logs_p", latent.log_std[None])
        self._close(f"{prefix}_z", latent.frames[None])
        if not self._has_vocoder:
            return
        audio = self.synthesizer.decode(codes, text, condition, noise_scale=0.0, speed=speed)
        self._close(f"{prefix}_audio", audio[None, None])

    def _stream(self, text: EncodedPhonemes, condition: Array) -> None:
        codes, first = self.io["codes"][0, 0], int(self.io["stream_k0"])
        begin = decode_streaming(self.synthesizer, codes[:first], text, condition)
        overlap = 2  # tokens, in the fixture
        rest = decode_streaming(
            self.synthesizer,
            codes,
            text,
            condition,
            result_length=len(codes) - first + overlap,
            overlap=begin.content[:, -overlap * self.synthesizer.config.frames_per_code :],
        )
        for number, chunk in ((1, begin), (2, rest)):
            self._close(f"stream_latent{number}", chunk.content[None])
            self._close(f"stream_audio{number}", chunk.audio[None, None])


def condition_of(synthesizer: Synthesizer, io: Arrays, references: tuple[int, ...]) -> Array:
    """Return the condition (gin,) of a voice of these references of the fixture."""
    spectrograms = [_spectrogram(io[f"ref_wave{i}"]) for i in references]
    speakers = [io[f"sv_emb{i}"][0] for i in references] if synthesizer.config.is_pro else []
    return synthesizer.condition(spectrograms, speakers)


def _host_steps(synthesizer: Synthesizer, products: _SeenProducts, io: Arrays, report: Report) -> None:
    """Intermediate results, as they pass through the matrices of the content encoder."""
    tolerance = TOLERANCE[report.precision]
    text = synthesizer.phonemes(io["text"][0])
    synthesizer.content(io["codes"][0, 0], text, condition_of(synthesizer, io, RUNS["s100"][1]))
    semantics, _ = products.seen["enc_p.mrte.c_pre"]
    _, fused = products.seen["enc_p.mrte.c_post"]
    report.close("s100_encoder_ssl", semantics.T[None], io["s100_encoder_ssl"], tolerance)
    report.close("s100_mrte", fused.T[None], io["s100_mrte"], tolerance)
    if "s100_ge512" in io:
        _, timbre = products.seen["ge_to512"]
        report.close("s100_ge512", timbre[:, :, None], io["s100_ge512"], tolerance)


def _graph_steps(synthesizer: Synthesizer, io: Arrays, report: Report) -> None:
    """Intermediate results that the wrapper has no use for, from a graph of their own."""
    from mindspore import Tensor, nn

    from GPT_SoVITS import compiled
    from GPT_SoVITS.sovits.graphs import GraphEncoders
    from GPT_SoVITS.sovits.network import ContentGraph, SynthesizerNetwork

    class Steps(nn.Cell):  # type: ignore[misc]
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

    encoders = synthesizer.encoders
    assert isinstance(encoders, GraphEncoders)
    text = synthesizer.phonemes(io["text"][0])
    condition = condition_of(synthesizer, io, RUNS["s100"][1])
    codes = io["codes"][0].astype(np.int32)
    mask = np.ones((1, 1, codes.shape[1] * synthesizer.config.frames_per_code), np.float32)
    inputs = (codes, mask, text.encoding, text.mask, condition[None, :, None])
    steps = compiled.compile_cell(Steps(encoders.network))(*(compiled.to_tensor(array) for array in inputs))
    names = ("quantizer_decode", "s100_encoder_ssl", "s100_mrte", "s100_ge512")
    for name, step in [(name, step) for name, step in zip(names, steps, strict=True) if name in io]:
        report.close(name, step.asnumpy(), io[name], TOLERANCE["fp32"])
    if "ssl" in io:
        projection = compiled.compile_cell(encoders.network.ssl_proj)
        report.close("ssl_proj", projection(compiled.to_tensor(io["ssl"])).asnumpy(), io["ssl_proj"], TOLERANCE["fp32"])

"""Speaker verifier against the official ERes2NetV2: features, embeddings, projections, time means of the stages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from GPT_SoVITS.features.fbank import fbank
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_host import speaker_matrices
from GPT_SoVITS.layers.products import PlainProducts, Products
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from tests.parity.implementations import GRAPH, HOST, NATIVE
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

FOLDERS = "eres2netv2"
IMPLEMENTATIONS = (NATIVE, HOST, GRAPH)
TOLERANCE = 1e-3
FBANK_TOLERANCE = 1e-4


def run(folder: Path, report: Report) -> None:
    """Compare every array of a speaker verifier fixture."""
    io = load_io(folder)
    config = SpeakerConfig.from_official(load_config(folder))
    arrays = network_arrays("eres2netv2", folder / "manifest.json")
    verifier = SpeakerVerifier(config, arrays, products=_products(config, arrays, report))
    for i in _waves(io):
        wave = io[f"wave16k_{i}"]
        report.inputs([f"wave16k_{i}"])
        report.close(f"fbank_{i}", fbank(wave, config.mel_bins), io[f"fbank_{i}"], FBANK_TOLERANCE)
        report.close(f"sv_emb_{i}", verifier(wave), io[f"sv_emb_{i}"], TOLERANCE)
    if report.implementation is GRAPH:
        _projections(config, arrays, io, report)
        if "layer1_mean" in io:
            _stage_means(config, arrays, io, report)


def _waves(io: Arrays) -> Iterator[int]:
    return itertools.takewhile(lambda i: f"wave16k_{i}" in io, itertools.count())


def _products(config: SpeakerConfig, arrays: Arrays, report: Report) -> Products | None:
    if report.implementation is GRAPH:
        return None
    layers, handle = speaker_matrices(config, arrays), load().handle
    if report.implementation is HOST:
        return PlainProducts(layers)
    assert handle is not None
    return NativeProducts(handle, layers)


def _projections(config: SpeakerConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    """The projected embedding, which voices do not use."""
    from GPT_SoVITS import compiled
    from GPT_SoVITS.features.speaker_graph import load_speaker_arrays, padded_input
    from GPT_SoVITS.features.speaker_network import SpeakerProjection

    network = SpeakerProjection(config)
    load_speaker_arrays(network, arrays)
    projection = compiled.compile_cell(network)
    for i in _waves(io):
        inputs = map(compiled.to_tensor, padded_input(io[f"fbank_{i}"], len(io[f"fbank_{i}"])))
        report.close(f"forward_{i}", projection(*inputs).asnumpy(), io[f"forward_{i}"], TOLERANCE)


def _stage_means(config: SpeakerConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    """Time means of the stages, each (1, C F)."""
    from mindspore import Tensor

    from GPT_SoVITS import compiled
    from GPT_SoVITS.features.speaker_graph import load_speaker_arrays, padded_input
    from GPT_SoVITS.features.speaker_network import SpeakerEmbedding, time_mean

    class StageMeans(SpeakerEmbedding):
        def construct(self, features: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
            maps = self.maps(features, mask)
            mask2 = mask[:, ::2]
            mask3 = mask2[:, ::2]
            return (
                time_mean(maps[0], mask),
                time_mean(maps[1], mask2),
                time_mean(maps[2], mask3),
                time_mean(maps[3], maps[5]),
            )

    network = StageMeans(config)
    load_speaker_arrays(network, arrays)
    frames = io["fbank_0"]
    features, mask = padded_input(frames, len(frames) + 5)
    means = compiled.compile_cell(network)(compiled.to_tensor(features), compiled.to_tensor(mask))
    for n, mean in enumerate(means, start=1):
        expected = io[f"layer{n}_mean"]
        report.close(f"layer{n}_mean", np.reshape(mean.asnumpy(), expected.shape), expected, TOLERANCE)

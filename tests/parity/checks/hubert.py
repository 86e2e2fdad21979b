"""HuBERT against ``transformers.HubertModel``: the last state for every wave, the way there for the first."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.features.host_frames import frame_matrices
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.stack import StackedHubertEncoder, hubert_layers
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from tests.parity.implementations import GRAPH, NATIVE, NATIVE_FP16
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

FOLDERS = r"hubert_\w+"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, GRAPH)
TOLERANCE = {"fp32": 1e-3, "fp16": 5e-3}
"""Seen: fp32 9e-5, fp16 2.4e-3."""


class UntilLayer:
    """The first layers of a stack.

    Args:
        stack: All layers.
        count: How many of them.
    """

    def __init__(self, stack: NativeEncoder, count: int) -> None:
        self.stack, self.count = stack, count

    def run(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the state (n, dim) after the layers."""
        return self.stack.run(rows, 0, self.count) if self.count else rows


def run(folder: Path, report: Report) -> None:
    """Compare every array of a HuBERT fixture."""
    io = load_io(folder)
    config = HubertConfig.from_official(load_config(folder))
    arrays = network_arrays("hubert", folder / "manifest.json")
    if report.implementation is GRAPH:
        _compare(Hubert(config, arrays), io, report)
        _graph_states(config, arrays, io, report)
        return
    handle = load().handle
    assert handle is not None
    sizes = EncoderSizes(
        config.hidden_size, config.heads, config.layers, config.intermediate_size, config.layer_norm_eps
    )
    stack = NativeEncoder(handle, sizes, hubert_layers(arrays), report.implementation.precision)
    products = NativeProducts(handle, frame_matrices(config, arrays), "fp32")
    _compare(Hubert(config, arrays, stack=stack, products=products), io, report)
    _native_states(config, arrays, stack, io, report)


def _compare(hubert: Hubert, io: Arrays, report: Report) -> None:
    tolerance = TOLERANCE[report.precision]
    for i in itertools.takewhile(lambda i: f"wave{i}" in io, itertools.count()):
        report.inputs([f"wave{i}"])
        report.close(f"last_hidden_state{i}", hubert(io[f"wave{i}"]), io[f"last_hidden_state{i}"], tolerance)
    if "extract_features0" in io:
        report.close("extract_features0", hubert.frame_features(io["wave0"]), io["extract_features0"], tolerance)


def _states(io: Arrays) -> list[int]:
    return sorted(int(name.removeprefix("hidden_")) for name in io if name.startswith("hidden_"))


def _native_states(config: HubertConfig, arrays: Arrays, stack: NativeEncoder, io: Arrays, report: Report) -> None:
    if "feature_projection0" not in io:
        return
    tolerance, features = TOLERANCE[report.precision], io["extract_features0"]
    projected = StackedHubertEncoder(config, arrays, stack).project(features)
    report.close("feature_projection0", projected, io["feature_projection0"], tolerance)
    for n in _states(io):
        state = StackedHubertEncoder(config, arrays, UntilLayer(stack, n))(features)
        expected = io[f"hidden_{n}"]
        report.close(f"hidden_{n}", state.reshape(expected.shape), expected, tolerance)


def _graph_states(config: HubertConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    from GPT_SoVITS import compiled
    from GPT_SoVITS.features.hubert import HubertEncoder
    from GPT_SoVITS.features.hubert_graphs import split_arrays
    from GPT_SoVITS.layers.parameters import load_arrays

    if "feature_projection0" not in io:
        return
    tolerance, features = TOLERANCE["fp32"], io["extract_features0"]
    encoder = HubertEncoder(config, _states(io))
    load_arrays(encoder, split_arrays(arrays, config).encoder)
    frames = compiled.to_tensor(features[None])
    projected = compiled.compile_cell(encoder.feature_projection)(frames).asnumpy()[0]
    report.close("feature_projection0", projected, io["feature_projection0"], tolerance)
    mask = compiled.to_tensor(np.ones((1, len(features)), np.float32))
    for n, state in zip(_states(io), compiled.compile_cell(encoder)(frames, mask), strict=True):
        report.close(f"hidden_{n}", state.asnumpy(), io[f"hidden_{n}"], tolerance)

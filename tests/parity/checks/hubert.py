"""HuBERT against ``transformers.HubertModel``: the last state for every wave, the way there for the first."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.features.hubert import HubertEncoder
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.hubert_graphs import split_arrays
from GPT_SoVITS.layers.parameters import load_arrays
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

TOLERANCE = 1e-3


def run(folder: Path, report: Report) -> None:
    """Compare every array of a HuBERT fixture."""
    io = load_io(folder)
    config = HubertConfig.from_official(load_config(folder))
    arrays = network_arrays("hubert", folder / "manifest.json")
    hubert = Hubert(config, arrays)
    for i in itertools.takewhile(lambda i: f"wave{i}" in io, itertools.count()):
        report.inputs([f"wave{i}"])
        report.close(f"last_hidden_state{i}", hubert(io[f"wave{i}"]), io[f"last_hidden_state{i}"], TOLERANCE)
    if "extract_features0" in io:
        report.close("extract_features0", hubert.frame_features(io["wave0"]), io["extract_features0"], TOLERANCE)
        _encoder(config, arrays, io, report)


def _encoder(config: HubertConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    features = io["extract_features0"]
    states = sorted(int(name.removeprefix("hidden_")) for name in io if name.startswith("hidden_"))
    encoder = HubertEncoder(config, states)
    load_arrays(encoder, split_arrays(arrays, config).encoder)
    frames = compiled.to_tensor(features[None])
    projected = compiled.compile_cell(encoder.feature_projection)(frames).asnumpy()[0]
    report.close("feature_projection0", projected, io["feature_projection0"], TOLERANCE)
    mask = compiled.to_tensor(np.ones((1, len(features)), np.float32))
    for n, state in zip(states, compiled.compile_cell(encoder)(frames, mask), strict=True):
        report.close(f"hidden_{n}", state.asnumpy(), io[f"hidden_{n}"], TOLERANCE)

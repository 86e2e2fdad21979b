"""RoBERTa against ``transformers.BertForMaskedLM``: the features' hidden state, the lowest ones, the logits."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.features.roberta import MaskedLanguageHead, RobertaEncoder, encoder_arrays
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.layers.parameters import load_arrays
from tests.parity.report import Report
from tests.parity.weights import Arrays, generate, load_config, load_io, network_arrays

TOLERANCE = 1e-3
HEAD = "cls.predictions."


def run(folder: Path, report: Report) -> None:
    """Compare every array of a BERT fixture."""
    io = load_io(folder)
    config = RobertaConfig.from_official(load_config(folder))
    arrays = network_arrays("bert", folder / "manifest.json")
    _features(Roberta(config, arrays), io, report)
    _whole_network(config, arrays, folder, io, report)


def _sequences(io: Arrays) -> list[int]:
    return list(itertools.takewhile(lambda i: f"ids{i}" in io, itertools.count()))


def _features(roberta: Roberta, io: Arrays, report: Report) -> None:
    for i in _sequences(io):
        report.inputs([f"ids{i}"])
        report.close(f"hidden_m3_{i}", roberta(io[f"ids{i}"]), io[f"hidden_m3_{i}"], TOLERANCE)
    if "pad_ids" in io:
        report.inputs(["pad_ids", "pad_mask"])
        padded = roberta(io["pad_ids"], io["pad_mask"])
        report.close("pad_hidden_m3", padded, io["pad_hidden_m3"], TOLERANCE)


def _whole_network(config: RobertaConfig, arrays: Arrays, folder: Path, io: Arrays, report: Report) -> None:
    states = (0, 1, config.layers)
    encoder, head = RobertaEncoder(config, states), MaskedLanguageHead(config)
    load_arrays(encoder, encoder_arrays(arrays, config, config.layers))
    official = generate(folder / "manifest.json")
    head_arrays = {key.removeprefix(HEAD): array for key, array in official.items() if key.startswith(HEAD)}
    load_arrays(head, {**head_arrays, "decoder.weight": arrays["embeddings.word_embeddings.weight"]})
    run_encoder, run_head = compiled.compile_cell(encoder), compiled.compile_cell(head)
    for i in [i for i in _sequences(io) if f"logits_last_{i}" in io]:
        ids = io[f"ids{i}"].astype(np.int32)
        embedded, first, last = run_encoder(compiled.to_tensor(ids), compiled.to_tensor(np.ones(ids.shape, np.float32)))
        report.close(f"embeddings_{i}", embedded.asnumpy(), io[f"embeddings_{i}"], TOLERANCE)
        report.close(f"hidden_1_{i}", first.asnumpy(), io[f"hidden_1_{i}"], TOLERANCE)
        expected = io[f"logits_last_{i}"]
        logits = run_head(last[:, -1:]).asnumpy()[:, 0, : expected.shape[-1]]
        report.close(f"logits_last_{i}", logits, expected, TOLERANCE)

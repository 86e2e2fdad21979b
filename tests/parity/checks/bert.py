"""RoBERTa against ``transformers.BertForMaskedLM``: the features' hidden state, the lowest ones, the logits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.stack import StackedRoberta, roberta_layers
from GPT_SoVITS.layers.elementwise import gelu, layer_norm
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.library import load
from tests.parity.checks.hubert import UntilLayer
from tests.parity.implementations import GRAPH, NATIVE, NATIVE_FP16, NATIVE_INT8
from tests.parity.report import Report
from tests.parity.weights import Arrays, forget, generate, load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]
States = Callable[[Array, tuple[int, ...]], list[Array]]
"""Gives hidden states (1, L, hidden) of tokens (1, L): 0 the embeddings, n after layer n."""

FOLDERS = r"bert_\w+"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, NATIVE_INT8, GRAPH)
QUICK = (NATIVE,)
"""Float16 takes the same kernels as HuBERT's; a small network in int8 is in ``tests/networks/test_stack.py``."""
TOLERANCE = {"fp32": 1e-3, "fp16": 1e-2, "int8": 0.2}
"""Of hidden states; seen: fp32 1e-5, fp16 2.6e-3, int8 0.09."""
LOGITS_TOLERANCE = {"fp32": 1e-3, "fp16": 0.1, "int8": 3.0}
"""Of logits, which features do not need; seen: fp32 1.2e-4, fp16 0.036, int8 1.2."""
HEAD = "cls.predictions."
WORDS = "bert.embeddings.word_embeddings."


class _Once(dict[str, Array]):
    """Arrays that are let go of when they are read: all layers take 1.2 GB, and as much again as matrices."""

    def __getitem__(self, key: str) -> Array:
        return self.pop(key)


def run(folder: Path, report: Report) -> None:
    """Compare every array of a BERT fixture."""
    io = load_io(folder)
    config = RobertaConfig.from_official(load_config(folder))
    arrays = dict(network_arrays("bert", folder / "manifest.json"))
    if report.implementation is GRAPH:
        from GPT_SoVITS.features.roberta_graph import Roberta

        _features(Roberta(config, arrays), io, report)
        _whole_network(_graph_states(config, arrays), config, folder, io, report)
        return
    handle = load().handle
    assert handle is not None
    sizes = EncoderSizes(
        config.hidden_size, config.heads, config.layers, config.intermediate_size, config.layer_norm_eps
    )
    forget()
    layers = _Once({key: arrays.pop(key) for key in list(arrays) if key.startswith("encoder.layer.")})
    stack = NativeEncoder(handle, sizes, roberta_layers(layers), report.implementation.precision)

    def states(ids: Array, wanted: tuple[int, ...]) -> list[Array]:
        return [StackedRoberta(config, arrays, UntilLayer(stack, n))(ids) for n in wanted]

    _features(StackedRoberta(config, arrays, UntilLayer(stack, config.feature_layers)), io, report)
    _whole_network(states, config, folder, io, report)


def _sequences(io: Arrays) -> list[int]:
    return list(itertools.takewhile(lambda i: f"ids{i}" in io, itertools.count()))


def _features(roberta: Any, io: Arrays, report: Report) -> None:
    tolerance = TOLERANCE[report.precision]
    for i in _sequences(io):
        report.inputs([f"ids{i}"])
        report.close(f"hidden_m3_{i}", roberta(io[f"ids{i}"]), io[f"hidden_m3_{i}"], tolerance)
    if "pad_ids" in io:
        report.inputs(["pad_ids", "pad_mask"])
        padded, expected = roberta(io["pad_ids"], io["pad_mask"]), io["pad_hidden_m3"]
        if report.implementation is not GRAPH:
            # The official network computes something in the padding too; ours has no rows there.
            expected = np.where(io["pad_mask"][:, :, None] > 0, expected, 0)
        report.close("pad_hidden_m3", padded, expected, tolerance)


def _whole_network(states: States, config: RobertaConfig, folder: Path, io: Arrays, report: Report) -> None:
    tolerance = TOLERANCE[report.precision]
    head = {key.removeprefix(HEAD): array for key, array in generate(folder / "manifest.json", HEAD).items()}
    (words,) = generate(folder / "manifest.json", WORDS).values()
    for i in [i for i in _sequences(io) if f"logits_last_{i}" in io]:
        embedded, first, last = states(io[f"ids{i}"], (0, 1, config.layers))
        report.close(f"embeddings_{i}", embedded, io[f"embeddings_{i}"], tolerance)
        report.close(f"hidden_1_{i}", first, io[f"hidden_1_{i}"], tolerance)
        expected = io[f"logits_last_{i}"]
        count = expected.shape[-1]
        logits = _transformed(last[:, -1], head, config) @ words[:count].T + head["bias"][:count]
        report.close(f"logits_last_{i}", logits, expected, LOGITS_TOLERANCE[report.precision])


def _transformed(x: Array, head: Arrays, config: RobertaConfig) -> Array:
    """What the head does before it multiplies with the words' vectors; nothing but this check needs it."""
    norm = head["transform.LayerNorm.weight"], head["transform.LayerNorm.bias"]
    dense = x @ head["transform.dense.weight"].T + head["transform.dense.bias"]
    return layer_norm(gelu(dense), norm, config.layer_norm_eps)


def _graph_states(config: RobertaConfig, arrays: Arrays) -> States:
    from GPT_SoVITS import compiled
    from GPT_SoVITS.features.roberta import RobertaEncoder, encoder_arrays
    from GPT_SoVITS.layers.parameters import load_arrays

    def states(ids: Array, wanted: tuple[int, ...]) -> list[Array]:
        encoder = RobertaEncoder(config, wanted)
        load_arrays(encoder, encoder_arrays(arrays, config, max(wanted)))
        mask = np.ones(ids.shape, np.float32)
        found = compiled.compile_cell(encoder)(compiled.to_tensor(ids.astype(np.int32)), compiled.to_tensor(mask))
        return [state.asnumpy() for state in found]

    return states

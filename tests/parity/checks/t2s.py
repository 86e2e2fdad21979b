"""The text-to-semantic decoder against the official one: embeddings, logits, and whole greedy decodes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.t2s.backend import DecodeInput, DecodeState
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.decoding import Generation, infer_panel, infer_panel_batch_infer
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.prefill import Embed
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

GREEDY = SamplingParameters(top_k=1)
GREEDY_WITHOUT_PENALTY = SamplingParameters(top_k=1, repetition_penalty=1.0)
# Early stops that the fixtures were made with; where a result shows another one, that is taken (see _early_stop).
EARLY_STOP = {"greedy": 80, "greedy_norep": 24, "rf": 50, "batch": 70, "eos_rf": 30}


class Recorder:
    """A backend that remembers the logits it hands out."""

    def __init__(self, backend: JitBackend) -> None:
        self.backend = backend
        self.first: list[npt.NDArray[Any]] = []
        self.steps: list[npt.NDArray[Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> npt.NDArray[Any]:
        logits = self.backend.prefill(state, slot, sequence)
        self.first.append(logits.copy())
        return logits

    def step(self, state: DecodeState, tokens: npt.NDArray[Any]) -> npt.NDArray[Any]:
        logits = self.backend.step(state, tokens)
        self.steps.append(logits.copy())
        return logits

    def logits(self, count: int) -> npt.NDArray[Any]:
        """(count, rows, vocab): the rows' prefills, then steps."""
        rows = len(self.first)
        return np.stack([np.stack(self.first), *(step[:rows] for step in self.steps[: count - 1])])


def _early_stop(default: int, idx: int, generated: int) -> int:
    """The limit a naive result was made with: ended by it, the result has one token more than its index."""
    return idx if generated == idx + 1 else default


def _naive(backend: Any, sequence: DecodeInput, early_stop: int, parameters: SamplingParameters = GREEDY) -> Generation:
    return infer_panel(backend, sequence, parameters, generator(0), early_stop_num=early_stop)


def run(folder: Path, report: Report) -> None:
    """Compare every array of a text-to-semantic fixture."""
    io = load_io(folder)
    config = T2SConfig.from_official(load_config(folder))
    arrays = network_arrays("t2s", folder / "manifest.json")
    report.inputs(name for name in io if name.endswith(("phonemes", "bert", "prompt", "min_top2_gap", "eos_row")))
    backend = JitBackend.from_arrays(config, arrays)
    _embedding(backend, io, report)
    _single(backend, io, report)
    batch = [_sequence(io, f"batch{j}_", io["batch_prompt"]) for j in _count(io, "batch{}_phonemes")]
    _batch(backend, batch, "", io, report)
    weight = arrays["ar_predict_layer.weight"].copy()
    weight[config.eos] = io["eos_row"]
    backend = JitBackend.from_arrays(config, {**arrays, "ar_predict_layer.weight": weight})
    _batch(backend, batch, "eos_", io, report)
    _batch_without_prompt(backend, batch, io, report)


def _count(io: Arrays, pattern: str) -> list[int]:
    return list(itertools.takewhile(lambda j: pattern.format(j) in io, itertools.count()))


def _sequence(io: Arrays, prefix: str, prompt: npt.NDArray[Any]) -> DecodeInput:
    return DecodeInput(io[f"{prefix}phonemes"], io[f"{prefix}bert"], prompt)


def _embedding(backend: JitBackend, io: Arrays, report: Report) -> None:
    count = len(io["phonemes"])
    phonemes, places = io["phonemes"].astype(np.int32), np.arange(count, dtype=np.int32)
    tokens, is_text = np.zeros(count, np.int32), np.ones((count, 1), bool)
    inputs = (phonemes, tokens, places, io["bert"].T, is_text)
    embedded = compile_cell(Embed(backend.network))(*(to_tensor(array) for array in inputs))
    report.close("text_emb_pos", embedded.asnumpy(), io["text_emb_pos"])


def _single(backend: JitBackend, io: Arrays, report: Report) -> None:
    sequence = _sequence(io, "", io["prompt"])
    prompt = len(sequence.prompt)
    for name, parameters in (("greedy", GREEDY), ("greedy_norep", GREEDY_WITHOUT_PENALTY)):
        idx = int(io[f"{name}_idx"])
        stop = _early_stop(EARLY_STOP[name], idx, len(io[f"{name}_tokens"]) - prompt)
        recorder = Recorder(backend)
        result = _naive(recorder, sequence, stop, parameters)
        report.equal(f"{name}_tokens", result.tokens, io[f"{name}_tokens"])
        report.equal(f"{name}_idx", result.idx, idx)
        if name == "greedy":
            report.close("step_logits", recorder.logits(len(io["step_logits"]))[:, 0], io["step_logits"])
            report.close("greedy_all_last_logits", recorder.steps[-1], io["greedy_all_last_logits"])
    recorder = Recorder(backend)
    sequence = _sequence(io, "rf_", np.zeros(0, np.int64))
    result = _naive(recorder, sequence, max(EARLY_STOP["rf"], len(io["rf_tokens"]) - 1))
    report.equal("rf_tokens", result.tokens, io["rf_tokens"])
    report.equal("rf_idx", result.idx, io["rf_idx"])
    report.close("rf_step_logits", recorder.logits(len(io["rf_step_logits"]))[:, 0], io["rf_step_logits"])


def _batch(backend: JitBackend, batch: Sequence[DecodeInput], prefix: str, io: Arrays, report: Report) -> None:
    prompt = len(io["batch_prompt"])
    stops = []
    for j, sequence in enumerate(batch):
        name = f"{prefix}naive{j}"
        stop = _early_stop(EARLY_STOP["batch"], int(io[f"{name}_idx"]), len(io[f"{name}_y"]) - prompt)
        result = _naive(backend, sequence, stop)
        report.equal(f"{name}_y", result.tokens, io[f"{name}_y"])
        report.equal(f"{name}_idx", result.idx, io[f"{name}_idx"])
        stops.append(stop)
    recorder = Recorder(backend)
    rngs = [generator(j) for j in range(len(batch))]
    results = infer_panel_batch_infer(recorder, batch, GREEDY, rngs, early_stop_num=max(stops))
    report.equal(f"{prefix}batch_idx", [result.idx for result in results], io[f"{prefix}batch_idx"])
    for j, result in enumerate(results):
        report.equal(f"{prefix}batch{j}_y", result.tokens, io[f"{prefix}batch{j}_y"])
    if not prefix:
        expected = io["batch_step_logits"]
        report.close("batch_step_logits", recorder.logits(len(expected)), expected)


def _batch_without_prompt(backend: JitBackend, batch: Sequence[DecodeInput], io: Arrays, report: Report) -> None:
    sequences = [DecodeInput(sequence.phonemes, sequence.bert) for sequence in batch]
    longest = max(len(io[f"eos_rf_batch{j}_y"]) for j in range(len(batch)))
    rngs = [generator(j) for j in range(len(batch))]
    stop = max(EARLY_STOP["eos_rf"], longest - 1)
    results = infer_panel_batch_infer(backend, sequences, GREEDY, rngs, early_stop_num=stop)
    report.equal("eos_rf_batch_idx", [result.idx for result in results], io["eos_rf_batch_idx"])
    for j, result in enumerate(results):
        report.equal(f"eos_rf_batch{j}_y", result.tokens, io[f"eos_rf_batch{j}_y"])

"""The text-to-semantic decoder against the official one: embeddings, logits, and whole greedy decodes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator, logits_to_probs
from tests.networks.decode_loops import infer_panel, infer_panel_batch_infer
from tests.parity.implementations import GRAPH, NATIVE, NATIVE_FP16, NATIVE_INT8
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

Array = npt.NDArray[Any]
FOLDERS = r"t2s_v\d+\w*"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, NATIVE_INT8, GRAPH)
TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2, "int8": 0.3}
"""Of logits, which go to 8; seen: fp32 9e-6, fp16 5.0e-3, int8 0.13."""
WHOLE = "t2s_v2"
"""A quick run decodes here, in float32. In each precision, and of v1, it compares logits alone, of official tokens."""
GREEDY = SamplingParameters(top_k=1)
GREEDY_WITHOUT_PENALTY = SamplingParameters(top_k=1, repetition_penalty=1.0)
# Early stops that the fixtures were made with; where a result shows another one, that is taken (see _early_stop).
EARLY_STOP = {"greedy": 80, "greedy_norep": 24, "rf": 50, "batch": 70, "eos_rf": 30}
NO_PROMPT = np.zeros(0, np.int64)


def run(folder: Path, report: Report) -> None:
    """Compare every array of a text-to-semantic fixture."""
    io = load_io(folder)
    config = T2SConfig.from_official(load_config(folder))
    arrays = network_arrays("t2s", folder / "manifest.json")
    report.inputs(name for name in io if name.endswith(("phonemes", "bert", "prompt", "min_top2_gap", "eos_row")))
    backend = _backend(config, arrays, report)
    if report.implementation is GRAPH:
        _embedding(backend, io, report)
    check = _Check(backend, io, report)
    short = report.quick and (folder.name != WHOLE or report.precision != "fp32")
    check.logits(first_alone=short)
    if short:
        return
    check.single()
    check.batch("")
    weight = arrays["ar_predict_layer.weight"].copy()
    weight[config.eos] = io["eos_row"]
    check = _Check(_backend(config, {**arrays, "ar_predict_layer.weight": weight}, report), io, report)
    check.batch("eos_")
    check.batch_without_prompt()


def _backend(config: T2SConfig, arrays: Arrays, report: Report) -> DecodeBackend:
    if report.implementation is GRAPH:
        from GPT_SoVITS.t2s.jit_backend import JitBackend

        return JitBackend.from_arrays(config, arrays)
    handle = load().handle
    assert handle is not None
    return NativeBackend(handle, config, arrays, report.implementation.precision)


def _embedding(backend: Any, io: Arrays, report: Report) -> None:
    from GPT_SoVITS.compiled import compile_cell, to_tensor
    from GPT_SoVITS.t2s.prefill import Embed

    count = len(io["phonemes"])
    phonemes, places = io["phonemes"].astype(np.int32), np.arange(count, dtype=np.int32)
    tokens, is_text = np.zeros(count, np.int32), np.ones((count, 1), bool)
    inputs = (phonemes, tokens, places, io["bert"].T, is_text)
    embedded = compile_cell(Embed(backend.network))(*(to_tensor(array) for array in inputs))
    report.close("text_emb_pos", embedded.asnumpy(), io["text_emb_pos"])


def forced(backend: DecodeBackend, sequences: Sequence[DecodeInput], tokens: Array, count: int) -> Array:
    """Return logits (count, sequences, vocab) of steps that are fed ``tokens`` (sequences, at least count - 1)."""
    state = backend.start(len(sequences))
    try:
        found = [np.stack([backend.prefill(state, slot, sequence) for slot, sequence in enumerate(sequences)])]
        for step in range(count - 1):
            fed = np.zeros(state.rows, np.int64)
            fed[: len(sequences)] = tokens[:, step]
            found.append(backend.step(state, fed)[: len(sequences)])
        return np.stack(found)
    finally:
        backend.finish(state)


def _early_stop(default: int, idx: int, generated: int) -> int:
    """The limit a naive result was made with: ended by it, the result has one token more than its index."""
    return idx if generated == idx + 1 else default


@dataclass
class _Check:
    """Decodes what the fixture asks for.

    Logits are those of steps that are fed the official tokens, so that they can be compared in every precision.
    """

    backend: DecodeBackend
    io: Arrays
    report: Report

    def logits(self, first_alone: bool = False) -> None:
        """Logits of the first steps and of the last one, which is many steps later."""
        io, prompt, first = self.io, len(self.io["prompt"]), len(self.io["step_logits"])
        tokens, count = io["greedy_tokens"][None, prompt:], int(io["greedy_idx"]) + 1
        logits = forced(
            self.backend, [self._sequence("", io["prompt"])], tokens, min(first, count) if first_alone else count
        )
        self._close("step_logits", logits[:first, 0], io["step_logits"])
        if not first_alone:
            self._close("greedy_all_last_logits", logits[-1], io["greedy_all_last_logits"])
        free = forced(self.backend, [self._sequence("rf_")], io["rf_tokens"][None], len(io["rf_step_logits"]))
        self._close("rf_step_logits", free[:, 0], io["rf_step_logits"])
        count, batch, prompt = len(io["batch_step_logits"]), self._batch(), len(io["batch_prompt"])
        tokens = np.stack([io[f"batch{j}_y"][prompt : prompt + count] for j in range(len(batch))])
        self._close("batch_step_logits", forced(self.backend, batch, tokens, count), io["batch_step_logits"])

    def single(self) -> None:
        """Sequences alone: with the default penalty, without penalty, without prompt."""
        io = self.io
        sequence = self._sequence("", io["prompt"])
        long = () if self.report.quick else (("greedy", GREEDY),)  # the batch has the default penalty as well
        for name, parameters in (*long, ("greedy_norep", GREEDY_WITHOUT_PENALTY)):
            names = f"{name}_tokens", f"{name}_idx"
            self._naive(*names, sequence, self._stop(*names, sequence, EARLY_STOP[name]), parameters)
        stop = max(EARLY_STOP["rf"], len(io["rf_tokens"]) - 1)
        result = infer_panel(self.backend, self._sequence("rf_"), GREEDY, generator(0), early_stop_num=stop)
        self._tokens("rf_tokens", result.tokens, self._sequence("rf_"))
        self.report.equal("rf_idx", result.idx, io["rf_idx"])

    def batch(self, prefix: str) -> None:
        """Sequences with a prompt, all side by side, and each alone unless :meth:`single` has to do for that."""
        batch = self._batch()
        stops = []
        for j, sequence in enumerate(batch):
            names = f"{prefix}naive{j}_y", f"{prefix}naive{j}_idx"
            stops.append(self._stop(*names, sequence, EARLY_STOP["batch"]))
            if not self.report.quick:
                self._naive(*names, sequence, stops[-1])
        rngs = [generator(j) for j in range(len(batch))]
        results = infer_panel_batch_infer(self.backend, batch, GREEDY, rngs, early_stop_num=max(stops))
        same = [
            self._tokens(f"{prefix}batch{j}_y", result.tokens, sequence)
            for j, (result, sequence) in enumerate(zip(results, batch, strict=True))
        ]
        self._lengths(f"{prefix}batch_idx", [result.idx for result in results], all(same))

    def batch_without_prompt(self) -> None:
        """Sequences without a prompt, which the official function hands to the naive loop."""
        sequences = [self._sequence(f"batch{j}_") for j in range(len(self._batch()))]
        longest = max(len(self.io[f"eos_rf_batch{j}_y"]) for j in range(len(sequences)))
        rngs = [generator(j) for j in range(len(sequences))]
        stop = max(EARLY_STOP["eos_rf"], longest - 1)
        results = infer_panel_batch_infer(self.backend, sequences, GREEDY, rngs, early_stop_num=stop)
        for j, (result, sequence) in enumerate(zip(results, sequences, strict=True)):
            self._tokens(f"eos_rf_batch{j}_y", result.tokens, sequence)
        self._lengths("eos_rf_batch_idx", [result.idx for result in results], True)

    def _sequence(self, prefix: str, prompt: Array = NO_PROMPT) -> DecodeInput:
        return DecodeInput(self.io[f"{prefix}phonemes"], self.io[f"{prefix}bert"], prompt)

    def _batch(self) -> list[DecodeInput]:
        numbers = itertools.takewhile(lambda j: f"batch{j}_phonemes" in self.io, itertools.count())
        return [self._sequence(f"batch{j}_", self.io["batch_prompt"]) for j in numbers]

    def _stop(self, tokens: str, idx: str, sequence: DecodeInput, default: int) -> int:
        """Return the early stop that the official naive loop was given for a result."""
        return _early_stop(default, int(self.io[idx]), len(self.io[tokens]) - len(sequence.prompt))

    def _naive(
        self, tokens: str, idx: str, sequence: DecodeInput, stop: int, parameters: SamplingParameters = GREEDY
    ) -> None:
        """Decode a sequence alone; compare its tokens and index."""
        result = infer_panel(self.backend, sequence, parameters, generator(0), early_stop_num=stop)
        same = self._tokens(tokens, result.tokens, sequence, parameters)
        self._lengths(idx, result.idx, same)

    def _close(self, name: str, actual: Array, expected: Array) -> None:
        self.report.close(name, actual, expected, TOLERANCE[self.report.precision])

    def _lengths(self, name: str, actual: object, same: bool) -> None:
        """Lengths are equal where the tokens are."""
        if same:
            self.report.equal(name, actual, self.io[name])
        else:
            self.report.inputs([name])

    def _tokens(self, name: str, actual: Array, sequence: DecodeInput, parameters: SamplingParameters = GREEDY) -> bool:
        """Compare tokens and return whether they are equal; in float32 they have to be.

        Weights in less than float32 may choose another token where two are nearly as good: closer than twice the
        tolerance of logits. What follows is another sequence and says nothing.
        """
        expected = self.io[name]
        same = bool(np.array_equal(actual, expected))
        if same or self.report.precision == "fp32":
            self.report.equal(name, actual, expected)
            return same
        at, gap = self._first_difference(actual, expected, sequence, parameters)
        allowed = 2 * TOLERANCE[self.report.precision]
        self.report.verdict(name, gap <= allowed, f"other at {at}, {gap:.1e} apart", f"{allowed:.0e} apart")
        return False

    def _first_difference(
        self, actual: Array, expected: Array, sequence: DecodeInput, parameters: SamplingParameters
    ) -> tuple[int, float]:
        """Return after how many tokens the sequences part, and by how much the official choice scores less there."""
        shared = min(len(actual), len(expected))
        at = int(np.argmin([*(actual[:shared] == expected[:shared]), False]))
        prompt = len(sequence.prompt)
        scores = forced(self.backend, [sequence], expected[None, prompt:], at - prompt + 1)[-1, 0].copy()
        logits_to_probs(scores, expected[:at], parameters)  # leaves the penalty in the scores
        official = expected[at] if at < len(expected) else self.backend.config.eos
        return at - prompt, float(scores.max() - scores[official])

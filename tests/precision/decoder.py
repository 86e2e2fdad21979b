"""The decoder under rounding, fed the official tokens: how far its logits move and how often its first choice changes.

A greedy decode that picks one other token is a different sequence from there on, so comparing whole sequences would
tell little; every step here starts from the same past.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from tests.parity.report import Report
from tests.parity.weights import load_config, load_io, network_arrays
from tests.precision.simulation import simulated_float16

Logits = npt.NDArray[np.float32]


def _forced(folder: Path) -> Logits:
    """Logits (steps, vocab) of the fixture's sequence without penalty, each step fed the official token."""
    io = load_io(folder)
    decoder = JitBackend.from_arrays(
        T2SConfig.from_official(load_config(folder)), network_arrays("t2s", folder / "manifest.json")
    )
    state = decoder.start(1)
    logits = [decoder.prefill(state, 0, DecodeInput(io["phonemes"], io["bert"], io["prompt"]))]
    tokens = np.ravel(io["greedy_norep_tokens"])[len(io["prompt"]) :]
    logits += [decoder.step(state, np.full(state.rows, token))[0] for token in tokens[:-1]]
    decoder.finish(state)
    return np.stack(logits)


def compare(folder: Path, report: Report) -> None:
    """Report logits and first choices of the simulation against float32. To be called within the simulation."""
    rounded = _forced(folder)
    with simulated_float16(active=False):
        exact = _forced(folder)
    report.close("logits, official past", rounded, exact)
    report.equal("first choices", rounded.argmax(-1), exact.argmax(-1))

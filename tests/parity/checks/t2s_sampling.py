"""Sampling against the official ``logits_to_probs``: probabilities, and the logits as the penalty leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.t2s.sampling import SamplingParameters, logits_to_probs
from tests.parity.report import Report
from tests.parity.weights import load_io

FOLDERS = "t2s_sampling"
TOLERANCE = 1e-6
NO_EOS = SamplingParameters(top_k=15, top_p=1.0, temperature=1.0, repetition_penalty=1.35)


def _rows(logits: npt.NDArray[Any], previous: npt.NDArray[Any], parameters: SamplingParameters) -> npt.NDArray[Any]:
    return np.stack([logits_to_probs(row, seen, parameters) for row, seen in zip(logits, previous, strict=True)])


def run(folder: Path, report: Report) -> None:
    """Compare every combination of sampling parameters."""
    io = load_io(folder)
    report.inputs(["logits", "previous_tokens", "previous_tokens_noeos"])
    for combination in json.loads((folder / "combos.json").read_text(encoding="utf-8")):
        i = combination.pop("index")
        logits = io["logits"].copy()
        probs = _rows(logits, io["previous_tokens"], SamplingParameters(**combination))
        report.close(f"probs_{i}", probs, io[f"probs_{i}"], TOLERANCE)
        report.close(f"logits_after_{i}", logits, io[f"logits_after_{i}"], TOLERANCE)
    without_end = io["logits"][:, :-1].copy()
    report.close("probs_noeos", _rows(without_end, io["previous_tokens_noeos"], NO_EOS), io["probs_noeos"], TOLERANCE)

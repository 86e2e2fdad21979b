"""The synthesis and memory benchmarks measure the networks that the engine uses, and judge by what is required."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import memory, synthesis
from bench.make_weights import END_BIAS, END_SCORE
from GPT_SoVITS.native.library import load
from tests.engine.small import SmallInstallation


def result(tokens_per_s_8: float, first_sound_s: float) -> dict[str, Any]:
    """What a run measures, as far as it is judged and shown."""
    times = {name: [1.0, 2.0] for name in ("step_ms", "prefill_ms", "vocoder_per_s", "total_per_s")}
    held = {"peak_mb": 2000.0, "resident_mb": 1500.0}
    batch = {1: {"step_ms": 10.0, "tokens_per_s": 100.0}, 8: {"step_ms": 25.0, "tokens_per_s": tokens_per_s_8}}
    parts = {**times, "backend": "b", "load_s": 1.0, "first_run_s": 2.0, "step_floor_ms": 0.9, "batch": batch,
             "memory": held}  # fmt: skip
    engine = {"language": "zh", "warm_up_s": 9.0, "reference_s": 0.5, "first_sound_s": [first_sound_s, 1.0],
              "total_per_s": [0.4], "streamed_total_per_s": [0.5], "memory": held}  # fmt: skip
    return {"parts": parts, "engine": engine}


@pytest.mark.parametrize(
    ("batched", "first", "expected"), [(310, 0.5, [True, True]), (290, 0.5, [False, True]), (310, 0.7, [True, False])]
)
def test_batches_and_the_first_sound_are_judged(batched: float, first: float, expected: list[bool]) -> None:
    assert synthesis.judged(result(batched, first)) == expected


def test_the_report_shows_batches_beside_one_sequence() -> None:
    text = synthesis.report(result(310, 0.5))
    assert "| 8 | 25.00 | 310 | 3.10 x |" in text and "| first sound of a stream | 0.500 (0.750–1.00) s" in text


def test_the_parts_are_measured_on_the_networks_that_speak(tmp_path: Path) -> None:
    weights, decode = SmallInstallation(tmp_path).pair(), "native" if load().handle is not None else "jit"
    options = argparse.Namespace(gpt=Path(weights.gpt), sovits=Path(weights.sovits), precision="float32", decode=decode,
                                 batch=[1, 2], tokens=12, rounds=1, threads=0)  # fmt: skip
    found = synthesis.parts(options)
    assert found["backend"].startswith("native" if decode == "native" else "portable")
    assert found["batch"][2]["tokens_per_s"] == pytest.approx(2000 / found["batch"][2]["step_ms"])
    assert 0 < found["step_floor_ms"] <= found["step_ms"][0] * (1 + 1e-9)
    whole = found["total_per_s"][0] * 12 / 25
    assert whole >= found["vocoder_per_s"][0] * 12 / 25 + 11 * found["step_ms"][0] / 1000


def test_growth_is_the_slope_of_the_later_half() -> None:
    settled = [1000.0, 1100.0, 1200.0, 1300.0, 1300.0, 1300.0, 1300.0, 1300.0]
    assert memory.growth(settled) == pytest.approx(0.0, abs=1e-6)
    leaking = [1000.0 + 2.0 * number for number in range(10)]
    assert memory.growth(leaking, every=20) == pytest.approx(10.0)
    assert memory.growth([5.0]) == 0.0


def test_too_much_memory_and_growth_do_not_hold() -> None:
    assert memory.holds("float16", {"first_mb": 1200.0, "growth_mb_per_100": 0.5})
    assert not memory.holds("float16", {"first_mb": 1400.0, "growth_mb_per_100": 0.5})
    assert not memory.holds("float32", {"first_mb": 1400.0, "growth_mb_per_100": 1.5})


def test_weights_that_end_give_the_end_a_score_of_its_own() -> None:
    """Of a normalised vector, which has mean zero, the end's row sees the constant alone."""
    normalised = np.random.default_rng(0).standard_normal(512)
    normalised = (normalised - normalised.mean()) / normalised.std()
    row = np.full(512, END_SCORE / (END_BIAS * 512))
    assert float(row @ (normalised + END_BIAS)) == pytest.approx(END_SCORE)

"""The comparison counts what it says it counts; the engines themselves are timed by hand, not here."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bench import compare
from bench.compare import Engine
from bench.figures import Spread, figure, floor_of_steps, markdown
from bench.speaking import PHONEMES, PROMPT, REFERENCE_PHONEMES, make_inputs

PEER = """
import sys
sys.path.insert(0, "bench/peers")
from protocol import serve
def load(**fields):
    print("a library that prints")
    return {"got": fields}
serve(load, lambda tokens: {"steps": tokens - 1})
"""


def run(step_ms: float, *, vocoder_s: float = 2.0) -> dict[str, Any]:
    """A worker's answer for 100 steps and 4 s of audio."""
    decode = 100 * step_ms / 1000
    return {"prefill_s": 0.3, "decode_s": decode, "steps": 100, "vocoder_s": vocoder_s, "audio_s": 4.0, "peak": 0.5,
            "total_s": 0.3 + decode + vocoder_s, "step_s": [step_ms / 1000] * 100}  # fmt: skip


def engine(name: str, *runs: dict[str, Any]) -> Engine:
    """An engine that has run."""
    return Engine(name, [], {}, {"backend": "b"}, list(runs), {"peak_mb": 100.0, "resident_mb": 50.0})


def test_the_best_of_the_rounds_counts() -> None:
    best = engine("x", run(12), run(10), run(50)).best()
    assert best["step_ms"] == pytest.approx(10) and best["vocoder"] == 0.5
    assert best["total"] == pytest.approx((0.3 + 1.0 + 2.0) / 4)


def test_the_floor_takes_every_step_from_its_fastest_run() -> None:
    assert floor_of_steps([[1.0, 9.0, 3.0], [8.0, 2.0, 7.0, 1.0]]) == pytest.approx(2.0)


def test_requirements_are_judged_by_the_ratio_of_the_minima() -> None:
    found = [engine("genie-tts", run(20), run(10)), engine("float16:native", run(6, vocoder_s=1.0), run(9))]
    judged = dict(compare.verdicts(found))
    assert list(judged.values()) == [True, True, True]
    assert "0.60 x genie-tts, required 0.65" in next(iter(judged))
    found[1].runs = [run(7, vocoder_s=2.2)]
    assert list(dict(compare.verdicts(found)).values()) == [False, False, False]


def test_without_the_base_nothing_is_judged_and_the_table_has_no_ratios() -> None:
    found = [engine("int8:native", run(5))]
    assert compare.verdicts(found) == [] and "**" not in compare.table(found)


def test_the_table_shows_every_engine_with_its_ratio() -> None:
    lines = compare.table([engine("genie-tts", run(10)), engine("ours", run(5))]).splitlines()
    assert len(lines) == 4 and len({line.count("|") for line in lines}) == 1
    assert "5.00 (5.00–5.00) **0.50**" in lines[3] and "100 / 50" in lines[3]


def test_a_worker_answers_and_waits_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Engine("peer", [sys.executable, "-c", PEER], {})
    peer.start(threads=1)
    try:
        assert peer.ask(do="load", gpt="g") == {"got": {"gpt": "g"}}
        assert peer.ask(do="speak", tokens=5) == {"steps": 4}
        memory = peer.ask(do="memory")
        # The peak counts from before the worker's own program began: it may be that of the process that runs the tests.
        assert 1 < memory["resident_mb"] < 1000 and memory["resident_mb"] <= memory["peak_mb"]
    finally:
        peer.close()


def test_all_engines_get_the_same_context() -> None:
    inputs = make_inputs()
    assert inputs["ssl"].shape[-1] == 2 * PROMPT == 2 * len(inputs["prompt"])
    assert len(inputs["bert"]) == REFERENCE_PHONEMES + PHONEMES


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.1234, "0.123"), (5.678, "5.68"), (1234.5, "1234")])
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert figure(value) == text


def test_spread_and_table() -> None:
    assert str(Spread.of([3.0, 1.0, 2.0])) == "1.00 (2.00–3.00)"
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"

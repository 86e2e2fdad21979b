"""The self-test notices what is wrong, and passes at full size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from GPT_SoVITS import selftest
from GPT_SoVITS.selftest import Case, Source, cases, made_up, main, run_case
from GPT_SoVITS.versions import SPOKEN


def _case(results: Callable[[], np.ndarray]) -> Case:  # type: ignore[type-arg]
    return Case("decoder", "nothing", "t2s", "gpt-v2", lambda source: results)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are read or made: the cases here do not use them."""
    monkeypatch.setattr(selftest, "installed", lambda *_: Source({}, {}, "none"))


def test_sound_results_pass() -> None:
    line, ok = run_case(_case(lambda: np.ones(3)), "v2")
    assert ok and "ok" in line


def test_numbers_that_are_not_finite_fail() -> None:
    line, ok = run_case(_case(lambda: np.array([1.0, np.nan])), "v2")
    assert not ok and "not finite" in line


def test_results_that_change_between_runs_fail() -> None:
    counter = iter(range(100))
    line, ok = run_case(_case(lambda: np.array([next(counter)])), "v2")
    assert not ok and "differs between runs" in line


def test_only_pro_versions_use_the_speaker_verifier() -> None:
    assert {v for v in SPOKEN if any(c.kind == "eres2netv2" for c in cases(v))} == {"v2Pro", "v2ProPlus"}


def test_only_v3_and_v4_use_a_vocoder_of_their_own() -> None:
    vocoders = {v: [c.kind for c in cases(v) if c.name == "vocoder"] for v in SPOKEN}
    assert {v: kinds for v, kinds in vocoders.items() if kinds} == {"v3": ["bigvgan"], "v4": ["hifigan"]}


@pytest.mark.full
def test_every_network_passes_at_full_size(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(selftest, "installed", lambda kind, version, _: made_up(kind, version))
    assert main(["--model", "v2Pro"]) == 0
    assert "[Device] MindSpore context set: device_target=" in capsys.readouterr().out

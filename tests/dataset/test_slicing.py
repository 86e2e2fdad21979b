"""The slicer agrees with the official one to the last sample, and neither loses nor doubles what is heard."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GPT_SoVITS.dataset.slicing import SliceOptions, Slicer, loudness, mixed
from tests.dataset.sounds import RATE, bursts

# Recorded from tools/slicer2.py and tools/slice_audio.py of the official program; tolerance: none.
_OFFICIAL = json.loads((Path(__file__).parents[1] / "data/dataset/slicing.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", _OFFICIAL["cases"], ids=lambda case: f"seed{case['seed']}")
def test_clips_are_those_of_the_official_slicer(case: dict[str, Any]) -> None:
    clips = Slicer(SliceOptions(**case["options"]))(bursts(case["seed"], **case["sound"]))
    found = [
        [clip.start, clip.end, len(clip.samples), zlib.crc32(mixed(clip.samples, case["max"], case["alpha"]).tobytes())]
        for clip in clips
    ]
    assert found == case["clips"]


def test_the_official_cases_divide_and_leave_out() -> None:
    assert sum(len(case["clips"]) > 1 for case in _OFFICIAL["cases"]) > 10
    assert any(not case["clips"] for case in _OFFICIAL["cases"])


_OPTIONS = st.tuples(
    st.integers(-60, -15), st.integers(0, 2000), st.integers(0, 400), st.integers(1, 40), st.integers(0, 1500)
).map(lambda t: SliceOptions(t[0], t[1] + t[2] + t[3], t[2] + t[3], t[3], t[3] + t[4]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(1, 20), _OPTIONS)
def test_what_is_left_out_is_silent_and_nothing_is_there_twice(seed: int, parts: int, options: SliceOptions) -> None:
    samples = bursts(seed, parts, longest=0.4)
    slicer = Slicer(options)
    clips = slicer(samples)
    heard = np.zeros(len(samples), int)
    for clip in clips:
        np.testing.assert_array_equal(clip.samples, samples[clip.start : clip.end])
        heard[clip.start : clip.end] += 1
    assert heard.max() <= 1
    assert [clip.start for clip in clips] == sorted(clip.start for clip in clips)
    curve = loudness(samples, slicer.window, slicer.hop)
    left_out = np.flatnonzero(heard[:: slicer.hop] == 0)
    assert (curve[left_out] < slicer.threshold).all()


def test_loudness_of_a_long_recording_is_that_of_its_windows() -> None:
    samples = bursts(3, 8)
    samples = np.tile(samples, 12)[: 60 * RATE]
    curve = loudness(samples, 1280, 320)
    assert len(curve) == len(samples) // 320 + 1 > 4096
    for index in (0, 1, 4095, 4096, 4097, len(curve) - 1):
        window = np.pad(samples, 640)[index * 320 : index * 320 + 1280]
        assert curve[index] == pytest.approx(float(np.sqrt(np.mean(window.astype(np.float64) ** 2))), rel=1e-5)


def test_a_recording_shorter_than_anything_is_one_clip() -> None:
    clips = Slicer(SliceOptions())(np.full(7, 0.5, np.float32))
    assert [(clip.start, clip.end, len(clip.samples)) for clip in clips] == [(0, 7, 7)]


@pytest.mark.parametrize("wrong", [{"min_length": 100}, {"hop_size": 0}, {"max_sil_kept": 5}, {"min_interval": 5}])
def test_parameters_that_contradict_each_other_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        SliceOptions(**wrong)


def test_mixing_bounds_what_exceeds_full_scale_and_leaves_silence_alone() -> None:
    assert np.abs(mixed(np.array([0.0, 3.0, -1.5], np.float32), 0.9, 0.25)).max() <= 32767
    assert not mixed(np.zeros(5, np.float32), 0.9, 0.25).any()
    assert mixed(np.zeros(0, np.float32), 0.9, 0.25).shape == (0,)

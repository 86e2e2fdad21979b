"""Content and latent frames of any length: windows that cover, and what they leave unchanged."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from GPT_SoVITS.inference import frames
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import (
    NOISE_SCALE,
    content_frames,
    encode_phonemes,
    flow_reach,
    latent_frames,
    windows,
)
from GPT_SoVITS.inference.references import PreparedReference
from tests.inference.driver import finish


@pytest.mark.parametrize("length", [1, 16, 17, 25, 100, 101, 113])
def test_windows_cover_everything_once_with_their_margins(length: int) -> None:
    found = windows(length, 16, 4)
    assert found[0].first == 0 and found[-1].last == length
    for one, next_one in pairwise(found):
        assert next_one.first == one.last
    for window in found:
        assert window.stop - window.start == min(16, length)
        assert window.start == 0 or window.first - window.start >= 4
        assert window.stop == length or window.stop - window.last >= 4


def test_latent_frames_do_not_depend_on_the_windows(
    bundle: Bundle, voice: PreparedReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, synthesizer = np.random.default_rng(0), bundle.vits
    content = rng.standard_normal((synthesizer.config.hidden_channels, 200)).astype(np.float32)
    noise = rng.standard_normal((synthesizer.config.inter_channels, 200)).astype(np.float32)
    whole = synthesizer.latent(content, voice.condition, noise, NOISE_SCALE).frames
    monkeypatch.setattr(frames, "LATENT_FRAMES", 128)
    assert 2 * flow_reach(synthesizer.config) < 128
    parts = finish(latent_frames(synthesizer, content, voice.condition, noise))
    np.testing.assert_allclose(parts, whole, atol=1e-5)  # largest seen 1e-6


def test_content_of_up_to_20_s_is_that_of_one_run(bundle: Bundle, voice: PreparedReference) -> None:
    rng, synthesizer = np.random.default_rng(1), bundle.vits
    tokens, phonemes = rng.integers(0, 1024, 50), rng.integers(0, 700, 21)
    encoded = encode_phonemes(synthesizer, phonemes)
    padded = synthesizer.buckets.phonemes[-1] if synthesizer.encoders.needs_compiling else 21
    assert encoded.mask.sum() == 21 and encoded.mask.shape[2] == padded
    found = finish(content_frames(synthesizer, tokens, encoded, voice.condition))
    np.testing.assert_allclose(
        found, synthesizer.content(tokens, synthesizer.phonemes(phonemes), voice.condition), atol=1e-5
    )


def test_content_of_longer_segments_is_joined_from_windows(
    bundle: Bundle, voice: PreparedReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "CONTENT_TOKENS", 64)
    monkeypatch.setattr(frames, "CONTENT_MARGIN", 8)
    rng, synthesizer = np.random.default_rng(2), bundle.vits
    tokens = rng.integers(0, 1024, 100)
    encoded = encode_phonemes(synthesizer, rng.integers(0, 700, 21))
    found = finish(content_frames(synthesizer, tokens, encoded, voice.condition))
    last = synthesizer.content(tokens[36:], encoded, voice.condition)
    np.testing.assert_array_equal(found[:, 112:], last[:, 112 - 72 :])
    late = finish(content_frames(synthesizer, tokens, encoded, voice.condition, start=150))
    np.testing.assert_array_equal(late[:, 150:], found[:, 150:])
    assert not late[:, :112].any(), "what nobody asked for is not computed"


def test_every_length_that_is_asked_for_has_its_graph() -> None:
    buckets = frames.BUCKETS
    assert buckets.codes[-1] == frames.CONTENT_TOKENS and buckets.frames[-1] == frames.LATENT_FRAMES
    assert buckets.phonemes[-1] == frames.LONGEST_TEXT
    assert buckets.reference[-1] >= 10 * 50 and buckets.features[-1] >= 10.6 * 50

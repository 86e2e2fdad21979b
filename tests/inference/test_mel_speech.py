"""Speaking with v3 and v4: the reference's mel goes first, chunks are sampled, requests are refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.bandwidth.network import shapes
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.estimator import drained
from GPT_SoVITS.cfm.sampler import Sampling
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.engine.errors import InvalidRequestError, WeightsMissingError
from GPT_SoVITS.engine.messages import SynthesisRequest
from GPT_SoVITS.features.spectrogram import limit_loudness
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import SegmentPlan, plan
from GPT_SoVITS.inference.references import Array, Clip, PreparedReference, References, mel_wave
from GPT_SoVITS.inference.speech import limited
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Buckets
from tests.convert import torchfile
from tests.engine.small import SmallInstallation
from tests.inference.driver import asked, finish, speak_tokens
from tests.networks.cfm_small import SMALL, random_arrays
from tests.networks.sovits_small import SMALL as SMALL_SOVITS
from tests.networks.sovits_small import random_arrays as random_sovits

TOKENS = np.random.default_rng(3).integers(0, 1024, 60)
STEPS = 2


class Tones:
    """A vocoder without weights: a frame becomes five samples of the mean of its bins."""

    sampling_rate, samples_per_frame, halo, description, needs_compiling, nbytes = 500, 5, 0, "tones", False, 0

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield all audio in two pieces."""
        audio = np.repeat(np.tanh(mel.mean(axis=0) / 20), self.samples_per_frame).astype(np.float32)
        yield audio[:7]
        yield audio[7:]


def _synthesizer() -> MelSynthesizer:
    config: SovitsConfig = replace(
        SMALL_SOVITS, version="v4", flow_count=0, phoneme_count=732, codebook_size=1024, ssl_dim=768
    )
    cfm: CfmConfig = replace(SMALL, content_channels=config.hidden_channels, timbre_channels=config.gin_channels)
    shared = {key: array for key, array in random_sovits(config).items() if not key.startswith("dec.")}
    buckets = Buckets(codes=(128,), phonemes=(64,), frames=(256,), reference=(512,), features=(544,))
    return MelSynthesizer(config, cfm, {**shared, **random_arrays(cfm)}, Tones(), buckets=buckets)


@pytest.fixture(scope="module")
def mel_bundle(bundle: Bundle) -> Bundle:
    """The small decoder with a small synthesizer of v4."""
    return replace(bundle, version="v4", sample_rate=500, synthesizer=_synthesizer(), key=bundle.key + 1000)


@pytest.fixture(scope="module")
def mel_voice(home: SmallInstallation, features: Features, mel_bundle: Bundle) -> PreparedReference:
    """The clip, prepared for it."""
    kept = References(features)
    prepared = finish(kept.prepare(mel_bundle, home.voice))
    kept.close()
    return prepared


def _segment(bundle: Bundle, voice: PreparedReference, **fields: Any) -> SegmentPlan:
    request: SynthesisRequest = asked(sample_steps=STEPS, **fields)
    return plan(request, bundle, voice).segments[0]


def _mel(bundle: Bundle) -> MelSynthesizer:
    assert isinstance(bundle.synthesizer, MelSynthesizer)
    return bundle.synthesizer


def test_the_reference_goes_before_every_chunk(mel_bundle: Bundle, mel_voice: PreparedReference) -> None:
    prompt = mel_voice.mel
    assert prompt is not None
    # 4 s at 100 frames a second; the tokens cover 4.6 s, the network takes the 5 s at the end
    assert prompt.mel.shape == (400, SMALL.mel) and prompt.condition.shape == (400, SMALL.text)
    assert np.abs(prompt.mel).max() <= 1.5 and prompt.condition.any()


@pytest.mark.parametrize("speed", [1.0, 1.3, 0.3])
def test_audio_is_what_the_synthesizer_decodes(mel_bundle: Bundle, mel_voice: PreparedReference, speed: float) -> None:
    """At a third of the speed there are two chunks."""
    segment, voice = _segment(mel_bundle, mel_voice, speed=speed), _mel(mel_bundle)
    assert mel_voice.mel is not None
    noise = segment.noise()
    expected = voice.decode(
        TOKENS, segment.phonemes, mel_voice.condition, mel_voice.mel,
        lambda frames: noise.standard_normal((frames, SMALL.mel), np.float32), Sampling(STEPS), speed,
    )  # fmt: skip
    audio, pieces = speak_tokens(mel_bundle, segment, TOKENS)
    assert len(pieces) == 1 and np.abs(audio).max() > 0.01
    np.testing.assert_allclose(audio, expected, atol=1e-6)


def test_more_steps_and_another_seed_speak_differently(mel_bundle: Bundle, mel_voice: PreparedReference) -> None:
    first, _ = speak_tokens(mel_bundle, _segment(mel_bundle, mel_voice), TOKENS)
    again, _ = speak_tokens(mel_bundle, _segment(mel_bundle, mel_voice), TOKENS)
    np.testing.assert_array_equal(first, again)
    seeded, _ = speak_tokens(mel_bundle, _segment(mel_bundle, mel_voice, seed=8), TOKENS)
    assert np.abs(first - seeded).max() > 1e-4
    request = asked(sample_steps=STEPS + 1)
    finer, _ = speak_tokens(mel_bundle, plan(request, mel_bundle, mel_voice).segments[0], TOKENS)
    assert np.abs(first - finer).max() > 1e-4


def test_a_voice_without_text_is_refused(home: SmallInstallation, mel_bundle: Bundle, references: References) -> None:
    with pytest.raises(InvalidRequestError, match="v4 continues the reference"):
        finish(references.prepare(mel_bundle, replace(home.voice, text=" ")))
    with pytest.raises(InvalidRequestError, match="ref_free"):
        finish(references.prepare(mel_bundle, home.voice, ref_free=True))


def test_further_clips_do_not_change_the_voice(
    home: SmallInstallation, mel_bundle: Bundle, mel_voice: PreparedReference, references: References
) -> None:
    """As in the official program, whose v3 and v4 look at the first reference."""
    more = finish(references.prepare(mel_bundle, replace(home.voice, auxiliary=(home.voice.path,))))
    np.testing.assert_array_equal(more.condition, mel_voice.condition)


@pytest.mark.parametrize("steps", [0, 129])
def test_steps_beyond_the_samplers_are_refused(
    mel_bundle: Bundle, mel_voice: PreparedReference, bundle: Bundle, voice: PreparedReference, steps: int
) -> None:
    with pytest.raises(InvalidRequestError, match="sample_steps is"):
        plan(asked(sample_steps=steps), mel_bundle, mel_voice)
    assert plan(asked(sample_steps=steps), bundle, voice).segments, "v2 has no use for it"


def test_super_sampling_of_v3_needs_a_network_and_v4_has_no_use_for_it(
    home: SmallInstallation, mel_bundle: Bundle, mel_voice: PreparedReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT_SOVITS_AP_BWE", str(home.folder / "absent.zip"))
    third = replace(mel_bundle, version="v3", extension=Features(home.settings()).bandwidth_extension)
    with pytest.raises(WeightsMissingError, match=r"AP-BWE is not installed; put g_24kto48k\.zip"):
        plan(asked(super_sampling=True), third, mel_voice)
    assert plan(asked(super_sampling=True), mel_bundle, mel_voice).sample_rate == mel_bundle.sample_rate


def test_super_sampling_raises_the_rate_of_the_same_speech(
    home: SmallInstallation, mel_bundle: Bundle, mel_voice: PreparedReference, tmp_path: Path
) -> None:
    config = {
        "n_fft": 64, "hop_size": 10, "win_size": 40, "hr_sampling_rate": 1000, "ConvNeXt_channels": 8,
        "ConvNeXt_layers": 1,
    }  # fmt: skip
    rng, sizes = np.random.default_rng(0), shapes(BandwidthConfig.from_official(config))
    arrays = {key: rng.standard_normal(shape, np.float32) * np.float32(0.1) for key, shape in sizes.items()}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    path = torchfile.save({"generator": arrays}, tmp_path / "g_24kto48k.zip")
    features = Features(home.settings(ap_bwe=str(path)))
    third = replace(mel_bundle, version="v3", extension=features.bandwidth_extension)
    raised = plan(asked(sample_steps=STEPS, super_sampling=True), third, mel_voice)
    assert raised.sample_rate == 1000
    audio, _ = speak_tokens(third, raised.segments[0], TOKENS)
    plain, _ = speak_tokens(third, _segment(third, mel_voice), TOKENS)
    expected = drained(features.bandwidth_extension().parts(plain, third.sample_rate))
    assert len(audio) == 2 * len(plain)
    np.testing.assert_allclose(audio, limited(expected), atol=1e-6)


def test_the_wave_of_the_mel_is_limited_only_where_the_official_program_shares_memory() -> None:
    loud = np.array([0.5, -3.0, 1.0], np.float32)
    np.testing.assert_array_equal(mel_wave(Clip("", loud, 32000, 1)), limit_loudness(loud))
    for rate, channels in ((32000, 2), (44100, 1)):
        np.testing.assert_array_equal(mel_wave(Clip("", loud, rate, channels)), loud)


def test_what_warms_up_covers_the_flow_and_the_vocoder(mel_bundle: Bundle) -> None:
    names: list[str] = []
    mel_bundle.warm_up(lambda steps: names.append)
    assert {"flow", "vocoder", "condition"} <= set(names)

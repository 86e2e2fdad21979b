"""LoRA files speak as the weights they are merged into, share what they leave as it is, and are switched by request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import Base, open_weights
from GPT_SoVITS.cfm.choose import BaseMatrices
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.engine.errors import WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import Finished, SynthesisRequest
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference import installed as resource_module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle, open_pair
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.local import LocalEngine
from GPT_SoVITS.scheduler.weights_cache import held_by, together
from GPT_SoVITS.sovits.synthesizer import Buckets
from tests.engine.listening import Story, tell
from tests.engine.small import SmallInstallation
from tests.engine.small_mel import MelInstallation

UNDER_LOAD = 200
FEW = Buckets(codes=(64, 384), phonemes=(128,), frames=(128, 768), reference=(256, 512), features=(256, 544))


@pytest.fixture(scope="module")
def mel_home(home: SmallInstallation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MelInstallation]:
    found = MelInstallation(home, tmp_path_factory.mktemp("lora"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "resource_file", lambda resource: found.base)
        patch.setattr(bundle_module, "BUCKETS", FEW)
        yield found


@pytest.fixture(scope="module")
def mel_features(mel_home: MelInstallation) -> Features:
    return Features(mel_home.settings())


@pytest.fixture(scope="module")
def first(mel_home: MelInstallation, mel_features: Features) -> Bundle:
    return load_bundle(mel_home.pair("first"), mel_home.settings(), mel_features)


def _mel(bundle: Bundle) -> MelSynthesizer:
    assert isinstance(bundle.synthesizer, MelSynthesizer)
    return bundle.synthesizer


def _base(bundle: Bundle) -> BaseMatrices:
    base = _mel(bundle).base
    assert base is not None
    return base


def _velocity(bundle: Bundle) -> Any:
    """One estimate of the network from fixed numbers."""
    rng, estimator, cfm = np.random.default_rng(3), _mel(bundle).estimator, _mel(bundle).cfm
    x, prompt = rng.standard_normal((2, 1, 9, cfm.mel), np.float32)
    text = estimator.embed(rng.standard_normal((1, 9, cfm.text), np.float32))
    return estimator.velocity(x, prompt, text, estimator.moment(np.array([0.3]), np.array([0.1])))


def test_a_second_lora_shares_the_decoder_and_the_bases_matrices(
    mel_home: MelInstallation, mel_features: Features, first: Bundle
) -> None:
    second = load_bundle(mel_home.pair("second"), mel_home.settings(), mel_features)
    assert second.decoder is first.decoder and second.has_warm_decoder and not first.has_warm_decoder
    assert second.has_warm_base and not first.has_warm_base
    assert _base(second) is _base(first)
    alone = load_bundle(mel_home.pair("second"), mel_home.settings(), Features(mel_home.settings()))
    assert _base(alone) is not _base(first)
    np.testing.assert_array_equal(_velocity(second), _velocity(alone))
    assert np.abs(_velocity(second) - _velocity(first)).max() > 1e-3


def test_another_lora_costs_what_it_changes(mel_home: MelInstallation, mel_features: Features, first: Bundle) -> None:
    second = load_bundle(mel_home.pair("second"), mel_home.settings(), mel_features)
    base, both = _base(first), together([held_by(first), held_by(second)])
    assert second.shared_bytes == first.shared_bytes
    assert set(first.shared_bytes) == {id(first.decoder), id(base), id(_mel(first).vocoder)}
    own = second.memory_bytes - second.decoder.nbytes - _mel(second).vocoder.nbytes - base.products.nbytes
    assert both == first.memory_bytes + own and 0 < own < first.memory_bytes * 2 / 3  # small: its features weigh much


def test_the_base_itself_shares_them_too(mel_home: MelInstallation, mel_features: Features, first: Bundle) -> None:
    base = load_bundle(mel_home.pair(mel_home.base.stem), mel_home.settings(), mel_features)
    assert _base(base) is _base(first)
    assert np.abs(_velocity(base) - _velocity(first)).max() > 1e-3


def test_a_lora_computes_what_its_merged_weights_do(mel_home: MelInstallation, first: Bundle) -> None:
    merged = load_bundle(mel_home.pair("merged"), mel_home.settings(), Features(mel_home.settings()))
    np.testing.assert_allclose(_velocity(first), _velocity(merged), atol=1e-6)


def test_what_is_held_is_not_read_unless_the_lora_changes_it(mel_home: MelInstallation) -> None:
    key, tuned = "cfm.estimator.proj_out.weight", "cfm.estimator.transformer_blocks.0.attn.to_q.weight"
    path = mel_home.folder / "first.pth"
    whole = open_weights(path, base=mel_home.base)
    sparing = open_weights(path, base=lambda version: Base(mel_home.base, {key, tuned}))
    assert not sparing.arrays[key].any() and sparing.arrays[key].shape == whole.arrays[key].shape
    np.testing.assert_array_equal(sparing.arrays[tuned], whole.arrays[tuned])
    assert whole.changed is not None and tuned in whole.changed and key not in whole.changed


def test_a_base_that_was_replaced_is_read_again(
    mel_home: MelInstallation, mel_features: Features, first: Bundle
) -> None:
    status = mel_home.base.stat()
    os.utime(mel_home.base, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    again = load_bundle(mel_home.pair("second"), mel_home.settings(), mel_features)
    assert _base(again) is not _base(first)
    os.utime(mel_home.base, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_base_that_is_missing_or_of_another_version_is_told_in_a_sentence(
    mel_home: MelInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = mel_home.pair("first")
    monkeypatch.setattr(bundle_module, "resource_file", lambda resource: Path(mel_home.home.pair("one").sovits))
    with pytest.raises(WeightsInvalidError, match=r"a LoRA of SoVITS v4, but its base one\.pth is SoVITS v2"):
        open_pair(pair)
    monkeypatch.setattr(bundle_module, "resource_file", resource_module.resource_file)
    monkeypatch.setattr(resource_module, "locate", lambda resource: None)
    with pytest.raises(WeightsMissingError, match=r"not installed; fetch it with: .* fetch sovits-v4"):
        open_pair(pair)


def test_requests_name_their_lora(mel_home: MelInstallation) -> None:
    """Two voices with LoRA files of their own, spoken by turns: each as when it is alone."""
    engine = LocalEngine(mel_home.settings(weights=mel_home.pair("first"), max_rows=2))
    try:

        def speak(name: str) -> Any:
            request = SynthesisRequest(
                "Yes.", "en", mel_home.home.voice, seed=4, max_attempts=1, sample_steps=1,
                weights=mel_home.pair(name),
            )  # fmt: skip
            return tell(engine, request)

        alone = {}
        for name in ("first", "second"):
            story = speak(name)
            assert isinstance(story.last(120), Finished)
            alone[name] = story.audio
        for story, name in [(speak(name), name) for name in ("second", "first")]:
            assert isinstance(story.last(120), Finished)
            np.testing.assert_array_equal(story.audio, alone[name])
    finally:
        engine.close()
    assert len(alone["first"]) > 4800
    assert np.abs(alone["first"] - alone["second"]).max() > 1e-3


@pytest.mark.full
def test_versions_switched_under_load_speak_as_alone(mel_home: MelInstallation) -> None:
    """200 requests of two versions and four weights, in any company: every output is that of a solo run."""
    pairs = [mel_home.home.pair("one"), mel_home.home.pair("two"), mel_home.pair("first"), mel_home.pair("second")]
    engine = LocalEngine(mel_home.settings(weights=pairs[0], max_rows=4, max_requests=256))

    def speak(number: int) -> Story:
        request = SynthesisRequest(
            "Yes.", "en", mel_home.home.voice, seed=number % 5, max_attempts=1, sample_steps=1,
            weights=pairs[number % len(pairs)], owner=str(number % 3),
        )  # fmt: skip
        return tell(engine, request)

    try:
        alone = {}
        for number in range(20):  # every seed with every pair
            story = speak(number)
            assert isinstance(story.last(600), Finished)
            alone[number] = story.audio
        stories = [(number, speak(number)) for number in range(UNDER_LOAD)]
        for number, story in stories:
            assert isinstance(story.last(1200), Finished), number
            np.testing.assert_array_equal(story.audio, alone[number % 20])
    finally:
        engine.close()

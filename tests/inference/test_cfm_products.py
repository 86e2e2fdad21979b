"""What the sampler of v4 multiplies is what the setting says, from the engine's settings to the audio."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from GPT_SoVITS import execution
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import plan
from GPT_SoVITS.inference.references import References
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import multiplies_bfloat16
from tests.engine.small import SmallInstallation
from tests.engine.small_mel import MelInstallation
from tests.inference.driver import asked, finish, speak_tokens

TOKENS = np.random.default_rng(3).integers(0, 1024, 30)
STEPS = 4
ROUNDED, EXACT = "bfloat16 products, float32 sums", "float32 products"

pytestmark = pytest.mark.skipif(load().handle is None, reason=load().reason or "native")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> MelInstallation:
    home = SmallInstallation(tmp_path_factory.mktemp("home"))
    return MelInstallation(home, tmp_path_factory.mktemp("mel"))


def spoken(installation: MelInstallation, products: str) -> tuple[Bundle, np.ndarray]:  # type: ignore[type-arg]
    """What was loaded with a setting, and what it says."""
    weights = installation.pair("merged")
    features = Features(installation.settings(weights=weights, precision="float16", cfm_products=products))
    loaded = load_bundle(weights, features.settings, features)
    references = References(features)
    try:
        voice = finish(references.prepare(loaded, installation.home.voice))
    finally:
        references.close()
    segment = plan(asked(sample_steps=STEPS), loaded, voice).segments[0]
    return loaded, speak_tokens(loaded, segment, TOKENS)[0]


@pytest.fixture(scope="module")
def exact(installation: MelInstallation) -> np.ndarray:  # type: ignore[type-arg]
    """What float32 products say."""
    loaded, audio = spoken(installation, "float32")
    assert loaded.sampler_description == EXACT
    return audio


def test_bfloat16_products_speak_what_float32_products_speak(
    installation: MelInstallation,
    exact: np.ndarray,  # type: ignore[type-arg]
) -> None:
    """Seen: a difference of 8e-4 of the audio's root mean square."""
    handle = load().handle
    assert handle is not None
    if not multiplies_bfloat16(handle):
        pytest.skip("this processor does not multiply bfloat16")
    loaded, audio = spoken(installation, "auto")
    assert loaded.sampler_description == ROUNDED
    difference = np.sqrt(np.mean((audio - exact) ** 2) / np.mean(exact**2))
    assert 0 < difference < 1e-2


def test_a_processor_without_them_multiplies_float32_and_says_so(
    installation: MelInstallation,
    exact: np.ndarray,  # type: ignore[type-arg]
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(execution, "multiplies_bfloat16", lambda handle: False)
    with caplog.at_level(logging.WARNING, bundle_module.logger.name):
        loaded, audio = spoken(installation, "bfloat16")
    assert loaded.sampler_description == EXACT and "no such instructions" in caplog.text
    np.testing.assert_array_equal(audio, exact)

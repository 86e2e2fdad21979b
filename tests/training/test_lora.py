"""A LoRA in training: what its file and its state hold, and that it speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import identify, open_weights
from convert.official import find
from convert.reader import load
from GPT_SoVITS.cfm.choose import choose_estimator
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.training.cfm.trainer import MelTrainer, fingerprint
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.options import MelOptions
from tests.training.small import mel_file, training_folder

RANK = 16
TUNED = "cfm.estimator.transformer_blocks.0.attn.to_q.weight"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lora")
    training_folder(root / "anna", clips=2)
    mel_file(root / "base.pth")
    return root


@pytest.fixture(scope="module")
def trainer(home: Path) -> Iterator[MelTrainer]:
    options = MelOptions(home / "anna", "anna", home / "weights", batch_size=5, lora_rank=RANK)
    yield MelTrainer(open_weights(home / "base.pth", training=True), Folder(home / "anna", "v2"), options)


def test_an_untrained_lora_is_an_official_file_that_changes_nothing(home: Path, trainer: MelTrainer) -> None:
    path = trainer.export(2, 40)
    assert path.name == "anna_e2_s40_l16.pth" and path.read_bytes()[:2] == b"04"
    found = identify(path)
    assert (found.kind, found.version, found.lora) == ("sovits", "v4", True)
    checkpoint = load(path)
    assert checkpoint.tree["lora_rank"] == RANK and checkpoint.tree["info"] == "2epoch_40iteration"
    weights = find(checkpoint).weights
    assert all(tensor.array().dtype == np.float16 for tensor in weights.values())
    assert not any(key.startswith(("enc_p.", "ssl_proj.", "cfm.estimator.")) for key in weights)
    base, merged = open_weights(home / "base.pth"), open_weights(path, base=home / "base.pth")
    assert merged.changed is not None and TUNED in merged.changed
    for key in base.arrays:
        assert np.abs(merged.arrays[key] - base.arrays[key]).max() < 2e-3, key


def test_a_state_is_what_is_learnt_alone_and_is_gone_on_from(trainer: MelTrainer) -> None:
    state = trainer.state()
    pairs = [key for key in state if "lora_" in key and key.startswith("network.")]
    assert len(pairs) == 8 and not any("enc_p" in key or "ff.ff" in key for key in state)
    changed = {key: array + 1 for key, array in state.items()}
    trainer.restore(changed)
    assert trainer.state().keys() == state.keys()
    for key, array in trainer.state().items():
        np.testing.assert_array_equal(array, changed[key], err_msg=key)
    trainer.restore(state)


def test_what_is_learnt_speaks_from_the_file(home: Path, trainer: MelTrainer) -> None:
    untrained, rng = trainer.state(), np.random.default_rng(0)
    learnt = {key: rng.normal(0, 0.02, array.shape).astype(np.float32) for key, array in untrained.items()}
    changed = {key: array for key, array in learnt.items() if key.startswith("network.") and key.endswith("lora_B")}
    trainer.restore({**untrained, **changed})
    path = trainer.export(1, 20)
    trainer.restore(untrained)
    base, tuned = (open_weights(each, base=home / "base.pth").arrays for each in (home / "base.pth", path))
    down, up = (_half(untrained, "lora_A"), _half(learnt, "lora_B"))
    np.testing.assert_allclose(tuned[TUNED] - base[TUNED].astype(np.float32), up @ down, atol=2e-3)
    before, after = _velocity(base), _velocity(tuned)
    assert np.isfinite(after).all() and np.abs(after - before).max() > 1e-2


def _half(state: Mapping[str, Any], name: str) -> Any:
    """That half of the pair of :data:`TUNED` in a state."""
    return state[f"network.{TUNED.removesuffix('weight')}{name}"]


def _velocity(arrays: Mapping[str, Any]) -> Any:
    """One estimate of the decoder from fixed numbers, as it speaks."""
    sizes = CfmConfig("v4", depth=1)
    estimator, _ = choose_estimator(sizes, arrays)
    x, prompt = np.random.default_rng(3).standard_normal((2, 1, 9, sizes.mel), np.float32)
    text = estimator.embed(np.ones((1, 9, sizes.text), np.float32))
    return estimator.velocity(x, prompt, text, estimator.moment(np.array([0.3]), np.array([0.1])))


def test_a_state_knows_the_weights_that_it_belongs_to(home: Path, trainer: MelTrainer) -> None:
    arrays = open_weights(home / "base.pth", training=True).arrays
    settings = trainer.settings()
    assert (settings["version"], settings["lora_rank"], settings["pretrained"]) == ("v4", RANK, fingerprint(arrays))

"""A LoRA in training: what its file and its state hold, and that it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from convert import identify, open_weights
from convert.official import find
from convert.reader import load
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
        np.testing.assert_allclose(merged.arrays[key], base.arrays[key], atol=2e-3, err_msg=key)


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


def test_a_state_knows_the_weights_that_it_belongs_to(home: Path, trainer: MelTrainer) -> None:
    arrays = open_weights(home / "base.pth", training=True).arrays
    settings = trainer.settings()
    assert (settings["version"], settings["lora_rank"], settings["pretrained"]) == ("v4", RANK, fingerprint(arrays))

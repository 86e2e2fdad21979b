"""LoRA files of v3 and v4: what is merged into the published weights, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import (
    CheckpointError,
    CorruptCheckpointError,
    UnsupportedCheckpointError,
    WeightsMismatchError,
    identify,
    lora,
    open_weights,
)
from tests.convert.conftest import CHECKPOINTS, random_state, sovits_content
from tests.convert.torchfile import Namespace, save

Content = dict[str, Any]
Arrays = dict[str, np.ndarray[Any, Any]]

LORA = "cfm.base_model.model.estimator.proj_out"
TUNED = "cfm.estimator.proj_out.weight"
PAIR: Arrays = {
    f"{LORA}.lora_A.default.weight": np.array([[1, 2, 3]], np.float16),
    f"{LORA}.lora_B.default.weight": np.array([[1], [10]], np.float16),
}
HEADS = {"v3": b"03", "v4": b"04"}


def pair(rank: int) -> Arrays:
    """Halves for a matrix (2, 3)."""
    shapes = {"A": (rank, 3), "B": (2, rank)}
    return {f"{LORA}.lora_{half}.default.weight": np.ones(shape, np.float16) for half, shape in shapes.items()}


def lora_file(folder: Path, changes: Arrays, version: str = "v4", **more: Any) -> Path:
    """Write a LoRA file; ``lora_rank`` is among what may be added."""
    config = {"model": {"version": version}, "train": {}, "data": {}}
    return save({"weight": changes, "config": config, **more}, folder / "voice.pth", head=HEADS[version])


def test_pairs_are_added_and_other_weights_replace() -> None:
    weight: np.ndarray[Any, Any] = np.ones((2, 3), np.float16)
    base = {TUNED: weight, "a": np.zeros(1), "b": np.zeros(1)}
    merged = lora.merge(base, {**PAIR, "a": np.ones(1)})
    np.testing.assert_array_equal(merged[TUNED], [[2, 3, 4], [11, 21, 31]])
    assert (merged["a"][0], merged["b"][0], merged.keys()) == (1, 0, base.keys())


@pytest.mark.parametrize("rank", [1, 3, 7, 48])
def test_any_rank_is_read_from_the_file(rank: int, tmp_path: Path) -> None:
    found = identify(lora_file(tmp_path, pair(rank), lora_rank=rank))
    assert (found.version, found.lora, found.problem) == ("v4", True, "")
    merged = lora.merge({TUNED: np.zeros((2, 3), np.float32)}, pair(rank))
    np.testing.assert_array_equal(merged[TUNED], np.full((2, 3), rank))


def test_a_file_that_does_not_tell_its_rank_has_that_of_its_matrices(tmp_path: Path) -> None:
    assert identify(lora_file(tmp_path, pair(3))).problem == ""


@pytest.mark.parametrize(
    ("changes", "rank", "sentence"),
    [
        (pair(0), 0, "has rank 0"),
        (pair(4), 16, "says that its rank is 16, its matrices"),
        (pair(4), 0, "says that its rank is 0, its matrices"),
        ({"cfm.base_model.model.estimator.rotary_embed.inv_freq": np.ones(4, np.float16)}, 4, "holds no pair"),
        ({key: half for key, half in PAIR.items() if "lora_A" in key}, 1, "only one half"),
        ({key: half.T for key, half in PAIR.items()}, 1, r"has the shapes \(3, 1\) and \(1, 2\)"),
        ({key: half[0] for key, half in PAIR.items()}, 1, r"has the shapes \(3,\) and \(1,\)"),
    ],
)
def test_what_is_no_whole_lora_is_refused_when_listed_and_when_loaded(
    changes: Arrays, rank: int, sentence: str, tmp_path: Path
) -> None:
    path = lora_file(tmp_path, changes, lora_rank=rank)
    with pytest.raises(CorruptCheckpointError, match=sentence) as raised:
        open_weights(path, base=path)
    assert str(raised.value) == f"{path}: {identify(path).problem}"


def test_a_lora_that_does_not_fit_its_base_is_refused() -> None:
    with pytest.raises(WeightsMismatchError, match=r"missing: cfm\.estimator\.proj_out\.weight"):
        lora.merge({}, PAIR)
    with pytest.raises(WeightsMismatchError, match="misshapen"):
        lora.merge({TUNED: np.ones((3, 2))}, PAIR)


@pytest.mark.parametrize(
    ("weight", "version", "sentence"),
    [
        (
            {TUNED: np.ones((2, 3))},
            "v3",
            r"a LoRA of SoVITS v4, but its base base\.pth is SoVITS v3; put the",
        ),
        ({"enc_p.text_embedding.weight": np.ones((732, 4))}, "v2", "is SoVITS v2; put the published v4"),
        ({"ar_text_embedding.word_embeddings.weight": np.ones((732, 4))}, "v2", "is a network of kind t2s"),
        (PAIR, "v4", "is a LoRA itself"),
        ({"what.is.this": np.ones(2)}, "v4", r"base\.pth: .*of no network"),
    ],
)
def test_a_base_that_is_none_is_refused(weight: Arrays, version: str, sentence: str, tmp_path: Path) -> None:
    base = save({"weight": weight, "config": {"model": {"version": version}}}, tmp_path / "base.pth")
    with pytest.raises(CheckpointError, match=sentence):
        open_weights(lora_file(tmp_path, PAIR, lora_rank=1), base=base)


def test_a_base_that_does_not_tell_its_version_is_taken(tmp_path: Path) -> None:
    base = save({"weight": {TUNED: np.ones((2, 3), np.float16)}}, tmp_path / "base.pth")
    opened = open_weights(lora_file(tmp_path, PAIR, lora_rank=1), base=base, strict=False)
    np.testing.assert_array_equal(opened.arrays[TUNED], [[2, 3, 4], [11, 21, 31]])


def test_without_its_base_it_says_what_is_needed() -> None:
    with pytest.raises(UnsupportedCheckpointError, match="LoRA of SoVITS v3"):
        open_weights(CHECKPOINTS / "s2G_v3_lora.pth")


def whole_files(folder: Path) -> tuple[Path, Path, Content]:
    """A v3 network of one block, and a LoRA file for it."""
    exported = sovits_content("v2")
    model = exported["config"].fields["model"].fields | {"version": "v3", "dit_depth": 1}
    state = random_state("sovits", {"model": model})
    config = Namespace(model=Namespace(**{k: v for k, v in model.items() if k != "dit_depth"}))
    base = save({"weight": state, "config": config}, folder / "s2Gv3.pth")
    rng = np.random.default_rng(2)
    block = "cfm.base_model.model.estimator.transformer_blocks.0.attn.to_out.0"
    changes = {
        f"{block}.lora_A.default.weight": rng.standard_normal((2, 1024)).astype(np.float16),
        f"{block}.lora_B.default.weight": rng.standard_normal((1024, 2)).astype(np.float16),
        "linear_mel.bias": rng.standard_normal(100).astype(np.float16),
    }
    content = {"weight": changes, "config": config, "lora_rank": 2}
    return base, save(content, folder / "voice_l2.pth", head=b"03"), {"base": state, "changes": changes, "block": block}


@pytest.mark.full
def test_a_file_is_merged_into_its_base_file(tmp_path: Path) -> None:
    base, tuned, known = whole_files(tmp_path)
    before, after = open_weights(base), open_weights(tuned, base=base)
    assert before.version == after.version == "v3"
    changed = {key for key in before.arrays if not np.array_equal(before.arrays[key], after.arrays[key])}
    target = "cfm.estimator.transformer_blocks.0.attn.to_out.0.weight"
    assert changed == {target, "linear_mel.bias"}
    down, up = (known["changes"][f"{known['block']}.lora_{half}.default.weight"].astype(np.float32) for half in "AB")
    np.testing.assert_allclose(after.arrays[target], before.arrays[target].astype(np.float32) + up @ down, rtol=1e-6)

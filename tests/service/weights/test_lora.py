"""LoRA files in the service: they can be chosen where the published weights that they change are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.identity import identify
from GPT_SoVITS.resources.pairing import newest_pair
from service.weights.catalogue import Catalogue, WeightFile
from tests.convert import torchfile
from tests.engine.small import write_gpt
from tests.service.conftest import Running
from tests.service.samples import clip

GPT, LORA = "GPT_weights_v4/anna-e5.ckpt", "SoVITS_weights_v4/anna_e2_s40_l32.pth"
BASE = "GPT_SoVITS/pretrained_models/gsv-v4-pretrained/s2Gv4.pth"


def write_lora(path: Path, rank: int = 4, told: int = 4, halves: str = "AB") -> None:
    """Write a file with one pair, as the official training names it."""
    stem = "cfm.base_model.model.estimator.transformer_blocks.0.attn.to_q.lora"
    shapes = {"A": (rank, 4), "B": (4, rank)}
    weight = {f"{stem}_{half}.default.weight": np.zeros(shapes[half], np.float16) for half in halves}
    weight["cfm.base_model.model.estimator.rotary_embed.inv_freq"] = np.ones(2, np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"model": {"version": "v4"}, "train": {}, "data": {}}
    torchfile.save({"weight": weight, "config": config, "info": "x", "lora_rank": told}, path, head=b"04")


def install_base(root: Path) -> None:
    """Put something where the published weights lie."""
    (root / BASE).parent.mkdir(parents=True)
    (root / BASE).write_bytes(b"weights")


def create(running: Running) -> tuple[int, str]:
    """Create a voice that speaks with the LoRA; returns status and answer."""
    (running.root / GPT).parent.mkdir(parents=True, exist_ok=True)
    write_gpt(running.root / GPT, 0)
    fields = {"model_id": "anna", "model_name": "Anna", "gender": "2", "prompt_text": "hello", "prompt_language": "en"}
    fields |= {"gpt_model_path": GPT, "sovits_model_path": LORA}
    answer = running.client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", clip())})
    return answer.status_code, answer.text


def test_a_voice_has_a_lora_of_its_own_where_the_base_is_installed(running: Running) -> None:
    write_lora(running.root / LORA)
    assert identify(running.root / LORA).problem == ""
    status, said = create(running)
    assert status == 404 and "s2Gv4.pth" in said and "fetch sovits-v4" in said
    install_base(running.root)
    assert create(running)[0] == 200


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ({"rank": 0, "told": 0}, "has rank 0; it changes nothing"),
        ({"told": 32}, "says that its rank is 32, its matrices"),
        ({"halves": ""}, "holds no pair of matrices"),
        ({"halves": "A"}, "has only one half"),
    ],
)
def test_what_is_no_whole_lora_is_refused_in_a_sentence(running: Running, file: dict[str, Any], sentence: str) -> None:
    install_base(running.root)
    write_lora(running.root / LORA, **file)
    status, said = create(running)
    assert status == 400 and sentence in said and str(running.root) not in said


def test_the_list_says_what_a_lora_lacks(tmp_path: Path) -> None:
    write_lora(tmp_path / LORA)

    def look() -> WeightFile:
        (found,) = Catalogue(tmp_path, [tmp_path / "SoVITS_weights_v4"]).files()
        return found

    found = look()
    assert found.lora and found.version == "v4" and "fetch sovits-v4" in (found.problem or "")
    install_base(tmp_path)
    assert look().problem is None


def test_a_lora_is_taken_by_itself_only_where_its_base_is_installed() -> None:
    files = [
        WeightFile("gpt", "a.ckpt", "a.ckpt", "v2", 1, 1),
        WeightFile("sovits", "l.pth", "l.pth", "v4", 1, 1, lora=True),
    ]
    has = {"vocoder-v4": True}
    assert newest_pair(files, lambda name: has.get(name, False)) is None
    has["sovits-v4"] = True
    pair = newest_pair(files, lambda name: has.get(name, False))
    assert pair is not None and pair[1].path.endswith("l.pth")

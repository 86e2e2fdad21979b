"""Voices with LoRA files of their own, spoken through HTTP: each as when its weights are the only ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from GPT_SoVITS import backend
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference.local import LocalEngine
from GPT_SoVITS.sovits.synthesizer import Buckets
from tests.engine.small import SmallInstallation
from tests.engine.small_mel import MelInstallation
from tests.service.conftest import Running, Starter
from tests.service.samples import clip

FEW = Buckets(codes=(64, 384), phonemes=(128,), frames=(128, 768), reference=(256, 512), features=(256, 544))
GPT, SOVITS = "GPT_weights_v4", "SoVITS_weights_v4"
BASE = "GPT_SoVITS/pretrained_models/gsv-v4-pretrained/s2Gv4.pth"
LORA, ALL = ("first", "second"), ("first", "second", "one", "two")
UNDER_LOAD, SEEDS = 200, 5
"""Requests of the long proof, and how many different ones of each voice are among them."""


@pytest.fixture
def service(start: Starter, tmp_path: Path) -> Iterator[Running]:
    """A service with a real engine, small weights of v2, and two LoRA files over a small v4."""
    backend.configure("CPU")
    root = tmp_path / "service"
    (root / SOVITS).mkdir(parents=True)
    home = SmallInstallation(root / GPT)
    mel = MelInstallation(home, root / SOVITS)
    for name in ("one", "two"):
        (root / GPT / f"{name}.pth").rename(root / SOVITS / f"{name}.pth")
    (root / BASE).parent.mkdir(parents=True)
    mel.base = mel.base.rename(root / BASE)
    vocoder = (mel.folder / "vocoder.pth").rename(mel.base.with_name("vocoder.pth"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "resource_file", lambda resource: mel.base)
        patch.setattr(bundle_module, "BUCKETS", FEW)
        engine = LocalEngine(mel.settings(weights=mel.pair("first"), hifigan=str(vocoder), max_rows=4, max_requests=64))
        try:
            yield start(engine=engine, root=root, hubert_path=str(home.folder / "hubert"))
        finally:
            engine.close()


def create(client: httpx.Client, names: Sequence[str]) -> None:
    """Create a voice for each SoVITS file, named after it."""
    for name in names:
        fields = {
            "model_id": name, "model_name": name, "gender": "1", "prompt_language": "en",
            "prompt_text": "This is what the reference says.",
            "gpt_model_path": f"{GPT}/one.ckpt", "sovits_model_path": f"{SOVITS}/{name}.pth",
        }  # fmt: skip
        answer = client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", clip())})
        assert answer.status_code == 200, answer.text


def speak(client: httpx.Client, name: str, seed: int = 0) -> bytes:
    """Return the WAV of a word."""
    body = {"model_id": name, "text": "Yes.", "text_language": "en", "seed": seed, "sample_steps": 1}
    answer = client.post("/synthesize", json=body, timeout=1200)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.full
def test_each_voice_speaks_with_its_lora_whichever_spoke_before(service: Running) -> None:
    create(service.client, LORA)
    listed = {one["name"]: one for one in service.client.get("/models").json()["data"]["sovits"]}
    assert all(listed[f"{name}.pth"]["lora"] and listed[f"{name}.pth"]["version"] == "v4" for name in LORA)
    alone = {name: speak(service.client, name) for name in LORA}
    assert alone["first"] != alone["second"]
    for name in reversed(LORA):
        assert speak(service.client, name) == alone[name]


@pytest.mark.full
def test_versions_are_switched_under_load(service: Running) -> None:
    """Four clients at once, voices of v2 and v4 by turns: every answer is the one that was given alone.

    About two minutes of processor. On a busy machine use ``OMP_NUM_THREADS=1``: threads that wait for each other at
    every product took twenty times as long there.
    """
    create(service.client, ALL)
    asked = [(ALL[number % len(ALL)], number // len(ALL) % SEEDS) for number in range(UNDER_LOAD)]
    alone = {each: speak(service.client, *each) for each in dict.fromkeys(asked)}
    assert len(set(alone.values())) == len(ALL) * SEEDS
    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda each: speak(service.client, *each), asked))
    assert sum(answer == alone[each] for answer, each in zip(answers, asked, strict=True)) == UNDER_LOAD

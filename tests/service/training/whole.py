"""What the whole way from a recording to a voice needs: a service that speaks, and networks that train in seconds."""

from __future__ import annotations

import copy
import io
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile

from convert.expected import expected_keys
from convert.torch_writer import save
from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.engine import open_engine
from service.settings import load_settings
from tests.dataset.models import write_roberta
from tests.engine.small import write_hubert
from tests.service.conftest import Running, listening
from tests.service.training.http import session
from tests.training.small import GPT_CONFIG, SOVITS_CONFIG, discriminator_file, random_state
from tests.waiting import eventually

LONGEST_COMPILATION = 900.0
"""Seconds."""
FOLDER = "GPT_SoVITS/pretrained_models"
HUBERT, ROBERTA = "chinese-hubert-base", "chinese-roberta-wwm-ext-large"
SENTENCES = (
    "The quick brown fox jumps over the lazy dog near the river.",
    "She sells sea shells by the sea shore every single summer.",
    "A gentle wind was blowing over the green hills this morning.",
    "We walked along the old road until the sun went down.",
)


@dataclass(frozen=True)
class Networks:
    """Fields of requests that name the networks to begin with."""

    features: dict[str, str]
    sovits: dict[str, str]
    gpt: dict[str, str]


def write_networks(root: Path) -> Networks:
    """Write small networks with random numbers where official ones lie."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_hubert(folder / HUBERT)
    write_roberta(folder / ROBERTA)
    gpt = copy.deepcopy(GPT_CONFIG)
    gpt["model"] |= {"vocab_size": 1025, "EOS": 1024}
    gpt["data"]["pad_val"] = 1024
    weight = {f"model.{key}": each for key, each in random_state(expected_keys("t2s", gpt, training=True)).items()}
    save({"weight": weight, "config": gpt, "info": "GPT-e0"}, folder / "s1.ckpt")
    sovits: dict[str, Any] = copy.deepcopy(SOVITS_CONFIG)
    shapes = expected_keys("sovits", sovits, training=True)
    save({"weight": random_state(shapes), "config": sovits, "info": "x"}, folder / "s2G.pth")
    discriminator_file(folder / "s2D.pth")
    encoders = {"bert_pretrained_dir": f"{FOLDER}/{ROBERTA}", "ssl_pretrained_dir": f"{FOLDER}/{HUBERT}"}
    return Networks(
        {**encoders, "pretrained_s2G_path": f"{FOLDER}/s2G.pth"},
        {"pretrained_s2G": f"{FOLDER}/s2G.pth", "pretrained_s2D": f"{FOLDER}/s2D.pth"},
        {"pretrained_s1": f"{FOLDER}/s1.ckpt"},
    )


def starter_networks(root: Path) -> Networks:
    """Return the weights that come with the program. Their synthesizer cannot be trained, and it needs no others."""
    return Networks({"pretrained_s2G_path": str(starter.SOVITS)}, {}, {"pretrained_s1": str(starter.GPT)})


@contextmanager
def speaking_service(root: Path) -> Iterator[Running]:
    """Run a service whose engine is a real one, without weights, on small encoders."""
    settings = load_settings(
        root=root, host="127.0.0.1", device_target="CPU", training_niceness=0, training_threads=1, warm_up=False,
        starter=True,
    )  # fmt: skip
    folder = root / FOLDER
    encoders = EngineSettings(None, hubert=str(folder / HUBERT), roberta=str(folder / ROBERTA))
    engine = open_engine(replace(encoders, device_target="CPU", warm_up=False, threads=1))
    try:
        app = create_app(settings, engine)
        with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            yield Running(client, app, FakeEngine(), settings)
    finally:
        engine.close()


def recording() -> bytes:
    """Return sentences with silence between them, as one recording."""
    parts = []
    for sentence in SENTENCES:
        spoken = subprocess.run(
            ["espeak-ng", "-s", "140", "--stdout", sentence], capture_output=True, check=True
        ).stdout
        samples, rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
        parts += [samples, np.zeros(rate, np.float32)]
    stream = io.BytesIO()
    soundfile.write(stream, np.concatenate(parts), rate, format="WAV")
    return stream.getvalue()


def kill_once(running: Running, session_id: str, at_step: int) -> None:
    """End the training that runs with -9, once it has done some steps."""

    def has_come_far() -> bool:
        step = session(running.client, session_id)["steps"][-1]
        return bool(step["done"] >= at_step or step["state"] in ("done", "error"))

    eventually(has_come_far, seconds=LONGEST_COMPILATION)
    for pid in _trainings(running.root):
        os.kill(pid, signal.SIGKILL)


def _trainings(root: Path) -> list[int]:
    """Processes of trainings that run now."""
    folder = str(root / "logs/robin")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"GPT_SoVITS.training" in words and folder.encode() in words:
                found.append(int(entry.name))
    return found

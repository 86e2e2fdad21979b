"""A hub with everything that speech needs, in small files, and the manifest that names them."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from GPT_SoVITS.resources.manifest import VARIABLE
from tests.resources.stand_in import StandIn
from tests.service.weights.test_weights import write_gpt, write_sovits

REPO = "owner/voices"
BIG = 2_000_000
"""Bytes of the largest file: enough for a pause in the middle."""


def fill(hub: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Put files on a hub, and let this process and its children know them and no others; return them by name."""
    files = {
        "hubert/model.bin": random.Random(1).randbytes(BIG),
        "roberta/model.bin": random.Random(2).randbytes(30_000),
        "gpt/official.ckpt": write_gpt(folder / "made" / "official.ckpt").read_bytes(),
        "sovits/official.pth": write_sovits(folder / "made" / "official.pth").read_bytes(),
        "ja/sys.dic": random.Random(3).randbytes(20_000),
    }
    ids = ("hubert", "roberta", "gpt-v2", "sovits-v2", "naist-jdic")
    for name, content in files.items():
        hub.put_hugging_face(REPO, name, content)
        hub.put_model_scope(REPO, name, content)
    manifest = {
        "repositories": {"all": {hub: [{"repo": REPO, "prefix": ""}] for hub in ("huggingface", "modelscope")}},
        "resources": [_entry(each, *file) for each, file in zip(ids, files.items(), strict=True)],
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest), "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(folder / "hub"))
    for name in ("HF_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return files


def _entry(name: str, file: str, content: bytes) -> dict[str, object]:
    return {
        "id": name,
        "description": {"en": f"{name} in English", "zh": f"{name} 中文"},
        "versions": [] if name == "naist-jdic" else ["v2"],
        "languages": ["ja"] if name == "naist-jdic" else [],
        "use": "synthesis",
        "licence": "MIT",
        "folder": "GPT_SoVITS/pretrained_models",
        "repository": "all",
        "files": [{"name": file, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}],
    }

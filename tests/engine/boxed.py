"""A small voice in the place of the one that comes with the program. What it says is noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from GPT_SoVITS import starter
from tests.engine.small import write_reference
from tests.engine.small_own import OwnInstallation

NAMES = ("Main", "Second")


def boxed(folder: Path, patch: pytest.MonkeyPatch) -> OwnInstallation:
    """Let :mod:`GPT_SoVITS.starter` name small networks and two voices below a folder.

    Args:
        folder: Made here.
        patch: The test's own. With a second one, what both change would not be put back as it was.
    """
    own = OwnInstallation(folder)
    (folder / "voices").mkdir()
    rows = []
    for name, sex in zip(NAMES, ("male", "female"), strict=True):
        write_reference(folder / "voices" / f"{name}.wav")
        rows.append({"name": name, "file": f"{name}.wav", "text": "Some words.", "language": "en", "sex": sex})
    (folder / "voices" / "voices.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    places = {
        "FOLDER": folder, "GPT": Path(own.pair.gpt), "SOVITS": Path(own.pair.sovits), "CONTENT_ENCODER": own.content,
        "VOICES": folder / "voices" / "voices.jsonl",
    }  # fmt: skip
    for name, place in places.items():
        patch.setattr(starter, name, place)
    return own

"""A small voice in the place of the one that comes with the program. What it says is noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from GPT_SoVITS import starter
from tests.engine.small import write_gpt, write_reference, write_sovits
from tests.engine.small_own import GPT, SOVITS, OwnInstallation

NAMES = ("Main", "Second")
JAPANESE = "Third"


def boxed(folder: Path, patch: pytest.MonkeyPatch, japanese: bool = False) -> OwnInstallation:
    """Let :mod:`GPT_SoVITS.starter` name small networks and two voices below a folder.

    Args:
        folder: Made here.
        patch: The test's own. With a second one, what both change would not be put back as it was.
        japanese: With another pair, and a third voice that speaks Japanese with it.
    """
    own = OwnInstallation(folder)
    (folder / "voices").mkdir()
    pair = (folder / "ja.ckpt", folder / "ja.pth")
    rows = []
    for name, sex in zip(NAMES, ("male", "female"), strict=True):
        rows.append({"name": name, "text": "Some words.", "language": "en", "sex": sex})
    if japanese:
        write_gpt(pair[0], 1, {**GPT, "model": {**GPT["model"], "languages": ["ja"]}})
        write_sovits(pair[1], 1, more=SOVITS)
        rows.append({"name": JAPANESE, "text": "こんにちは。", "language": "ja", "sex": "male"})
    for row in rows:
        write_reference(folder / "voices" / f"{row['name']}.wav")
        row |= {"file": f"{row['name']}.wav", "pair": row["language"]}
    (folder / "voices" / "voices.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    places = {
        "FOLDER": folder, "GPT": Path(own.pair.gpt), "SOVITS": Path(own.pair.sovits), "CONTENT_ENCODER": own.content,
        "JAPANESE": pair, "CHINESE": (folder / "zh.ckpt", folder / "zh.pth"),
        "VOICES": folder / "voices" / "voices.jsonl",
    }  # fmt: skip
    for name, place in places.items():
        patch.setattr(starter, name, place)
    return own

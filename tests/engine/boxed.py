"""A small voice in the place of the one that comes with the program. What it says is noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from GPT_SoVITS import starter
from tests.engine.small import write_gpt, write_reference, write_sovits
from tests.engine.small_own import GPT, SOVITS, OwnInstallation

NAMES = ("Main", "Second")
JAPANESE, CHINESE = "Third", "Fourth"
_OTHERS = {"ja": (JAPANESE, "こんにちは。"), "zh": (CHINESE, "你好。")}
"""Voice and transcript by language."""


def boxed(folder: Path, patch: pytest.MonkeyPatch, others: Sequence[str] = ()) -> OwnInstallation:
    """Let :mod:`GPT_SoVITS.starter` name small networks and two voices below a folder.

    Args:
        folder: Made here.
        patch: The test's own. With a second one, what both change would not be put back as it was.
        others: Languages that have a pair of their own, ``ja`` and ``zh``, and a voice that speaks with it.
    """
    own = OwnInstallation(folder)
    (folder / "voices").mkdir()
    pairs = {code: (folder / f"{code}.ckpt", folder / f"{code}.pth") for code in _OTHERS}
    rows = []
    for name, sex in zip(NAMES, ("male", "female"), strict=True):
        rows.append({"name": name, "text": "Some words.", "language": "en", "sex": sex})
    for code in others:
        write_gpt(pairs[code][0], 1, {**GPT, "model": {**GPT["model"], "languages": [code]}})
        write_sovits(pairs[code][1], 1, more=SOVITS)
        name, text = _OTHERS[code]
        rows.append({"name": name, "text": text, "language": code, "sex": "male"})
    for row in rows:
        write_reference(folder / "voices" / f"{row['name']}.wav")
        row |= {"file": f"{row['name']}.wav", "pair": row["language"]}
    (folder / "voices" / "voices.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    places = {
        "FOLDER": folder, "GPT": Path(own.pair.gpt), "SOVITS": Path(own.pair.sovits), "CONTENT_ENCODER": own.content,
        "JAPANESE": pairs["ja"], "CHINESE": pairs["zh"],
        "VOICES": folder / "voices" / "voices.jsonl",
    }  # fmt: skip
    for name, place in places.items():
        patch.setattr(starter, name, place)
    return own

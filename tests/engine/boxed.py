"""A small voice in the place of the one that comes with the program. What it says is noise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from GPT_SoVITS import starter
from tests.engine.small import write_reference
from tests.engine.small_own import OwnInstallation

NAMES = ("Main", "Second")


@contextmanager
def boxed(folder: Path) -> Iterator[OwnInstallation]:
    """Let :mod:`GPT_SoVITS.starter` name small networks and two voices below a folder, within a block."""
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
    with pytest.MonkeyPatch.context() as patch:
        for name, place in places.items():
            patch.setattr(starter, name, place)
        yield own

"""A small voice of its own that comes with the program: where its files lie. What it is stands in ``README.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
GPT = FOLDER / "starter-gpt.ckpt"
SOVITS = FOLDER / "starter-sovits.pth"
CONTENT_ENCODER = FOLDER / "content"
"""The network whose features its semantic tokens are made from, in the layout of chinese-hubert-base."""
VOICES = FOLDER / "voices" / "voices.jsonl"


@dataclass(frozen=True)
class StarterVoice:
    """A voice that it was trained on.

    Attributes:
        name: What people call it.
        clip: Its reference, 3 to 10 s.
        text: What is said in it.
        language: Code of that language.
        is_female: How it sounds.
    """

    name: str
    clip: Path
    text: str
    language: str
    is_female: bool


def pair() -> tuple[str, str] | None:
    """Return the paths of its GPT and SoVITS weights; None where an installation has left a part of it out."""
    return (str(GPT), str(SOVITS)) if all(path.exists() for path in (GPT, SOVITS, CONTENT_ENCODER)) else None


def voices() -> list[StarterVoice]:
    """Return its voices, the best one first; none where the list is not there."""
    if not VOICES.is_file():
        return []
    rows = [json.loads(line) for line in VOICES.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        StarterVoice(row["name"], VOICES.parent / row["file"], row["text"], row["language"], row["sex"] == "female")
        for row in rows
    ]

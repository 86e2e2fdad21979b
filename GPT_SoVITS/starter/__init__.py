"""Small voices of its own that come with the program: where their files lie. What they are stands in ``README.md``."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
GPT = FOLDER / "starter-gpt.ckpt"
SOVITS = FOLDER / "starter-sovits.pth"
"""The English pair, which speaks where a request names no voice of another one."""
JAPANESE = (FOLDER / "starter-ja-gpt.ckpt", FOLDER / "starter-ja-sovits.pth")
CHINESE = (FOLDER / "starter-zh-gpt.ckpt", FOLDER / "starter-zh-sovits.pth")
CONTENT_ENCODER = FOLDER / "content"
"""The network whose features the semantic tokens of every pair are made from, in the layout of chinese-hubert-base."""
VOICES = FOLDER / "voices" / "voices.jsonl"
LANGUAGES = {"en": "English", "ja": "Japanese", "zh": "Chinese"}
"""What there may be a pair for, and what people call it."""


@dataclass(frozen=True)
class StarterVoice:
    """A voice that a pair was trained on.

    Attributes:
        name: What people call it.
        clip: Its reference, 3 to 10 s.
        text: What is said in it.
        language: Code of that language, the only one that it speaks.
        is_female: How it sounds.
        pair: Paths of the GPT and SoVITS weights that it speaks with.
    """

    name: str
    clip: Path
    text: str
    language: str
    is_female: bool
    pair: tuple[str, str]


def files() -> dict[str, tuple[Path, Path]]:
    """Return where GPT and SoVITS weights lie, or would, by the language that they speak; the first pair first."""
    return {"en": (GPT, SOVITS), "ja": JAPANESE, "zh": CHINESE}


def pairs() -> dict[str, tuple[str, str]]:
    """Return the paths of the weights that are installed, by the language that they speak."""
    return {
        language: (str(gpt), str(sovits))
        for language, (gpt, sovits) in files().items()
        if all(path.exists() for path in (gpt, sovits, CONTENT_ENCODER))
    }


def language_of(gpt: str, sovits: str) -> str | None:
    """Return the language of two weight files that are a pair of these, however their paths are written; else None."""
    paths = (Path(gpt).resolve(), Path(sovits).resolve())
    return next((language for language, own in files().items() if tuple(each.resolve() for each in own) == paths), None)


def pair() -> tuple[str, str] | None:
    """Return the pair that speaks first; None where an installation has left a part of it out."""
    return pairs().get("en")


def voices() -> list[StarterVoice]:
    """Return the voices whose pair is there, the best one of the first pair first; none where the list is not there."""
    if not VOICES.is_file():
        return []
    there = pairs()
    rows = [json.loads(line) for line in VOICES.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        StarterVoice(
            name=row["name"],
            clip=VOICES.parent / row["file"],
            text=row["text"],
            language=row["language"],
            is_female=row["sex"] == "female",
            pair=there[row["pair"]],
        )
        for row in rows
        if row["pair"] in there
    ]


def voice_for(languages: Collection[str]) -> StarterVoice | None:
    """Return the best voice that speaks one of the languages of a text, else the first one; None without any.

    Args:
        languages: Codes, the most important first.
    """
    found = voices()
    speaking = (voice for language in languages for voice in found if voice.language == language)
    return next(speaking, found[0] if found else None)

"""Utterances as the trainers read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.text.symbols import known, to_ids
from tools.starter.phones import Language, codes_of, language

Array = npt.NDArray[Any]
RATE = 16000
SAMPLES_PER_CODE = 640


@dataclass(frozen=True)
class Utterance:
    """One sentence of one voice.

    Attributes:
        name: Of the sentence.
        language: Its code.
        text: As it is written.
        style: Name of the voice.
        phones: Its phonemes.
        ids: Their embedding numbers, (L,).
        classes: Content class of each segment, the leading silence first, (S + 1,).
        ends: When each segment ends, in seconds, (S + 1,).
        wave: 16-bit samples at 16 kHz, (n,); empty where there are timings alone.
    """

    name: str
    language: str
    text: str
    style: str
    phones: list[str]
    ids: Array
    classes: Array
    ends: Array
    wave: Array

    @property
    def spoken(self) -> Language:
        """What the module of its language has."""
        return language(self.language)

    @property
    def code_count(self) -> int:
        """Whole codes in the audio, or in the timings where there is none."""
        return len(self.wave) // SAMPLES_PER_CODE if len(self.wave) else int(self.ends[-1] * RATE) // SAMPLES_PER_CODE

    def codes(self) -> tuple[Array, Array]:
        """Return the true codes (N,), and the phoneme that each belongs to (N,)."""
        codes, segments = self.codes_until(self.code_count)
        owners = np.array(self.spoken.owners(self.phones))
        return codes, owners[np.maximum(segments - 1, 0)]

    def codes_until(self, count: int) -> tuple[Array, Array]:
        """Return so many true codes, the last segment going on, and the segment that each belongs to."""
        return codes_of(self.classes, self.ends, count, self.spoken.PIECES)


def load(path: Path) -> list[Utterance]:
    """Read what ``speak`` wrote."""
    with np.load(path) as file:
        ends = _split(file, "ends")
        code = str(file["language"]) if "language" in file.files else "en"
        classes = language(code).classes
        waves = _split(file, "wave") if "wave" in file.files else [np.zeros(0, np.int16)] * len(ends)
        return [
            Utterance(
                name=name,
                language=code,
                text=text,
                style=style,
                phones=phones,
                ids=np.array(to_ids(known(phones, "v2"), "v2")),
                classes=np.array([0, *classes(phones)]),
                ends=end,
                wave=wave,
            )
            for (name, text, style, phones), end, wave in zip(json.loads(str(file["meta"])), ends, waves, strict=True)
        ]


def load_all(paths: Iterable[Path]) -> list[Utterance]:
    """Read several files, in order of the sentences."""
    return sorted((item for path in paths for item in load(path)), key=lambda item: item.name)


def _split(file: Mapping[str, Array], name: str) -> list[Array]:
    return np.split(file[name], np.cumsum(file[f"{name}_lengths"])[:-1])


def samples(item: Utterance) -> Array:
    """Return the audio as float32 in -1..1."""
    return item.wave.astype(np.float32) / 32768

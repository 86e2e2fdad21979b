"""The characters and readings that a g2pW folder lists beside the network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError
from GPT_SoVITS.text.chinese.g2pw.settings import Settings, read_settings

# Polyphonic characters on which the dictionary is trusted more than the network, and two that are not single-reading.
_NOT_ASKED = frozenset("一不和咋嗲剖差攢倒難奔勁拗肖瘙誒泊听噢")
_NOT_SINGLE = frozenset("似攢")
_TONES = "12345"


@dataclass(frozen=True)
class Tables:
    """Everything that is known without the network.

    Attributes:
        character_ids: Number of each character that the network can be asked about.
        asked: Those on which it is asked.
        labels: Pinyin with tone number for each output of the network; None where the folder cannot spell one.
        masks: Which outputs a character may have, ``(characters, labels)`` float32; all ones without a mask.
        single: Pinyin of the characters with one reading.
    """

    character_ids: dict[str, int]
    asked: frozenset[str]
    labels: list[str | None]
    masks: NDArray[np.float32]
    single: dict[str, str]


def read_tables(folder: Path) -> Tables:
    """Read ``config.py``, the two character lists and the bopomofo table of a folder.

    Raises:
        G2pwFolderError: a file is missing or has another form.
    """
    settings = read_settings(folder / "config.py")
    spelling = _bopomofo(folder / "bopomofo_to_pinyin_wo_tune_dict.json")
    pairs = _pairs(folder / "POLYPHONIC_CHARS.txt")
    singles = _pairs(folder / "MONOPHONIC_CHARS.txt")
    names = sorted({_label(pair, settings) for pair in pairs})
    number = {name: index for index, name in enumerate(names)}
    character_ids = {character: index for index, character in enumerate(sorted({pair[0] for pair in pairs}))}
    masks = np.full((len(character_ids), len(names)), 0 if settings.use_mask else 1, np.float32)
    for pair in pairs:
        masks[character_ids[pair[0]], number[_label(pair, settings)]] = 1
    spelled = {character: _pinyin(reading, spelling) for character, reading in singles if character not in _NOT_SINGLE}
    return Tables(
        character_ids=character_ids,
        asked=frozenset(character_ids) - _NOT_ASKED,
        labels=[_pinyin(name.split(" ")[-1], spelling) for name in names],
        masks=masks,
        single={character: pinyin for character, pinyin in spelled.items() if pinyin},
    )


def _label(pair: tuple[str, str], settings: Settings) -> str:
    return " ".join(pair) if settings.use_char_phoneme else pair[1]


def _pinyin(bopomofo: str, spelling: dict[str, str]) -> str | None:
    """``ㄓㄨㄥ4`` is ``zhong4``."""
    syllable = spelling.get(bopomofo[:-1])
    return syllable + bopomofo[-1] if syllable and bopomofo[-1] in _TONES else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise G2pwFolderError(f"{path} cannot be read: {error}; fetch the g2pW folder again") from error


def _pairs(path: Path) -> list[tuple[str, str]]:
    """Lines of a character, a tab and a reading."""
    found = []
    for number, line in enumerate(_text(path).strip().splitlines(), 1):
        character, _, reading = line.strip().partition("\t")
        if len(character) != 1 or not reading or "\t" in reading:
            raise G2pwFolderError(f"{path}, line {number}: found {line[:40]!r}, expected a character, a tab, a reading")
        found.append((character, reading))
    return found


def _bopomofo(path: Path) -> dict[str, str]:
    try:
        table = json.loads(_text(path))
    except ValueError as error:
        raise G2pwFolderError(f"{path} is not JSON: {error}") from error
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise G2pwFolderError(f"{path} holds {type(table).__name__}, expected an object of bopomofo and pinyin")
    return table

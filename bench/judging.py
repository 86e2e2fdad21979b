"""Errors of speech as a recogniser hears it, in words, kana or characters, and what is said twice or not at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.text.frontend import FrontEnd, front_end
from GPT_SoVITS.text.japanese.engine import Engine, load_engine

RATE = 16000
"""Samples per second that the recogniser hears."""
_SAME = {
    "colour": "color", "favourite": "favorite", "harbour": "harbor", "grey": "gray", "centre": "center",
    "theatre": "theater", "2": "two", "3": "three", "7": "seven", "9": "nine", "10": "ten", "20": "twenty",
    "okay": "ok",
}  # fmt: skip
"""Spellings that sound the same; recognisers write numbers as digits."""
_SAME_CHARACTER = str.maketrans("她它著", "他他着")
"""Characters that sound the same and are told apart by nothing that is heard, and one of another spelling."""
_NOT_READ = re.compile(r"[^A-Za-z\d\u3005\u3040-\u30ff\u4e00-\u9fff]+")
_KANA = re.compile(r"[\u30a1-\u30fa\u30fc]")
_LONG = re.compile(
    "(?<=[アカサタナハマヤラワガザダバパャァ])ア|(?<=[イキシチニヒミリギジビピィ])イ|(?<=[ウクスツヌフムユルグズブプュゥ])ウ"
    "|(?<=[エケセテネヘメレゲゼデベペェ])[エイ]|(?<=[オコソトノホモヨロゴゾドボポョォ])[オウ]"
)
_LARGEST_EXCESS = 3
"""Words beyond a sentence that an invention of the recogniser may count for."""


@dataclass(frozen=True)
class Errors:
    """What is wrong with the words heard, or with the kana, summed up over sentences.

    Attributes:
        words: Words that should be heard.
        errors: Insertions, deletions and replacements.
        omitted: Words that are missing.
        repeated: Words that are there once more than they should, next to themselves.
    """

    words: int = 0
    errors: int = 0
    omitted: int = 0
    repeated: int = 0

    @property
    def rate(self) -> float:
        """Errors per word."""
        return self.errors / max(1, self.words)

    def __add__(self, other: Errors) -> Errors:
        """Sum up."""
        return Errors(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def words(text: str) -> list[str]:
    """Return the words to compare, in one spelling."""
    lowered = re.sub(r"[’`]", "'", text.lower()).replace("o'clock", "oclock").replace(":00", " oclock")
    return [_SAME.get(word, word) for word in re.findall(r"[a-z0-9']+", lowered)]


@cache
def _open_jtalk() -> Engine:
    return load_engine()


def kana(text: str) -> list[str]:
    """Return the reading of Japanese text without signs; what sounds the same in other characters is the same."""
    read = _NOT_READ.sub("", unicodedata.normalize("NFKC", text)).lower()
    spoken = "".join(str(word["pron"]) for word in _open_jtalk().features(read)) if read else ""
    return _KANA.findall(_LONG.sub("ー", spoken.replace("’", "")))


@cache
def _mandarin() -> FrontEnd:
    return front_end("zh", "v2")


def characters(text: str) -> list[str]:
    """Return the simplified characters of Chinese text without signs, numbers as they are read; he is she."""
    return re.findall(r"[\u4e00-\u9fff]", _mandarin().normalise(text).translate(_SAME_CHARACTER))


UNITS: Mapping[str, Callable[[str], list[str]]] = {"en": words, "ja": kana, "zh": characters}
"""What is compared, by language."""


def distances(wanted: Sequence[Hashable], found: Sequence[Hashable]) -> list[list[int]]:
    """Return the edit distances of all beginnings, ``[len(wanted)][len(found)]`` being that of the whole."""
    table = [list(range(len(found) + 1))]
    for i, a in enumerate(wanted, 1):
        row, above = [i], table[-1]
        for j, b in enumerate(found, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
        table.append(row)
    return table


def distance(wanted: Sequence[Hashable], found: Sequence[Hashable]) -> int:
    """Return the edit distance."""
    return distances(wanted, found)[-1][-1]


def compare(text: str, heard: str, language: str = "en") -> Errors:
    """Return what is wrong with a sentence as it was heard."""
    wanted, found = UNITS[language](text), UNITS[language](heard)
    table = distances(wanted, found)
    i, j, omitted, repeated = len(wanted), len(found), 0, 0
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (wanted[i - 1] != found[j - 1]):
            i, j = i - 1, j - 1
        elif j and table[i][j] == table[i][j - 1] + 1:
            repeated += found[j - 1] in found[max(0, j - 2) : j - 1] + found[j : j + 1]
            j -= 1
        else:
            omitted, i = omitted + 1, i - 1
    return Errors(len(wanted), min(table[-1][-1], len(wanted) + _LARGEST_EXCESS), omitted, repeated)


class Judge:
    """Writes speech down.

    Args:
        model: Folder of a Whisper model in the format of faster-whisper.
        threads: Of the processor.
        language: That is spoken.
    """

    def __init__(self, model: Path, threads: int = 1, language: str = "en") -> None:
        from faster_whisper import WhisperModel

        self.language = language
        self._model: Any = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads)

    def write_down(self, wave: npt.NDArray[np.float32]) -> str:
        """Return the words in audio (n,) at 16 kHz."""
        padded = np.pad(wave.astype(np.float32), (RATE // 4, RATE // 2))
        parts, _ = self._model.transcribe(
            padded, language=self.language, beam_size=1, temperature=0.0, condition_on_previous_text=False,
            vad_filter=False, without_timestamps=True,
        )  # fmt: skip
        return " ".join(part.text.strip() for part in parts)

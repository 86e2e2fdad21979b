"""The speech recognisers that the page offers, by the names of both eras of the official page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webui.versions import DEFAULT, Hardware

PARAFORMER = "达摩 ASR (中文)"
WHISPER = "Faster Whisper (多语种)"


@dataclass(frozen=True)
class Recogniser:
    """A recogniser's choices.

    Attributes:
        service_name: What the service calls it.
        languages: Codes, the preset one first.
        sizes: The preset one last.
        precisions: Names of number formats.
    """

    service_name: str
    languages: tuple[str, ...]
    sizes: tuple[str, ...] = ("large",)
    precisions: tuple[str, ...] = ("float32",)


_PARAFORMER = Recogniser(PARAFORMER, ("zh", "yue"))
_MANY = ("zh", "en", "ja", "ko", "yue", "auto")
RECOGNISERS: Mapping[str, Recogniser] = {
    PARAFORMER: _PARAFORMER,
    WHISPER: Recogniser(
        WHISPER,
        ("auto", "zh", "en", "ja", "ko", "yue"),
        (
            *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
            *("large", "large-v1", "large-v2", "large-v3"),
        ),
        ("float32", "float16", "int8"),
    ),
    # Names of the newer page.
    "达摩 ASR (中文经典)": _PARAFORMER,
    "Fun-ASR-Nano (31语种+方言, 推荐)": Recogniser("Fun-ASR-Nano (31语种+方言, 推荐)", _MANY),
    "SenseVoice (极速, 5语种)": Recogniser("SenseVoice (极速, 5语种)", _MANY),
}
OFFERED = (PARAFORMER, WHISPER)


def precision_for(name: str, hardware: Hardware) -> str:
    """Return the number format that a recogniser begins with."""
    if RECOGNISERS[name].precisions == ("float32",):
        return "float32"
    if hardware.batch_size(DEFAULT) <= 4:
        return "int8"
    return "float16" if hardware.accelerated else "float32"

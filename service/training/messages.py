"""Training as messages: under which exchange each kind comes, and what its end is called there."""

from __future__ import annotations

from collections.abc import Mapping

from service.training.names import ASR, DENOISE, FORMAT, GPT, ONE_CLICK, SLICE, SOVITS, UVR5

MODELS: Mapping[str, str] = {SOVITS: "sovitsTrain", GPT: "gptTrain"}
"""Kind -> what its end is called, where that is not the kind's name."""
_STEPS = {kind: MODELS.get(kind, kind) for kind in (SLICE, DENOISE, ASR, FORMAT, SOVITS, GPT)}
_NONE: Mapping[str, str] = {}
EXCHANGES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("uvr5", UVR5, _NONE),
    ("slice", SLICE, _NONE),
    ("denoise", DENOISE, _NONE),
    ("asr", ASR, _NONE),
    ("1abc", FORMAT, _NONE),
    ("1Ba", SOVITS, _NONE),
    ("1Bb", GPT, _NONE),
    ("one_click", ONE_CLICK, _STEPS),
)
"""Exchange, kind, and for a kind of several steps what the end of each is called."""

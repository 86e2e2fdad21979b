"""The models that can be chosen, by the names of the official page."""

from __future__ import annotations

from GPT_SoVITS.dataset.recognition.funasr import FunAsr
from GPT_SoVITS.dataset.recognition.recogniser import Model
from GPT_SoVITS.dataset.recognition.sphinx import Sphinx
from GPT_SoVITS.dataset.recognition.whisper import SIZES, Whisper

MODELS = (
    Model("达摩 ASR (中文)", "funasr", FunAsr.require, FunAsr, ("large",), ("zh", "yue"), ("float32",)),
    Model(
        name="Faster Whisper (多语种)",
        key="faster-whisper",
        require=Whisper.require,
        open=Whisper,
        sizes=(*SIZES, "large"),
        languages=("auto", "en", "ja", "ko", "zh", "yue"),
        precisions=("float32", "float16", "int8"),
    ),
    Model(
        name="PocketSphinx (English, rough)",
        key="sphinx",
        require=Sphinx.require,
        open=Sphinx,
        sizes=("small",),
        languages=("en",),
        precisions=("float32",),
        is_rough=True,
    ),
)
_ALSO = {"达摩 ASR (中文经典)": "funasr"}
"""Names that newer official pages have."""
FALL_BACK = MODELS[-1]
"""Serves where the chosen model is not installed and its language is the one that is chosen."""


def find_model(name: str) -> Model | None:
    """Return the model of an official or short name."""
    known = _ALSO.get(name, name)
    return next((model for model in MODELS if known in (model.name, model.key)), None)

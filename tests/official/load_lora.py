"""Loads a LoRA file with the official program's own loader and samples a sentence: ``load_lora BASE LORA OUT``.

For the official program's interpreter; ``GPT_SOVITS_OFFICIAL`` names its checkout. What the loader does not need (text,
HuBERT, the decoder of tokens) is replaced before it is imported. Two sizes are constants of the program, those of
:data:`SIZES` take their place.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from bench.cfm_official_cases import sampled

_UNUSED = (
    "torchaudio", "ffmpeg", "AR.models.t2s_lightning_module", "BigVGAN.bigvgan", "feature_extractor.cnhubert",
    "transformers", "tools.audio_sr", "tools.i18n.i18n", "TTS_infer_pack.TextPreprocessor", "sv",
)  # fmt: skip

SIZES = {"DiT": {"depth": 1}, "MRTE": {"content_enc_channels": 32, "out_channels": 32}}
"""Class of the program to arguments that the networks of the tests want: transformer blocks, channels of content."""


def load(base: Path, lora: Path) -> Any:
    """Return the official synthesizer with the LoRA merged.

    Raises:
        ValueError: the loader found keys that its networks do not have.
    """
    from module import models
    from peft import LoraConfig  # type: ignore[import-not-found] # noqa: F401  # while transformers is whole

    for name in _UNUSED:
        sys.modules[name] = MagicMock()
    from TTS_infer_pack.TTS import TTS  # type: ignore[import-not-found]

    for name, sizes in SIZES.items():
        setattr(models, name, _resized(getattr(models, name), sizes))
    program = TTS.__new__(TTS)
    program.configs = SimpleNamespace(
        default_configs={"v4": {"vits_weights_path": str(base)}}, device="cpu", is_half=False,
        update_version=lambda version: None, save_configs=lambda: None,
    )  # fmt: skip
    program.init_vocoder = lambda version: None
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        program.init_vits_weights(str(lora))
    if said.getvalue().count("unexpected_keys=[]") != 2:  # of the base, and of the LoRA over it
        raise ValueError(f"the official loader said: {said.getvalue()}")
    return program.vits_model


def _resized(network: Any, sizes: dict[str, int]) -> Any:
    """What makes a network with other sizes than it is asked for."""
    return lambda *given, **named: network(*given, **{**named, **sizes})


def main() -> None:
    """Command line."""
    base, lora, out = sys.argv[1:]
    with torch.inference_mode():
        np.save(out, sampled(load(Path(base), Path(lora)))()[0].numpy())


if __name__ == "__main__":
    main()

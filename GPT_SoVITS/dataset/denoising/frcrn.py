"""The official program's denoiser: FRCRN at 16 kHz, ``speech_frcrn_ans_cirm_16k``, by the package ``modelscope``.

Zhao et al., "FRCRN: Boosting feature representation using frequency recurrence for monaural speech enhancement" (2022).
What lies above 8 kHz is lost. The model makes every recording equally loud.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile

from GPT_SoVITS import _commands
from GPT_SoVITS.dataset.denoising.denoiser import DenoiserError, Samples
from GPT_SoVITS.resources.locate import project_root

FOLDERS = ("tools/denoise-model/speech_frcrn_ans_cirm_16k", "GPT_SoVITS/pretrained_models/speech_frcrn_ans_cirm_16k")
"""Where its files are looked for, below the project; the first is the official place."""
MODEL_FILE = "pytorch_model.bin"


class Frcrn:
    """Takes noise out as the official program does.

    Raises:
        DenoiserError: the package or the files are not installed.
    """

    rate = 16000

    def __init__(self) -> None:
        folder = next(
            (path for path in (project_root() / name for name in FOLDERS) if (path / MODEL_FILE).is_file()), None
        )
        if folder is None:
            raise DenoiserError(f"the files of speech_frcrn_ans_cirm_16k are not there; put them into {FOLDERS[0]}")
        try:
            from modelscope.pipelines import pipeline
        except ImportError as error:
            command = _commands.pip_install("modelscope[audio_signal]", "torch", "librosa")
            raise DenoiserError(f"modelscope is not installed; install it with: {command}") from error
        self._run = pipeline("acoustic-noise-suppression", model=str(folder))

    def __call__(self, samples: Samples) -> Samples:
        """Samples (N,) at 16 kHz -> as many."""
        with tempfile.TemporaryDirectory(prefix="gpt-sovits-") as name:
            noisy, clean = Path(name) / "noisy.wav", Path(name) / "clean.wav"
            soundfile.write(noisy, samples, self.rate, "FLOAT")
            self._run(str(noisy), output_path=str(clean))
            result, rate = soundfile.read(clean, dtype="float32")
        if rate != self.rate or result.ndim != 1:
            raise DenoiserError(f"the model gave {result.ndim} channels at {rate} Hz, expected one at {self.rate}")
        return np.pad(result, (0, max(0, len(samples) - len(result))))[: len(samples)]

"""What a synthesizer in training sounds and looks like: slices of real and generated audio beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

Array = np.ndarray[Any, np.dtype[Any]]
_GAP = 2
"""Columns between the two spectrograms."""


@dataclass(frozen=True)
class Sample:
    """One slice of a recording and what the generator made of it.

    Attributes:
        real: (N,) samples.
        generated: (N,) samples.
        real_mel: (mel_bins, T) log-mel spectrogram.
        generated_mel: (mel_bins, T).
        sample_rate: Samples per second.
    """

    real: Array
    generated: Array
    real_mel: Array
    generated_mel: Array
    sample_rate: int

    def write(self, folder: Path, step: int) -> dict[str, str]:
        """Write both sounds and one picture, real on the left; return their paths by what they are.

        Raises:
            OSError: they cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        paths = {}
        for name, wave in (("real", self.real), ("generated", self.generated)):
            path = folder / f"step-{step}-{name}.wav"
            soundfile.write(path, np.clip(wave, -1, 1), self.sample_rate, subtype="PCM_16")
            paths[name] = str(path)
        picture = folder / f"step-{step}-mel.png"
        Image.fromarray(_picture(self.real_mel, self.generated_mel)).save(picture)
        return paths | {"mel": str(picture)}


def _picture(left: Array, right: Array) -> Array:
    """Two spectrograms of one scale as grey pixels, low frequencies below, (mel_bins, 2 T + gap) uint8."""
    gap = np.full((len(left), _GAP), max(left.max(), right.max()), left.dtype)
    both = np.concatenate([left, gap, right], axis=1)[::-1]
    lowest, highest = float(both.min()), float(both.max())
    return np.round((both - lowest) / max(highest - lowest, 1e-6) * 255).astype(np.uint8)

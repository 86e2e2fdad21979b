"""Lengths that graphs of the synthesizer are compiled for."""

from __future__ import annotations

from dataclasses import dataclass

WINDOWS = (32, 48, 64, 96, 128, 256)
"""Frames of the compiled windows. Computed over kept frames, halos and overlaps included: 1.5 for audio of one or two
seconds, 1.2 for two to four, 1.1 from four seconds on."""


@dataclass(frozen=True)
class Buckets:
    """Lengths that graphs are compiled for, one compilation (0.3 to 2 s) per length in use.

    Attributes:
        codes: Semantic tokens (25 per second).
        phonemes: Phonemes.
        frames: Latent frames (50 per second) after the change of speed.
        reference: Spectrogram frames (50 per second) of a reference.
        features: HuBERT frames (50 per second) of a reference.
        windows: Frames per run of the generator.
    """

    codes: tuple[int, ...] = (32, 64, 128, 192, 256, 384, 512, 1024, 2048)
    phonemes: tuple[int, ...] = (32, 64, 128, 256, 512, 1024)
    frames: tuple[int, ...] = (64, 128, 256, 384, 512, 768, 1024, 2048, 4096, 8192)
    reference: tuple[int, ...] = (256, 512, 1024, 2048, 4096)
    features: tuple[int, ...] = (256, 512, 1024, 2048, 4096)
    windows: tuple[int, ...] = WINDOWS

"""The 16 kHz wave that the semantic prompt is made of, against ``librosa.load`` of the same file."""

from __future__ import annotations

import io as streams
import re
from pathlib import Path

import soundfile

from GPT_SoVITS.audio.decode import read_audio
from GPT_SoVITS.features.resample import prompt_wave
from tests.parity.report import Report
from tests.parity.weights import load_io

FOLDERS = r"prompt_wave\w*"
TOLERANCE = 1e-6
"""Seen: 0."""


def run(folder: Path, report: Report) -> None:
    """Compare every wave of the folder, whatever its rate and channels."""
    io = load_io(folder)
    for name in (name for name in io if name.startswith("wave_")):
        report.inputs([name])
        match = re.fullmatch(r"wave_(\d+)_(\d+)", name)
        assert match is not None, f"{name} does not tell its rate"
        file = streams.BytesIO()
        soundfile.write(file, io[name].T, int(match[1]), format="WAV", subtype="FLOAT")
        wave, rate = read_audio(file.getvalue())
        expected = f"prompt_{match[1]}_{match[2]}"
        report.close(expected, prompt_wave(wave, rate), io[expected], TOLERANCE)

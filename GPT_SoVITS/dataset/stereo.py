"""Stereo recordings at 44.1 kHz: what separation reads and writes."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from GPT_SoVITS.audio.decode import read_with_info
from GPT_SoVITS.dataset.files import write_bytes
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.engine.errors import ReferenceAudioError

RATE = 44100
MAX_SECONDS = 20 * 60.0
"""Of a recording: spectra take 5 MB a second."""
TIMEOUT_S = 600.0
FORMATS = ("wav", "flac", "mp3", "m4a")
_SOUNDFILE = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "mp3": ("MP3", "MPEG_LAYER_III")}


def read_stereo(path: Path) -> tuple[NDArray[np.float32], bool]:
    """Return two channels at 44.1 kHz, (2, n) float32, and whether the file has just these.

    Raises:
        ProblemError: it is no sound file, or too long.
    """
    try:
        samples, info = read_with_info(path, max_seconds=MAX_SECONDS, mono=False, timeout_s=TIMEOUT_S)
    except ReferenceAudioError as error:
        raise ProblemError("audio_unreadable", reason=str(error)) from error
    as_it_is = info.rate == RATE and info.channels == 2
    if info.rate != RATE:
        samples = np.asarray(soxr.resample(samples.T, info.rate, RATE, quality="HQ").T, np.float32)
    if len(samples) == 1:
        samples = np.repeat(samples, 2, axis=0)
    elif len(samples) > 2:
        samples = np.repeat(samples.mean(axis=0, keepdims=True), 2, axis=0)
    return samples, as_it_is


def write_stereo(path: Path, samples: NDArray[np.float32], form: str) -> None:
    """Write two channels (2, n) at 44.1 kHz as 16 bit, whole or not at all.

    Args:
        path: The file.
        samples: Full scale at 1; louder ones are clipped.
        form: One of FORMATS.

    Raises:
        ProblemError: ffmpeg is missing or fails (m4a).
        OSError: the file cannot be written.
    """
    whole = (np.clip(samples.T, -1, 1 - 1 / 32768) * 32768).astype(np.int16)
    container, subtype = _SOUNDFILE.get(form, _SOUNDFILE["wav"])
    buffer = io.BytesIO()
    soundfile.write(buffer, whole, RATE, format=container, subtype=subtype)
    write_bytes(path, buffer.getvalue() if form in _SOUNDFILE else _m4a(buffer.getvalue()))


def _m4a(wav: bytes) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise ProblemError("io_error", reason="m4a is written by ffmpeg, which is not installed")
    # Fragments: a container that is written without going back, so into a pipe.
    command = [program, "-v", "error", "-f", "wav", "-i", "pipe:0", "-c:a", "aac", "-b:a", "192k",
               "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "pipe:1"]  # fmt: skip
    try:
        done = subprocess.run(command, input=wav, capture_output=True, timeout=TIMEOUT_S, check=True)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ProblemError("io_error", reason=f"ffmpeg could not write m4a ({type(error).__name__})") from error
    return done.stdout

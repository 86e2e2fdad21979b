"""Reading a recording as the networks were trained on it: one channel at 32 kHz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from GPT_SoVITS.audio.decode import read_audio
from GPT_SoVITS.dataset.problems import ProblemError
from GPT_SoVITS.engine.errors import ReferenceAudioError

RATE = 32000
_STEREO = np.float32(np.sqrt(0.5))
MAX_SECONDS = 2 * 3600.0
TIMEOUT_S = 600.0
"""Of each run of ffmpeg, which reads what libsndfile does not."""


def read_recording(path: Path) -> NDArray[np.float32]:
    """Return the samples of a sound file, (N,) float32 at 32 kHz.

    Two channels become one as in ffmpeg, which the official tools read with: their sum times the root of one half. More
    are averaged.

    Raises:
        ProblemError: it is none, or longer than two hours.
    """
    try:
        channels, rate = read_audio(path, max_seconds=MAX_SECONDS, mono=False, timeout_s=TIMEOUT_S)
    except ReferenceAudioError as error:
        raise ProblemError("audio_unreadable", reason=str(error)) from error
    samples = _mono(channels)
    if rate == RATE:
        return samples
    return np.asarray(soxr.resample(samples, rate, RATE, quality="HQ"), np.float32)


def _mono(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Channels (C, N) to (N,)."""
    if len(channels) == 1:
        return np.asarray(channels[0])
    if len(channels) == 2:
        left, right = channels * _STEREO
        return np.asarray(left + right)
    return np.asarray(channels.mean(axis=0, dtype=np.float32))

"""Audio on disk: segments as bare 16-bit samples, results as WAV files of which any part can be read."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.encode import pcm16, wav_header

HEADER_BYTES = 44
SAMPLE_BYTES = 2


def to_pcm16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return samples within [-1, 1], (N,) float32, as 16-bit integers; what lies outside is clipped."""
    return np.frombuffer(pcm16(samples), "<i2")


def header(frames: int, sample_rate: int) -> bytes:
    """Return the 44 bytes before ``frames`` 16-bit mono samples."""
    return wav_header(sample_rate, frames * SAMPLE_BYTES)


def is_complete(path: Path, frames: int | None = None) -> bool:
    """Whether a WAV file written here is as long as its header says (and as long as expected)."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
    except OSError:
        return False
    if len(head) < HEADER_BYTES or head[:4] != b"RIFF":
        return False
    data = int(struct.unpack("<I", head[40:44])[0])
    return size == HEADER_BYTES + data and frames in (None, data // SAMPLE_BYTES)


def figures(path: Path) -> tuple[int, float]:
    """Return the sample rate, in Hz, and the seconds of a 16-bit mono WAV file with a plain header.

    Raises:
        OSError: it cannot be read.
        ValueError: it has another header.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES or head[:4] != b"RIFF" or head[36:40] != b"data":
        raise ValueError(f"{path.name} is no plain WAV file")
    rate, frame_bytes, size = struct.unpack("<I", head[24:28])[0], struct.unpack("<H", head[32:34])[0], head[40:44]
    if not rate or not frame_bytes:
        raise ValueError(f"{path.name} has no sample rate")
    return int(rate), round(int(struct.unpack("<I", size)[0]) / frame_bytes / rate, 3)


def read_frames(path: Path, first: int, count: int) -> bytes:
    """Return ``count`` samples of a WAV file written here, from sample ``first`` on."""
    with path.open("rb") as file:
        file.seek(HEADER_BYTES + first * SAMPLE_BYTES)
        return file.read(count * SAMPLE_BYTES)

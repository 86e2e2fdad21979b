"""Recordings joined and parted: new files beside the old ones, which stay."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.audio.decode import read_audio
from GPT_SoVITS.engine.errors import ReferenceAudioError
from service.errors import ParameterError
from service.files.whole import write_whole

_LONGEST_SECONDS = 600.0
_SHORTEST_SECONDS = 0.1


def joined(first: Path, second: Path) -> Path:
    """Write one recording after the other; return the new file.

    Raises:
        ParameterError: one cannot be read, or their rates differ.
    """
    (one, rate), (other, other_rate) = _read(first), _read(second)
    if rate != other_rate:
        raise ParameterError("rates_differ", first=rate, second=other_rate)
    return _write(first, "joined", np.concatenate([one, other]), rate)


def parted(path: Path, second: float) -> tuple[Path, Path]:
    """Write both parts of a recording; return the new files.

    Raises:
        ParameterError: it cannot be read, or is not longer than that.
    """
    samples, rate = _read(path)
    at, least = round(second * rate), round(_SHORTEST_SECONDS * rate)
    if not least <= at <= len(samples) - least:
        raise ParameterError("split_outside", found=second, seconds=len(samples) / rate)
    return _write(path, "part1", samples[:at], rate), _write(path, "part2", samples[at:], rate)


def _read(path: Path) -> tuple[NDArray[np.float32], int]:
    try:
        return read_audio(path, max_seconds=_LONGEST_SECONDS)
    except ReferenceAudioError as error:
        raise ParameterError("recording_unreadable", name=path.name, detail=str(error)) from None


def _write(path: Path, what: str, samples: NDArray[np.float32], rate: int) -> Path:
    target = path.with_name(f"{path.stem[:60]}-{what}-{secrets.token_hex(3)}.wav")
    write_whole(target, _as_wav(samples, rate), durable=True)
    return target


def _as_wav(samples: NDArray[np.float32], rate: int) -> Iterator[bytes]:
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(samples, -1, 1), rate, format="WAV", subtype="PCM_16")
    yield stream.getvalue()

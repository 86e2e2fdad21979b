"""Reading sound files of any kind, whoever sent them: soundfile where it is exact, ffmpeg for the rest.

Containers are told by their content, never by their name. Nothing longer than asked for is decoded, so that a small
file that unfolds into hours costs no more than its limit.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.audio import ffmpeg
from GPT_SoVITS.engine.errors import ReferenceAudioError

Source: TypeAlias = str | os.PathLike[str] | bytes
"""A file, or its content."""

REFERENCE_SECONDS = (3.0, 10.0)
"""The shortest and longest reference clip that the networks were trained for."""
RATES = (2_000, 768_000)
MAX_CHANNELS = 32
MAX_FILE_BYTES = 1 << 30
DEFAULT_MAX_SECONDS = 600.0
DEFAULT_TIMEOUT_S = 30.0
# libsndfile opens many more, several of them by guessing; these are told by an unmistakable beginning.
_FORMATS = frozenset({"AIFF", "AU", "CAF", "FLAC", "MP3", "OGG", "RF64", "W64", "WAV", "WAVEX"})
_BLOCK_FRAMES = 1 << 16


@dataclass(frozen=True)
class AudioInfo:
    """What a sound file is.

    Attributes:
        seconds: Its length.
        rate: Samples per second.
        channels: 1 for mono.
        format: Its container, in lower case: wav, flac, mp3, mov ...
    """

    seconds: float
    rate: int
    channels: int
    format: str


def read_audio(
    source: Source,
    *,
    max_seconds: float = DEFAULT_MAX_SECONDS,
    mono: bool = True,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> tuple[NDArray[np.float32], int]:
    """Read a sound file.

    Args:
        source: A path, or the file's bytes.
        max_seconds: A longer file is an error, found before it is decoded.
        mono: Average the channels.
        timeout_s: For each of ffmpeg's two runs.

    Returns:
        Samples, (N,) when ``mono`` and else (C, N), float32, full scale at 1; and the samples per second.

    Raises:
        ReferenceAudioError: no such file, not a sound file, longer than ``max_seconds``, or without a usable sample.
    """
    samples, info = read_with_info(source, max_seconds=max_seconds, mono=mono, timeout_s=timeout_s)
    return samples, info.rate


def read_with_info(
    source: Source,
    *,
    max_seconds: float = DEFAULT_MAX_SECONDS,
    mono: bool = True,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    admit: Callable[[float], object] = lambda seconds: None,
) -> tuple[NDArray[np.float32], AudioInfo]:
    """Read a sound file as :func:`read_audio` does, and say what it is: opened once, decoded once.

    Args:
        source: A path, or the file's bytes.
        max_seconds: As there.
        mono: As there.
        timeout_s: As there.
        admit: Given the length in seconds that the header states, before anything is decoded, where it states one; what
            it raises ends the reading.
    """
    with _opened(source) as opened:
        sound = _open_soundfile(opened)
        if sound is not None:
            with sound:
                rate, name = int(sound.samplerate), _format_name(sound)
                admit(sound.frames / rate)
                samples = _read_soundfile(sound, max_seconds)
        else:
            with opened.as_path() as path:
                stream = _probe_ffmpeg(path, timeout_s)
                rate, name = stream.rate, stream.container
                if stream.seconds is not None:
                    admit(stream.seconds)
                samples = _decode_ffmpeg(path, stream, max_seconds, timeout_s)
    channels, count = samples.shape
    return _usable(samples, mono), AudioInfo(count / rate, rate, channels, name)


def _usable(samples: NDArray[np.float32], mono: bool) -> NDArray[np.float32]:
    """The channels (C, N), averaged to (N,) when ``mono``."""
    if samples.shape[1] == 0:
        raise ReferenceAudioError("the audio file is empty: it holds no samples")
    if not np.isfinite(samples).all():
        raise ReferenceAudioError("the audio file holds values that are not numbers; export it again")
    if not mono:
        return samples
    mixed: NDArray[np.float32] = samples[0] if len(samples) == 1 else samples.mean(axis=0, dtype=np.float32)
    return mixed


def check_reference_length(seconds: float) -> None:
    """Raise ReferenceAudioError, which says the length, unless a reference clip may be this long."""
    shortest, longest = REFERENCE_SECONDS
    if not shortest <= seconds <= longest:
        remedy = "record or cut out more of it" if seconds < shortest else "cut it"
        raise ReferenceAudioError(
            f"the reference audio is {seconds:.2f} s long; {shortest:g} to {longest:g} s are needed: {remedy}",
            code="reference_length",
            found=f"{seconds:.2f}",
            shortest=f"{shortest:g}",
            longest=f"{longest:g}",
        )


@dataclass(frozen=True)
class _Opened:
    """A source that was opened once, as a file descriptor or in memory."""

    file: io.BytesIO | int
    path: Path

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        """Give it a name for other programs."""
        if isinstance(self.file, int):
            # The file that was opened and checked, whatever its name stands for by now.
            same = Path(f"/proc/{os.getpid()}/fd/{self.file}")
            yield same if same.exists() else self.path
            return
        with tempfile.NamedTemporaryFile(prefix="gpt-sovits-", suffix=".bin") as copy:
            copy.write(self.file.getbuffer())
            copy.flush()
            yield Path(copy.name)


@contextmanager
def _opened(source: Source) -> Iterator[_Opened]:
    if isinstance(source, bytes):
        if not source:
            raise ReferenceAudioError("the audio file is empty: 0 bytes")
        yield _Opened(io.BytesIO(source), Path())
        return
    path = Path(source)
    try:
        # Without blocking: a pipe of that name must not hold the caller for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReferenceAudioError(f"the audio file {path.name!r} cannot be opened: {reason}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReferenceAudioError(f"{path.name!r} is not a file")
        if status.st_size == 0:
            raise ReferenceAudioError(f"the audio file {path.name!r} is empty: 0 bytes")
        if status.st_size > MAX_FILE_BYTES:
            raise ReferenceAudioError(f"the audio file {path.name!r} has {status.st_size >> 20} MiB; cut it first")
        yield _Opened(descriptor, path)
    finally:
        os.close(descriptor)


def _open_soundfile(opened: _Opened) -> Any | None:
    """Open what libsndfile recognises by its content; None for everything else."""
    try:
        if isinstance(opened.file, int):
            os.lseek(opened.file, 0, os.SEEK_SET)
            # A copy to close: libsndfile 1.2.0 closes what it cannot read even where it is told not to.
            sound = soundfile.SoundFile(os.dup(opened.file), closefd=True)
        else:
            sound = soundfile.SoundFile(opened.file)
    except (soundfile.LibsndfileError, TypeError, ValueError, OSError):
        return None
    # libsndfile guesses the length of an MP3 without an index from its first frame and reads no further than that.
    guessed = sound.format == "MP3" and ffmpeg.available()
    if guessed or sound.format not in _FORMATS or not 0 < sound.frames < 1 << 40:
        sound.close()
        return None
    return sound


def _format_name(sound: Any) -> str:
    name = str(sound.format).lower()
    return "opus" if sound.subtype == "OPUS" else {"wavex": "wav"}.get(name, name)


def _read_soundfile(sound: Any, max_seconds: float) -> NDArray[np.float32]:
    _check_shape(sound.samplerate, sound.channels)
    _check_limit(sound.frames / sound.samplerate, max_seconds)
    blocks = []
    try:
        # In blocks: a header may promise more than the file holds, and memory is taken for what is there.
        while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
            blocks.append(block)
    except soundfile.LibsndfileError as error:
        if not blocks:
            raise ReferenceAudioError(f"the audio file is damaged: {error.error_string}") from None
    samples = np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)
    return np.ascontiguousarray(samples.T)


def _probe_ffmpeg(path: Path, timeout_s: float) -> ffmpeg.Stream:
    stream = ffmpeg.probe(path, timeout_s=timeout_s)
    _check_shape(stream.rate, stream.channels)
    return stream


def _decode_ffmpeg(path: Path, stream: ffmpeg.Stream, max_seconds: float, timeout_s: float) -> NDArray[np.float32]:
    if stream.seconds is not None:
        _check_limit(stream.seconds, max_seconds)
    # A little more than allowed, so that a file that states no length, or a false one, is seen to be too long.
    data = ffmpeg.decode(path, stream, max_seconds=max_seconds + 1.0, timeout_s=timeout_s)
    samples = np.frombuffer(data, "<f4").reshape(-1, stream.channels)
    if len(samples) > (max_seconds + 0.5) * stream.rate:
        raise ReferenceAudioError(f"the audio file is longer than {max_seconds:g} s, which is what is read: cut it")
    return np.ascontiguousarray(samples.T, np.float32)


def _check_shape(rate: int, channels: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise ReferenceAudioError(f"the audio file has {rate} samples per second; {RATES[0]} to {RATES[1]} are read")
    if not 1 <= channels <= MAX_CHANNELS:
        raise ReferenceAudioError(f"the audio file has {channels} channels; up to {MAX_CHANNELS} are read")


def _check_limit(seconds: float, max_seconds: float) -> None:
    if seconds > max_seconds:
        raise ReferenceAudioError(f"the audio file is {seconds:.1f} s long; at most {max_seconds:g} s are read: cut it")

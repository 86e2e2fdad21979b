"""Running ffmpeg on files that may be hostile: no shell, no network, no playlists, limits on everything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GPT_SoVITS.engine.errors import ReferenceAudioError

# Containers that hold the sound they play. Playlists and scripts (hls, concat, dash, sdp, image sequences, lavfi ...)
# name other files or addresses and are left out: a clip must not make ffmpeg open anything else.
CONTAINERS = (
    "aac", "ac3", "adts", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dts", "eac3", "flac",
    "flv", "gsm", "latm", "loas", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "ogg", "rm", "shn", "tak",
    "tta", "voc", "w64", "wav", "wv", "xwma",
)  # fmt: skip
# Streams of frames without a length: what ffprobe says is a guess from the first frames' bit rate, often far off.
GUESSED_LENGTH = frozenset({"aac", "ac3", "amr", "dts", "eac3", "gsm", "loas", "latm", "mp3", "mpeg", "mpegts"})
MEMORY_BYTES = 2 << 30
"""Address space of an ffmpeg process: a malformed header must not take the machine's memory."""
MESSAGE_CHARACTERS = 200
_CONTEXT = re.compile(r"^\[[^\]]* @ 0x[0-9a-f]+\] ")
"""Which object of ffmpeg's speaks: an address in memory, which tells a client nothing that it may know."""


@dataclass(frozen=True)
class Stream:
    """The audio stream that ffprobe found.

    Attributes:
        rate: Samples per second.
        channels: 1 for mono.
        seconds: Length as the container states it, None where it does not or only guesses.
        container: ffmpeg's name of the format.
    """

    rate: int
    channels: int
    seconds: float | None
    container: str


def available() -> bool:
    """Whether ffmpeg and ffprobe can be started."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None


def run(
    command: Sequence[str], *, timeout_s: float, source: bytes | None = None, unnamed: Path | None = None
) -> tuple[int, bytes, str]:
    """Run a program of ffmpeg's with limits; return its exit status, output and last error line.

    Args:
        command: Its words.
        timeout_s: Until it is stopped.
        source: What it reads from its input.
        unnamed: A file whose name is nobody's business, and is left out of the line.

    Raises:
        ReferenceAudioError: it is not installed, or took longer than ``timeout_s``.
    """
    program = shutil.which(command[0])
    if program is None:
        raise ReferenceAudioError(
            f"{command[0]} is not installed, and only ffmpeg reads this kind of file: install it "
            "(apt-get install ffmpeg), or send wav, flac, ogg or mp3"
        )
    process = subprocess.Popen(  # noqa: S603  (an argument list; the program is the installed ffmpeg)
        [program, *command[1:]],
        stdin=subprocess.DEVNULL if source is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _limit(process.pid, timeout_s)
    try:
        output, errors = process.communicate(source, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise ReferenceAudioError(f"decoding took longer than {timeout_s:g} s and was stopped") from None
    finally:
        # Reached with a living process after a time-out, and after Ctrl-C.
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, output, _last_line(errors, unnamed)


def _limit(pid: int, timeout_s: float) -> None:
    """Bound a process's memory and processor time where the system can."""
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        seconds = int(timeout_s * 4) + 1
        resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):  # it has ended already, or the limits are lower than these
        pass


def _last_line(errors: bytes, unnamed: Path | None) -> str:
    said = errors.decode("utf-8", "replace")
    if unnamed is not None:
        said = said.replace(f"{_address(unnamed)}: ", "").replace(_address(unnamed), "the file")
    lines = [_CONTEXT.sub("", line) for line in said.splitlines() if line.strip()]
    # Without the file's own bytes and names: only printable text, and not much of it.
    text = "".join(c for c in lines[-1] if c.isprintable()) if lines else ""
    return text[-MESSAGE_CHARACTERS:]


def _address(path: Path) -> str:
    return f"file:{path.absolute()}"


def _input(path: Path) -> list[str]:
    # "file:" and an absolute path: a name that looks like an option or like a protocol stays a name.
    whitelists = ["-protocol_whitelist", "file,pipe", "-format_whitelist", ",".join(CONTAINERS)]
    return [*whitelists, "-i", _address(path)]


def probe(path: Path, *, timeout_s: float) -> Stream:
    """Return the first audio stream of a file.

    Raises:
        ReferenceAudioError: no ffmpeg, no audio that it may read, or it took too long.
    """
    entries = "stream=sample_rate,channels,duration:format=duration,format_name"
    command = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", entries, "-of", "json"]
    status, output, message = run([*command, *_input(path)], timeout_s=timeout_s, unnamed=path)
    try:
        found = json.loads(output)
        stream = found["streams"][0]
        rate, channels = int(stream["sample_rate"]), int(stream["channels"])
    except (ValueError, KeyError, IndexError, TypeError):
        raise _unreadable(message) from None
    if status != 0 or rate <= 0 or channels <= 0:
        raise _unreadable(message)
    container = found.get("format", {})
    name = str(container.get("format_name", "")).split(",")[0]
    stated = _seconds(stream.get("duration")) or _seconds(container.get("duration"))
    return Stream(rate, channels, None if name in GUESSED_LENGTH else stated, name)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < 1e9 else None


def decode(path: Path, stream: Stream, *, max_seconds: float, timeout_s: float) -> bytes:
    """Return at most ``max_seconds`` of a stream as interleaved little-endian float32.

    Raises:
        ReferenceAudioError: it cannot be decoded, or it took too long.
    """
    limit = int(max_seconds * stream.rate) * stream.channels * 4
    command = [
        "ffmpeg", "-nostdin", "-v", "error", "-threads", "1", *_input(path),
        "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1",
        "-t", f"{max_seconds:.6f}", "-ar", str(stream.rate), "-ac", str(stream.channels),
        # Timestamps bound the length unless the file forges them; the size bounds it always.
        "-fs", str(limit + (1 << 16)), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1",
    ]  # fmt: skip
    status, output, message = run(command, timeout_s=timeout_s, unnamed=path)
    frame = 4 * stream.channels
    output = output[: min(limit, len(output)) // frame * frame]
    if not output or (status != 0 and len(output) < limit // 2 and stream.seconds is None):
        raise _unreadable(message)
    return output


def _unreadable(message: str) -> ReferenceAudioError:
    return ReferenceAudioError(f"the file holds no sound that ffmpeg reads{': ' + message if message else ''}")

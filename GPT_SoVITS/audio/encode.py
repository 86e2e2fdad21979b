"""Writing speech: whole files and streams in the formats that clients ask for.

Whole and streamed output of one format hold the same samples; they differ in headers that state a length, which a
stream does not know.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import threading
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.audio.resample import StreamResampler
from GPT_SoVITS.engine.errors import EngineError, InvalidRequestError

Samples = NDArray[np.float32]
UNKNOWN_LENGTH = 0xFFFFFFFF


class EncodingError(EngineError):
    """Audio could not be written in the format asked for; the message says what is missing."""

    code = "encoding_failed"


@dataclass(frozen=True)
class Format:
    """A way to write audio.

    Attributes:
        name: As clients say it.
        media_type: For the Content-Type header.
        suffix: Of files.
        rates: Samples per second that the codec takes; empty for any.
    """

    name: str
    media_type: str
    suffix: str
    rates: tuple[int, ...] = ()


_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
FORMATS = {
    form.name: form
    for form in (
        Format("wav", "audio/wav", ".wav"),
        Format("flac", "audio/flac", ".flac"),
        Format("mp3", "audio/mpeg", ".mp3", _MPEG_RATES),
        Format("ogg", "audio/ogg", ".ogg", (48000,)),
        Format("aac", "audio/aac", ".aac", _MPEG_RATES),
        Format("raw", "audio/pcm", ".pcm"),
    )
}
_ALIASES = {"opus": "ogg", "pcm": "raw", "wave": "wav"}
_SOUNDFILE: dict[str, dict[str, Any]] = {
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    # Constant bit rate (about 128 kbit/s): a stream's header cannot say how long it is, and from a varying rate
    # players compute a false length.
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.65},
    "ogg": {"format": "OGG", "subtype": "OPUS"},
}
_SET_OGG_PAGE_LATENCY_MS = 0x1302
OGG_PAGE_MS = 200.0


def find_format(name: str) -> Format:
    """Return a format by name (opus, pcm and wave are other names of ogg, raw and wav).

    Raises:
        InvalidRequestError: there is none of this name.
    """
    key = name.strip().lower().removeprefix("audio/")
    try:
        return FORMATS[_ALIASES.get(key, key)]
    except KeyError:
        raise InvalidRequestError(
            f"audio format {name!r} is unknown; there are {', '.join(FORMATS)}",
            code="format_unknown",
            found=name,
            expected=", ".join(FORMATS),
        ) from None


def pcm16(samples: Samples) -> bytes:
    """Return 16-bit little-endian samples; what is beyond full scale is cut off.

    Raises:
        EncodingError: a sample is NaN or infinite.
    """
    scaled = np.rint(_numbers(samples) * 32767.0)
    return bytes(np.clip(scaled, -32768, 32767).astype("<i2").tobytes())


def _numbers(samples: Samples) -> Samples:
    """Refuse what would be silence or noise without a word about it."""
    given = np.asarray(samples, np.float32)
    if not np.isfinite(given).all():
        raise EncodingError("the audio holds samples that are not numbers (NaN or Inf); it was not written")
    return given


def wav_header(rate: int, data_bytes: int | None = None) -> bytes:
    """Return the header of mono 16-bit WAV; without a length, the one by which players know a stream."""
    data = UNKNOWN_LENGTH if data_bytes is None else data_bytes
    if data_bytes is not None and data_bytes > UNKNOWN_LENGTH - 36:
        raise EncodingError("a WAV file holds at most 4 GiB; choose flac, or cut the text")
    riff = UNKNOWN_LENGTH if data_bytes is None else data_bytes + 36
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + layout + struct.pack("<4sI", b"data", data)


def encode(samples: Samples, rate: int, form: str) -> bytes:
    """Return a whole file.

    Args:
        samples: (N,) float32, full scale at 1.
        rate: Samples per second.
        form: A name that :func:`find_format` knows.

    Raises:
        InvalidRequestError: unknown format.
        EncodingError: the encoder is not installed, or failed.
    """
    chosen = find_format(form)
    if chosen.name == "wav":
        data = pcm16(samples)
        return wav_header(rate, len(data)) + data
    encoder = StreamEncoder(chosen.name, rate, whole=True)
    try:
        return encoder.write(samples) + encoder.finish()
    finally:
        encoder.close()


class StreamEncoder:
    """Writes audio as it comes: bytes of :meth:`write`, in order, then those of :meth:`finish`, are the stream."""

    def __init__(self, form: str, rate: int, *, whole: bool = False) -> None:
        """Start a stream.

        Args:
            form: A name that :func:`find_format` knows.
            rate: Samples per second of what will be written; a codec that does not take it gets it resampled.
            whole: Everything comes in one piece and is kept: headers state the true length.

        Raises:
            InvalidRequestError: unknown format.
            EncodingError: the encoder is not installed.
        """
        self.format = find_format(form)
        self.media_type = self.format.media_type
        self.rate = codec_rate(self.format, rate)
        self._resampler = StreamResampler(rate, self.rate)
        self._sink = _open_sink(self.format.name, self.rate, whole)
        self._finished = False

    def write(self, samples: Samples) -> bytes:
        """Take (N,) float32 samples and return what of the stream is ready, perhaps nothing.

        Raises:
            EncodingError: a sample is NaN or infinite; the encoder ended.
        """
        return self._sink.write(self._resampler.write(_numbers(samples)))

    def finish(self) -> bytes:
        """Return the rest of the stream; nothing can be written afterwards. A second call returns nothing."""
        if self._finished:
            return b""
        self._finished = True
        return self._sink.write(self._resampler.finish()) + self._sink.finish()

    def close(self) -> None:
        """Give up what the encoder holds; needed where a stream ends early, harmless elsewhere."""
        self._finished = True
        self._sink.close()


def codec_rate(form: Format, rate: int) -> int:
    """Return the rate at which a format holds audio of a rate: the same where it can, else the next higher one."""
    if not form.rates or rate in form.rates:
        return rate
    return next((r for r in sorted(form.rates) if r >= rate), max(form.rates))


class _Sink(Protocol):
    def write(self, samples: Samples) -> bytes: ...
    def finish(self) -> bytes: ...
    def close(self) -> None: ...


def _open_sink(name: str, rate: int, whole: bool) -> _Sink:
    if name == "aac":
        return _AacSink(rate)
    if name in _SOUNDFILE:
        return _SoundfileSink(name, rate, whole)
    return _PcmSink(wav_header(rate) if name == "wav" else b"")


class _PcmSink:
    """Plain samples after a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def write(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + pcm16(samples)

    def finish(self) -> bytes:
        header, self._header = self._header, b""
        return header

    def close(self) -> None:
        pass


class _Outlet(io.RawIOBase):
    """A file whose beginning is handed out as soon as it is written; later corrections to that part are dropped.

    Encoders correct their header with the final length, which a stream cannot take back and does not need.
    """

    name = ""

    def __init__(self, keep: bool) -> None:
        super().__init__()
        self._buffer = bytearray()
        self._given = 0
        self._at = 0
        self._keep = keep

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        end = self._given + len(self._buffer)
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: end}[whence])
        return self._at

    def write(self, data: Any) -> int:
        content = bytes(data)
        begin = self._at - self._given
        self._at += len(content)
        kept = content[max(0, -begin) :]
        begin = max(0, begin)
        if kept:
            self._buffer.extend(bytes(max(0, begin - len(self._buffer))))
            self._buffer[begin : begin + len(kept)] = kept
        return len(content)

    def take(self, last: bool = False) -> bytes:
        """Hand out what is there."""
        if self._keep and not last:
            return b""
        data = bytes(self._buffer)
        self._given += len(data)
        self._buffer.clear()
        return data


def open_soundfile(target: Any, name: str, rate: int) -> Any:
    """Open flac, mp3 or ogg for writing on a file object that can seek.

    Raises:
        EncodingError: the installed libsndfile does not write it.
    """
    try:
        return soundfile.SoundFile(target, "w", rate, 1, closefd=False, **_SOUNDFILE[name])
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise EncodingError(
            f"this libsndfile ({soundfile.__libsndfile_version__}) does not write {name}: {error}; "
            "install soundfile 0.13 or later, or ask for wav"
        ) from None


def bounded(samples: Samples) -> Samples:
    """Return samples within full scale.

    Raises:
        EncodingError: a sample is NaN or infinite.
    """
    return np.clip(_numbers(samples), -1.0, 1.0)


def _shorten_pages(sound: Any) -> None:
    """Let an Ogg stream leave in pieces of 0.2 s instead of 1 s; soundfile has no public name for this setting."""
    try:
        value = soundfile._ffi.new("double *", OGG_PAGE_MS)
        soundfile._snd.sf_command(sound._file, _SET_OGG_PAGE_LATENCY_MS, value, 8)
    except (AttributeError, TypeError):  # a later soundfile: the stream comes in larger pieces
        pass


class _SoundfileSink:
    """flac, mp3 and opus by libsndfile."""

    def __init__(self, name: str, rate: int, whole: bool) -> None:
        self._outlet = _Outlet(keep=whole)
        self._sound = open_soundfile(self._outlet, name, rate)
        if name == "ogg" and not whole:
            _shorten_pages(self._sound)
        self._empty = True

    def write(self, samples: Samples) -> bytes:
        if len(samples):
            self._sound.write(bounded(samples))
            self._empty = False
        return self._outlet.take()

    def finish(self) -> bytes:
        if self._empty:  # without a sample libsndfile writes no header either, and nothing is not a file
            self._sound.write(np.zeros(1, np.float32))
        self._sound.close()
        return self._outlet.take(last=True)

    def close(self) -> None:
        self._sound.close()


class _AacSink:
    """AAC in ADTS frames by ffmpeg; a thread empties its output, so that neither side waits for the other for ever."""

    timeout_s = 60.0

    def __init__(self, rate: int) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise EncodingError("aac needs ffmpeg, which is not installed: apt-get install ffmpeg, or ask for mp3")
        options = ["-nostdin", "-v", "error", "-threads", "1", "-f", "s16le", "-ar", str(rate), "-ac", "1"]
        # Raw samples need no guessing; without this the first seconds are held back for it.
        options += ["-probesize", "32", "-analyzeduration", "0", "-fflags", "+nobuffer", "-i", "pipe:0"]
        output = ["-c:a", "aac", "-b:a", "128k", "-f", "adts", "-flush_packets", "1", "pipe:1"]
        self._process = subprocess.Popen(  # noqa: S603  (an argument list; the program is the installed ffmpeg)
            [program, *options, *output],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._output = bytearray()
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._drain, name="aac-output", daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  (for the type checker)
        with self._process.stdout as stream:
            while data := stream.read(1 << 16):
                with self._lock:
                    self._output += data

    def _take(self) -> bytes:
        with self._lock:
            data = bytes(self._output)
            self._output.clear()
        return data

    def write(self, samples: Samples) -> bytes:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101  (for the type checker)
        data = memoryview(pcm16(samples))
        try:
            while data:
                data = data[stdin.write(data) or 0 :]
        except (BrokenPipeError, ValueError):
            raise EncodingError("ffmpeg ended before the audio did; it could not write aac") from None
        return self._take()

    def finish(self) -> bytes:
        assert self._process.stdin is not None  # noqa: S101  (for the type checker)
        self._process.stdin.close()
        try:
            status = self._process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            self.close()
            raise EncodingError("ffmpeg did not finish writing aac") from None
        self._reader.join(self.timeout_s)
        if status != 0:
            raise EncodingError(f"ffmpeg could not write aac (status {status})")
        return self._take()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._reader.join(self.timeout_s)

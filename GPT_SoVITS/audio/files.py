"""Writing a sound file while its audio comes, complete or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.encode import (
    StreamEncoder,
    bounded,
    codec_rate,
    find_format,
    open_soundfile,
    wav_header,
)
from GPT_SoVITS.audio.resample import StreamResampler

HEADER_BYTES = 44


class AtomicFile:
    """A file that appears under its name when it is complete; until then it lies hidden beside it.

        with AtomicFile(path) as file:
            file.stream.write(...)

    Leaving the block through an exception, or without :meth:`keep`, leaves what was there before.
    """

    def __init__(self, path: Path) -> None:
        """Open a hidden file beside ``path``.

        Raises:
            OSError: the folder is not there or may not be written.
        """
        self.path = path
        # Opened like any other file, so that it has the permissions of any other.
        self._partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        self.stream = self._partial.open("x+b")

    def keep(self) -> None:
        """Put the file in its place."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._partial.replace(self.path)

    def drop(self) -> None:
        """Remove what was written, unless it was kept."""
        self.stream.close()
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()


class SoundFileWriter:
    """Writes a sound file of any format of :mod:`GPT_SoVITS.audio.encode`, its headers complete.

    Memory does not grow with the length. :meth:`finish` makes the file appear; without it nothing is left.
    """

    def __init__(self, path: Path, form: str, rate: int) -> None:
        """Begin a file.

        Args:
            path: Where it is to be.
            form: Its format.
            rate: Samples per second of what will be written; resampled where the codec needs it.

        Raises:
            InvalidRequestError: unknown format.
            EncodingError: the encoder is not installed.
            OSError: the folder is not there or may not be written.
        """
        self.path = path
        self._format = find_format(form)
        self._file = AtomicFile(path)
        self._bytes = 0
        try:
            self._open(codec_rate(self._format, rate), rate)
        except BaseException:
            self._file.drop()
            raise

    def _open(self, rate: int, source_rate: int) -> None:
        self._rate = rate
        self._sound: Any = None
        self._stream: StreamEncoder | None = None
        if self._format.name in ("flac", "mp3", "ogg"):
            self._resampler = StreamResampler(source_rate, rate)
            self._sound = open_soundfile(self._file.stream, self._format.name, rate)
        else:
            self._stream = StreamEncoder(self._format.name, source_rate)

    def write(self, samples: NDArray[np.float32]) -> None:
        """Add (N,) float32 samples."""
        if self._stream is not None:
            self._bytes += self._file.stream.write(self._stream.write(samples))
        elif len(ready := self._resampler.write(samples)):
            self._sound.write(bounded(ready))

    def finish(self) -> None:
        """Complete the file and put it in its place."""
        if self._stream is not None:
            self._bytes += self._file.stream.write(self._stream.finish())
            if self._format.name == "wav":
                self._file.stream.seek(0)
                self._file.stream.write(wav_header(self._rate, self._bytes - HEADER_BYTES))
        else:
            rest = self._resampler.finish()
            # Without a sample libsndfile writes no header either, and nothing is not a file.
            self._sound.write(bounded(rest) if len(rest) or self._sound.frames else np.zeros(1, np.float32))
            self._sound.close()
        self._file.keep()

    def drop(self) -> None:
        """Give the file up; harmless after :meth:`finish`."""
        if self._stream is not None:
            self._stream.close()
        elif self._sound is not None:
            self._sound.close()
        self._file.drop()

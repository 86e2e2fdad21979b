"""Where speech goes: into a file that is complete or not there, or out of the standard output as it comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.encode import StreamEncoder
from GPT_SoVITS.audio.files import SoundFileWriter
from GPT_SoVITS.audio.resample import StreamResampler

Samples = NDArray[np.float32]


class Writer(Protocol):
    """Takes the audio of one sample rate."""

    def write(self, samples: Samples) -> None: ...
    def finish(self) -> None: ...
    def drop(self) -> None: ...


class StreamWriter:
    """Writes encoded audio to a stream as soon as there is some."""

    def __init__(self, stream: BinaryIO, form: str, rate: int) -> None:
        self._stream = stream
        self._encoder = StreamEncoder(form, rate)

    def write(self, samples: Samples) -> None:
        """Encode and send."""
        self._send(self._encoder.write(samples))

    def finish(self) -> None:
        """Send the rest."""
        self._send(self._encoder.finish())

    def drop(self) -> None:
        """Give the stream up where it is."""
        self._encoder.close()

    def _send(self, data: bytes) -> None:
        if data:
            self._stream.write(data)
            self._stream.flush()


def to_file(path: Path, form: str) -> Callable[[int], Writer]:
    """Open a file when the sample rate is known."""
    return lambda rate: SoundFileWriter(path, form, rate)


def to_stream(stream: BinaryIO, form: str) -> Callable[[int], Writer]:
    """Begin a stream when the sample rate is known."""
    return lambda rate: StreamWriter(stream, form, rate)


class Sink:
    """Passes audio on to its writers, at the sample rate of the first audio there is.

    Attributes:
        rate: Samples per second; 0 until the first :meth:`begin`.
        samples: Written so far, at that rate.
    """

    def __init__(self, openers: list[Callable[[int], Writer]]) -> None:
        self.rate = 0
        self.samples = 0
        self._openers = openers
        self._writers: list[Writer] = []
        self._resampler = StreamResampler(1, 1)

    @property
    def seconds(self) -> float:
        """How much has been written."""
        return self.samples / self.rate if self.rate else 0.0

    def begin(self, rate: int) -> None:
        """Say at which rate the audio comes from now on; voices may differ."""
        if not self.rate:
            self.rate = rate
            for opener in self._openers:
                self._writers.append(opener(rate))
        self._pass_on(self._resampler.finish())
        self._resampler = StreamResampler(rate, self.rate)

    def write(self, samples: Samples) -> None:
        """Take (N,) float32 samples."""
        self._pass_on(self._resampler.write(samples))

    def finish(self) -> None:
        """Everything was written; files appear now."""
        self._pass_on(self._resampler.finish())
        for writer in self._writers:
            writer.finish()

    def drop(self) -> None:
        """Leave nothing behind; harmless after :meth:`finish`."""
        for writer in self._writers:
            writer.drop()

    def _pass_on(self, samples: Samples) -> None:
        self.samples += len(samples)
        if len(samples):
            for writer in self._writers:
                writer.write(samples)

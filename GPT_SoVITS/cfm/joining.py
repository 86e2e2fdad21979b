"""The audio of a text's chunks while later ones are not there yet."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.cfm.chunks import cross_faded
from GPT_SoVITS.features.spectrogram import denormalise_mel

Array = np.ndarray[Any, np.dtype[Any]]


class PiecewiseVocoder(Protocol):
    """What this needs to know of a vocoder."""

    samples_per_frame: int
    halo: int

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield the audio of mel (bins, T) piece by piece."""
        ...


class GrowingAudio:
    """Audio of the chunks so far; all of it together is what ``chunks.join`` makes of all chunks at once.

    What a chunk's end still depends on is kept back: the frames that the next chunk shares with it, and those whose
    samples see into the next chunk.

    Args:
        vocoder: Makes the audio.
        length: Frames of a chunk.
        overlap: Frames that neighbours share, and frames of silence before the text.
    """

    def __init__(self, vocoder: PiecewiseVocoder, length: int, overlap: int) -> None:
        self._vocoder, self._length, self._overlap = vocoder, length, overlap
        self._rate = vocoder.samples_per_frame
        self._mel: list[Array] = []
        self._audio: list[Array] = []
        self._frames = 0  # of audio
        self._given = overlap * self._rate  # the silence before the text is not for a listener

    def add(self, mel: Array) -> Generator[None, None, Array]:
        """Take a chunk (length, bins) that others follow, normalised; the generator's value is the next audio."""
        self._mel.append(mel)
        yield from self._speak(len(self._mel) * self._length - self._vocoder.halo)
        return self._next(max(self._overlap - self._vocoder.halo, 0))

    def end(self, mel: Array, spoken: int, beyond: int) -> Generator[None, None, Array]:
        """Take the last chunk; the generator's value is the rest of the audio.

        Args:
            mel: (length, bins), normalised.
            spoken: Frames of it that are needed.
            beyond: How many of those are behind the text.
        """
        self._mel.append(mel)
        yield from self._speak((len(self._mel) - 1) * self._length + spoken)
        return self._next(beyond)

    def _speak(self, frames: int) -> Generator[None, None, None]:
        """Make audio up to a frame, with what its samples depend on around it."""
        halo = self._vocoder.halo
        first = max(self._frames - halo, 0)
        mel = np.concatenate(self._mel)[first : frames + halo]
        parts = []
        for part in self._vocoder.stream(denormalise_mel(mel.T)):
            parts.append(part)
            yield
        self._audio.append(np.concatenate(parts)[(self._frames - first) * self._rate : (frames - first) * self._rate])
        self._frames = frames

    def _next(self, kept: int) -> Array:
        """Join what there is and return what is new, but for the last ``kept`` frames."""
        audio, size = np.concatenate(self._audio), self._length * self._rate
        parts = [audio[at : at + size] for at in range(0, len(audio), size)]
        joined = cross_faded(parts, self._overlap * self._rate)
        new = joined[self._given : len(joined) - kept * self._rate]
        self._given += len(new)
        return new

"""MDX-Net models in ONNX form (the official ``onnx_dereverb_By_FoxJoy``): a voice without reverberation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from GPT_SoVITS.separation.errors import SeparationError
from GPT_SoVITS.separation.parts import Parts
from GPT_SoVITS.separation.stft import hann

N_FFT, HOP = 6144, 1024
BINS, FRAMES = 3072, 512
"""What the network sees: bins of one channel and frames of one chunk."""
CHUNK = HOP * (FRAMES - 1)
TRIM = N_FFT // 2
INNER = CHUNK - 2 * TRIM
"""Samples of a chunk that are kept."""
SEGMENT, OVERLAP = 15 * 44100, 44100
"""Samples that are worked on at a time, and samples that two such segments share."""
Network = Callable[[np.ndarray], np.ndarray]
"""(1, 4, 3072, 512) float32 -> the same shape: real and imaginary parts of both channels."""
_WINDOW = hann(N_FFT)


def spectra(chunk: np.ndarray) -> np.ndarray:
    """Samples of two channels (2, CHUNK) -> (1, 4, BINS, FRAMES) float32, with ``torch.stft``'s numbers."""
    padded = np.pad(chunk, ((0, 0), (N_FFT // 2, N_FFT // 2)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT, axis=1)[:, ::HOP]
    spectrum = np.fft.rfft(frames * _WINDOW).transpose(0, 2, 1)[:, :BINS]
    parts = np.stack([spectrum.real, spectrum.imag], 1)
    return np.ascontiguousarray(parts.reshape(1, 4, BINS, FRAMES), np.float32)


def waves(spectrum: np.ndarray) -> np.ndarray:
    """(1, 4, BINS, FRAMES) -> (2, CHUNK) float32; bins that the network does not give are silent."""
    parts = spectrum.reshape(2, 2, BINS, FRAMES).astype(np.float64)
    full = np.zeros((2, N_FFT // 2 + 1, FRAMES), np.complex128)
    full[:, :BINS] = parts[:, 0] + 1j * parts[:, 1]
    pieces = np.fft.irfft(full.transpose(0, 2, 1), N_FFT) * _WINDOW
    wave, weight = np.zeros((2, CHUNK + N_FFT)), np.zeros(CHUNK + N_FFT)
    for number in range(FRAMES):
        place = slice(number * HOP, number * HOP + N_FFT)
        wave[:, place] += pieces[:, number]
        weight[place] += _WINDOW**2
    heard = slice(N_FFT // 2, N_FFT // 2 + CHUNK)
    return np.asarray(wave[:, heard] / weight[heard], np.float32)


class MdxSeparator:
    """Separates recordings with an MDX-Net model.

    Args:
        network: The model.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, wave: np.ndarray, tick: Callable[[float], None] = lambda part: None) -> Parts:
        """Separate a recording; see :class:`GPT_SoVITS.separation.vr.VrSeparator`."""
        total, kept = wave.shape[1], []
        for start, before, end, after in segments(total):
            part = self._segment(wave[:, start - before : end + after])
            kept.append(part[:, before : before + end - start])
            tick(end / total)
        whole = np.concatenate(kept, 1)
        return Parts(whole, wave - whole)

    def _segment(self, wave: np.ndarray) -> np.ndarray:
        samples = wave.shape[1]
        missing = INNER - samples % INNER
        padded = np.pad(wave, ((0, 0), (TRIM, missing + TRIM)))
        parts = []
        for start in range(0, samples + missing, INNER):
            spectrum = spectra(padded[:, start : start + CHUNK])
            # The mean over both signs halves the network's own noise.
            denoised = (self._network(spectrum) - self._network(-spectrum)) * 0.5
            parts.append(waves(denoised)[:, TRIM:-TRIM])
        return np.concatenate(parts, 1)[:, :samples]


def segments(total: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, samples heard before it, end, samples heard after it) over a recording of ``total`` samples."""
    start = 0
    while start < total:
        before = min(OVERLAP, start)
        if start + SEGMENT + OVERLAP >= total:  # what follows would be heard already
            yield start, before, total, 0
            return
        yield start, before, start + SEGMENT, OVERLAP
        start += SEGMENT


def open_mdx(folder: Path) -> MdxSeparator:
    """Open ``vocals.onnx`` of a model's folder.

    Raises:
        SeparationError: the file or the package ``onnxruntime`` is missing, or the file is no such model.
    """
    path = folder / "vocals.onnx"
    if not path.is_file():
        raise SeparationError(f"{folder.name} holds no vocals.onnx")
    try:
        import onnxruntime
    except ImportError as error:
        raise SeparationError(f"{folder.name} needs the package onnxruntime; install it") from error
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        shape = session.get_inputs()[0].shape
    except Exception as error:
        raise SeparationError(f"{path.name} is no ONNX model: {error}") from error
    if list(shape[1:]) != [4, BINS, FRAMES]:
        raise SeparationError(f"{path.name} takes {shape}; an MDX-Net of uvr5 takes [batch, 4, {BINS}, {FRAMES}]")
    name = session.get_inputs()[0].name
    return MdxSeparator(lambda spectrum: np.asarray(session.run(None, {name: spectrum})[0]))

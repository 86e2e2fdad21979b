"""A VR model applied to a recording: window after window a mask, and two waves."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np

from convert import load
from convert.storage import Tensor
from convert.tree import Checkpoint
from GPT_SoVITS.separation.arrays import VrConfig, fold_batch_norms, read_config
from GPT_SoVITS.separation.bands import BINS, SPLIT_BIN, BandSpectrum, analyse, synthesise
from GPT_SoVITS.separation.errors import SeparationError
from GPT_SoVITS.separation.parts import Parts

WINDOW = 512
"""Frames that a network sees at once."""
MARGIN = {"aspp": 128, "lstm": 64}
"""Frames at either end of a window that are thrown away."""
AGGRESSIVENESS = (0, 20)
Tick = Callable[[float], None]
"""Told the part that is done, 0..1; may raise to cancel."""


class VrSeparator:
    """Separates recordings with one of the official VR models.

    Args:
        mask: Magnitudes (1, 2, 672, 512) float32 -> mask of the same shape.
        config: Sizes of the network.
        aggressiveness: 0 to 20; what is not the voice is suppressed the more, the larger.

    Raises:
        SeparationError: the aggressiveness is out of range.
    """

    def __init__(self, mask: Callable[[np.ndarray], np.ndarray], config: VrConfig, aggressiveness: int = 10) -> None:
        low, high = AGGRESSIVENESS
        if not low <= aggressiveness <= high:
            raise SeparationError(f"agg is {aggressiveness}; it goes from {low} to {high}")
        self._mask, self._margin = mask, MARGIN[config.family]
        value = aggressiveness / 100
        # The official DeEcho networks take this value and do not use it.
        powers = (1 + value / 3, 1 + value) if config.family == "aspp" else (1.0, 1.0)
        self._power = np.full((1, BINS, 1), powers[1], np.float32)
        self._power[:, :SPLIT_BIN] = powers[0]

    def __call__(self, wave: np.ndarray, tick: Tick = lambda part: None) -> Parts:
        """Separate a recording.

        Args:
            wave: Samples of two channels at 44.1 kHz, (2, n) float32.
            tick: Told how far it is.
        """
        spectrum = analyse(wave)
        kept = self._kept(np.abs(spectrum.combined), tick)
        phase = np.exp(1j * np.angle(spectrum.combined))
        first = kept * phase
        return Parts(self._wave(first, spectrum), self._wave(spectrum.combined - first, spectrum))

    def _wave(self, part: np.ndarray, spectrum: BandSpectrum) -> np.ndarray:
        return synthesise(part, spectrum.high_end)

    def _kept(self, magnitudes: np.ndarray, tick: Tick) -> np.ndarray:
        """Magnitudes (2, 673, frames) -> those of the part that the network's mask keeps, of the same shape."""
        frames, inner = magnitudes.shape[2], WINDOW - 2 * self._margin
        loudest = float(magnitudes.max())
        if loudest == 0.0:
            return magnitudes
        windows = ceil(frames / inner)
        padded = np.zeros((2, BINS + 1, windows * inner + 2 * self._margin), np.float32)
        padded[:, :, self._margin : self._margin + frames] = magnitudes / loudest
        kept = np.empty((2, BINS + 1, windows * inner), np.float32)
        for number in range(windows):
            start = number * inner
            mask = self._mask(np.ascontiguousarray(padded[None, :, :BINS, start : start + WINDOW]))[0]
            mask = np.concatenate([mask, mask[:, -1:]], 1)[:, :, self._margin : self._margin + inner]
            heard = padded[:, :, start + self._margin : start + self._margin + inner]
            power = np.concatenate([self._power, self._power[:, -1:]], 1)
            kept[:, :, start : start + inner] = mask**power * heard
            tick((number + 1) / windows)
        return kept[:, :, :frames] * loudest


def _arrays(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    tree = checkpoint.tree
    if isinstance(tree, dict) and isinstance(tree.get("state_dict"), dict):
        tree = tree["state_dict"]
    if not isinstance(tree, dict):
        raise SeparationError(f"{checkpoint.path.name} holds no names of layers; it is no model of uvr5")
    return {str(key): value.array() for key, value in tree.items() if isinstance(value, Tensor)}


def open_vr(path: Path, aggressiveness: int = 10) -> VrSeparator:
    """Open an official VR model (``.pth``).

    Raises:
        SeparationError: the aggressiveness is out of range, or the file is no such model.
        CheckpointError: the file is damaged or of an unknown format.
        WeightsError: its arrays fit no network.
    """
    from GPT_SoVITS import compiled
    from GPT_SoVITS.layers.parameters import load_arrays
    from GPT_SoVITS.separation.network import network

    arrays = _arrays(load(path))
    config = read_config(arrays)
    cell = network(config)
    load_arrays(cell, fold_batch_norms(arrays))
    graph = compiled.compile_cell(cell)
    return VrSeparator(lambda x: np.asarray(graph(compiled.to_tensor(x)).asnumpy()), config, aggressiveness)

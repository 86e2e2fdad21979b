"""BigVGAN in native code: tiled convolutions and one pass over the signal for every activation."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.layers.weights import check_shapes
from GPT_SoVITS.native.library import NativeLibrary
from GPT_SoVITS.sovits.native_vocoder import VocoderUnavailableError, sizes_for_native
from GPT_SoVITS.vocoders.config import BigVganConfig
from GPT_SoVITS.vocoders.filters import GAIN, low_pass
from GPT_SoVITS.vocoders.reference_bigvgan import NO_DIVISION_BY_ZERO
from GPT_SoVITS.vocoders.shapes import bigvgan_shapes

Array = np.ndarray[Any, np.dtype[Any]]
_MESSAGE = 256
_FLOATS = ctypes.POINTER(ctypes.c_float)


def _functions(handle: ctypes.CDLL) -> ctypes.CDLL:
    pointer, message = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    handle.gs_bigvgan_new.restype = pointer
    handle.gs_bigvgan_new.argtypes = (pointer, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int, *message)
    handle.gs_bigvgan_bytes.restype = ctypes.c_longlong
    handle.gs_bigvgan_delete.argtypes = handle.gs_bigvgan_bytes.argtypes = (pointer,)
    handle.gs_bigvgan_run.argtypes = (pointer, _FLOATS, ctypes.c_longlong, _FLOATS, *message)
    return handle


class NativeBigVgan:
    """Weights are held once, in the form that the code reads; calls take turns.

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded; not needed afterwards.
        library: A loaded native library.

    Raises:
        WeightsError: the arrays do not fit the sizes.
        VocoderUnavailableError: the code cannot do these sizes, or memory ran out.
    """

    def __init__(self, config: BigVganConfig, arrays: Mapping[str, Array], library: NativeLibrary) -> None:
        if library.handle is None:
            raise VocoderUnavailableError(library.reason)
        check_shapes("BigVGAN", bigvgan_shapes(config), arrays)
        self.config, self.isa = config, library.isa
        self._code, self._turn = _functions(library.handle), threading.Lock()
        given = _in_order(config, arrays)
        pointers = (ctypes.c_void_p * len(given))(*(array.ctypes.data for array in given))
        sizes = sizes_for_native(config.generator)
        message = ctypes.create_string_buffer(_MESSAGE)
        self._network = self._code.gs_bigvgan_new(
            (ctypes.c_int * len(sizes))(*sizes),
            len(sizes),
            int(config.tangent),
            pointers,
            len(given),
            message,
            _MESSAGE,
        )
        if not self._network:
            raise VocoderUnavailableError(message.value.decode(errors="replace"))
        self.nbytes = int(self._code.gs_bigvgan_bytes(self._network))
        weakref.finalize(self, self._code.gs_bigvgan_delete, self._network).atexit = False

    def __call__(self, mel: Array) -> Array:
        """Mel (bins, T) -> audio (samples,), all at once."""
        rows = np.asarray(mel.T, np.float32, order="C")
        if rows.ndim != 2 or rows.shape[1] != self.config.generator.input_channels or not len(rows):
            raise ValueError(
                f"a mel of shape {mel.shape}, expected ({self.config.generator.input_channels}, at least 1)"
            )
        audio = np.empty(len(rows) * self.config.generator.samples_per_frame, np.float32)
        message = ctypes.create_string_buffer(_MESSAGE)
        with self._turn:
            status = self._code.gs_bigvgan_run(
                self._network,
                rows.ctypes.data_as(_FLOATS),
                len(rows),
                audio.ctypes.data_as(_FLOATS),
                message,
                _MESSAGE,
            )
        if status < 0:
            raise MemoryError(f"native BigVGAN: {message.value.decode(errors='replace')}")
        return audio


def _in_order(config: BigVganConfig, arrays: Mapping[str, Array]) -> list[Array]:
    given: list[Array] = []
    for key in bigvgan_shapes(config):
        array = np.asarray(arrays[key], np.float32)
        if key.endswith(".alpha"):
            array = np.exp(array)
        elif key.endswith(".beta"):
            array = np.float32(1.0) / (np.exp(array) + np.float32(NO_DIVISION_BY_ZERO))
        given.append(np.ascontiguousarray(array))
    if not config.generator.post_bias:
        given.append(np.zeros(1, np.float32))
    return [*given, np.ascontiguousarray(low_pass() * np.float32(GAIN)), np.array(low_pass())]

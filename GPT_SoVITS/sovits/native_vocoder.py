"""The generator in native code: fewer products, no compilation, no padding, frames in pieces of any length.

Windows of the compiled graph compute their halos twice. The native generator is a stream instead: every layer keeps the
few rows that the next frames need. What it computes and why it is fast is in ``docs/NATIVE.md``.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import weakref
from collections.abc import Generator as Steps
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.execution import Machine, form_of
from GPT_SoVITS.layers.weights import WeightsError, check_results
from GPT_SoVITS.native import library as native_code
from GPT_SoVITS.native.library import NativeLibrary
from GPT_SoVITS.sovits.config import GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.reference_generator import generate
from GPT_SoVITS.sovits.shapes import generator_shapes
from GPT_SoVITS.sovits.vocoder import FramesToAudio
from GPT_SoVITS.sovits.windows import halo

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
PREFIX = "dec."
PIECE = 32
"""Frames per call: 0.64 s of audio, so that between two calls decoding steps get their turn."""
CHECK_FRAMES = 3
CHECK_TOLERANCE = 1e-4
"""Largest difference that the self-check accepts in audio within 1; about 1e-6 is usual."""
_MESSAGE = 256
_FLOATS = ctypes.POINTER(ctypes.c_float)


class VocoderUnavailableError(RuntimeError):
    """Native code was asked for by name and cannot be used; the message says why."""


def generator_arrays(config: GeneratorConfig, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the generator's arrays as contiguous float32 in the native order.

    Raises:
        WeightsError: any is missing, unexpected or misshapen.
    """
    shapes = generator_shapes(config)
    found = {key.removeprefix(PREFIX): value for key, value in arrays.items() if key.startswith(PREFIX)}
    problems = [f"missing: {PREFIX}{key} {shapes[key]}" for key in shapes if key not in found]
    problems += [f"unexpected: {PREFIX}{key} {found[key].shape}" for key in found if key not in shapes]
    problems += [
        f"misshapen: {PREFIX}{key} is {found[key].shape}, the network has {shape}"
        for key, shape in shapes.items()
        if key in found and found[key].shape != shape
    ]
    if problems:
        raise WeightsError(f"weights do not fit the generator: {'; '.join(problems[:20])}")
    return {key: np.ascontiguousarray(found[key], np.float32) for key in shapes}


def _in_order(config: GeneratorConfig, arrays: Mapping[str, Array]) -> list[Array]:
    """All arrays that native code wants; zeros for a condition or a last bias that the network does not have."""
    given = dict(generator_arrays(config, arrays))
    if not config.condition_channels:
        given["cond.weight"] = np.zeros((config.initial_channels, 1, 1), np.float32)
        given["cond.bias"] = np.zeros(config.initial_channels, np.float32)
    given.setdefault("conv_post.bias", np.zeros(1, np.float32))
    names = ("conv_pre", "cond")
    first = [f"{name}.{part}" for name in names for part in ("weight", "bias")]
    last = ["conv_post.weight", "conv_post.bias"]
    return [given[key] for key in (*first, *(key for key in given if key not in (*first, *last)), *last)]


def sizes_for_native(config: GeneratorConfig) -> list[int]:
    """Return the list of sizes that native code reads (``read_sizes`` in ``vocoder_api.h``)."""
    sizes = [config.input_channels, config.initial_channels, max(1, config.condition_channels)]
    sizes += [len(config.upsample_rates), len(config.resblock_kernel_sizes)]
    sizes += [*config.upsample_rates, *config.upsample_kernel_sizes, *config.resblock_kernel_sizes]
    for dilations in config.resblock_dilation_sizes:
        sizes += [len(dilations), *dilations]
    return sizes


def _functions(handle: ctypes.CDLL) -> ctypes.CDLL:
    pointer, message = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    handle.gs_vocoder_new.restype = handle.gs_vocoder_open.restype = pointer
    handle.gs_vocoder_push.restype = handle.gs_vocoder_bytes.restype = ctypes.c_longlong
    handle.gs_vocoder_new.argtypes = (pointer, ctypes.c_int, pointer, ctypes.c_int, *message)
    handle.gs_vocoder_open.argtypes = (pointer, _FLOATS, *message)
    handle.gs_vocoder_push.argtypes = (
        pointer, _FLOATS, ctypes.c_longlong, ctypes.c_int, _FLOATS, ctypes.c_longlong, *message,
    )  # fmt: skip
    for name in ("gs_vocoder_delete", "gs_vocoder_close", "gs_vocoder_bytes"):
        getattr(handle, name).argtypes = (pointer,)
    return handle


def _floats(array: Array) -> Any:
    return array.ctypes.data_as(_FLOATS)


class NativeGenerator:
    """The generator of native code; a :class:`FramesToAudio` that also streams.

    Several streams may be open at once; their calls take turns. Weights are held once, in the form the code reads.

    Args:
        config: Sizes.
        arrays: Official arrays with their ``dec.`` prefix, weight norm folded; not needed afterwards.
        library: A loaded native library.

    Raises:
        WeightsError: the arrays do not fit the sizes.
        VocoderUnavailableError: the code cannot do these sizes, or memory ran out.
    """

    def __init__(self, config: GeneratorConfig, arrays: Mapping[str, Array], library: NativeLibrary) -> None:
        if library.handle is None:
            raise VocoderUnavailableError(library.reason)
        self.config, self.isa = config, library.isa
        self._code, self._turn = _functions(library.handle), threading.Lock()
        self._halo = halo(config)
        given = _in_order(config, arrays)
        pointers = (ctypes.c_void_p * len(given))(*(array.ctypes.data for array in given))
        sizes = sizes_for_native(config)
        message = ctypes.create_string_buffer(_MESSAGE)
        self._vocoder = self._code.gs_vocoder_new(
            (ctypes.c_int * len(sizes))(*sizes), len(sizes), pointers, len(given), message, _MESSAGE
        )
        if not self._vocoder:
            raise VocoderUnavailableError(message.value.decode(errors="replace"))
        self.nbytes = int(self._code.gs_vocoder_bytes(self._vocoder))
        weakref.finalize(self, self._code.gs_vocoder_delete, self._vocoder).atexit = False

    def stream(self, frames: Array, condition: Array, piece: int = PIECE) -> Steps[Array, None, None]:
        """Yield audio (samples,) as frames (C, T) in a voice (gin,) become certain, ``piece`` frames at a time."""
        if frames.ndim != 2 or frames.shape[0] != self.config.input_channels or not frames.shape[1]:
            raise ValueError(
                f"latent frames of shape {frames.shape}, expected ({self.config.input_channels}, at least 1)"
            )
        rows = np.asarray(frames.T, np.float32, order="C")
        voice = np.ascontiguousarray(condition, np.float32).reshape(-1)
        if not self.config.condition_channels:
            voice = np.zeros(1, np.float32)
        elif voice.shape != (self.config.condition_channels,):
            raise ValueError(f"condition of shape {condition.shape}, expected ({self.config.condition_channels},)")
        session, left = self._open(voice), len(rows) * self.config.samples_per_frame
        try:
            for start in range(0, len(rows), piece):
                audio = self._push(session, rows[start : start + piece], start + piece >= len(rows), left)
                left -= len(audio)
                if len(audio):
                    yield audio
        finally:
            self._code.gs_vocoder_close(session)

    def __call__(self, frames: Array, condition: Array, mask: Array | None = None) -> Array:
        """Frames (1, C, T), condition (1, gin, 1), mask (1, 1, T) of ones, then zeros -> (1, 1, samples)."""
        total = frames.shape[2]
        count = total if mask is None else int(np.count_nonzero(mask))
        if mask is not None and not np.all(mask[0, 0, :count]):
            raise ValueError("a mask must be ones followed by zeros")
        audio = np.zeros((1, 1, total * self.config.samples_per_frame), np.float32)
        if count:
            parts = list(self.stream(frames[0, :, :count], condition))
            audio[0, 0, : count * self.config.samples_per_frame] = np.concatenate(parts)
        return audio

    def _open(self, voice: Array) -> int:
        message = ctypes.create_string_buffer(_MESSAGE)
        session = self._code.gs_vocoder_open(self._vocoder, _floats(voice), message, _MESSAGE)
        if not session:
            raise MemoryError(message.value.decode(errors="replace"))
        return int(session)

    def _push(self, session: int, rows: Array, last: bool, left: int) -> Array:
        # What becomes certain: these rows and what was held back, which is a little more than a halo.
        audio = np.empty(min(left, (len(rows) + 2 * self._halo) * self.config.samples_per_frame), np.float32)
        message = ctypes.create_string_buffer(_MESSAGE)
        with self._turn:
            written = self._code.gs_vocoder_push(
                session, _floats(rows), len(rows), int(last), _floats(audio), len(audio), message, _MESSAGE
            )
        if written < 0:
            raise RuntimeError(f"native vocoder: {message.value.decode(errors='replace')}")
        return audio[:written]


@dataclass(frozen=True)
class ChosenVocoder:
    """How frames become audio on this machine.

    Attributes:
        run: Runs the generator.
        description: What it is, in a few words.
        nbytes: Bytes of weights held.
        reason: Why it is not native code; empty when it is.
    """

    run: FramesToAudio
    description: str
    nbytes: int
    reason: str = ""


def choose_vocoder(
    config: SovitsConfig, arrays: Mapping[str, Array], choice: str = "auto", dtype: type = np.float32
) -> ChosenVocoder:
    """Return the fastest generator that gives the right audio here.

    Args:
        config: Sizes of the synthesizer.
        arrays: Its arrays under official names, weight norm folded.
        choice: ``auto`` falls back to the compiled graph; ``native`` and ``graph`` (or ``jit``) insist.
        dtype: numpy float type of the compiled graph's weights; native code computes in float32 only.

    Raises:
        WeightsError: the arrays do not fit the sizes.
        VocoderUnavailableError: ``native`` was asked for and cannot be used.
        ValueError: ``choice`` names no form.
    """
    form = form_of(choice)
    reason = "the compiled graph was asked for"
    if form != "graph":
        native, reason = _native(config.generator, arrays, dtype)
        if native is not None:
            return ChosenVocoder(native, f"native vocoder ({native.isa})", native.nbytes)
        if form == "native":
            raise VocoderUnavailableError(reason)
        logger.info("vocoder: compiled graph, because %s", reason)
    from GPT_SoVITS.sovits.generator_graph import GeneratorGraph

    graph = GeneratorGraph.from_arrays(config, arrays, PREFIX, dtype)
    return ChosenVocoder(graph, "compiled graph", graph.nbytes, reason)


def _native(config: GeneratorConfig, arrays: Mapping[str, Array], dtype: type) -> tuple[NativeGenerator | None, str]:
    missing = Machine.here().why_not_native
    if missing:
        return None, missing
    if dtype != np.float32:
        return None, f"native code computes in float32, not {np.dtype(dtype).name}"
    try:
        native = NativeGenerator(config, arrays, native_code.load())
    except VocoderUnavailableError as error:
        return None, str(error)
    worst = self_check(native, arrays)
    if not worst <= CHECK_TOLERANCE:  # also where it is not a number
        return None, f"the self-check of native code found a difference of {worst:.2g}"
    return native, ""


def self_check(native: NativeGenerator, arrays: Mapping[str, Array]) -> float:
    """Return the largest difference from the plain formulation over a few random frames, pushed in uneven pieces.

    Raises:
        NotFiniteResultsError: the plain formulation gives no finite samples either.
    """
    config = native.config
    rng = np.random.default_rng(1)
    frames = rng.standard_normal((config.input_channels, CHECK_FRAMES)).astype(np.float32)
    condition = rng.standard_normal(config.condition_channels).astype(np.float32)
    with np.errstate(all="ignore"):
        expected = generate(config, generator_arrays(config, arrays), frames, condition)
    check_results("samples", expected)
    audio = np.concatenate(list(native.stream(frames, condition, piece=2)))
    return float(np.abs(audio - expected).max())

"""The native text-to-semantic transformer from numpy: weights, sessions, prefill and step.

This knows nothing of MindSpore. Arrays go in and come out; the calls release the interpreter lock. A session is used by
one thread at a time.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Precision = Literal["fp32", "fp16", "int8"]
_PRECISIONS: dict[str, int] = {"fp32": 0, "fp16": 1, "int8": 2}
INT8_GROUP = 64
"""Weights of one output that share a scale; at most 128, so that 32-bit sums cannot overflow."""

# Kinds of tensors in the order of the native enumeration; biases come before the weights they are packed with.
_LAYER_KINDS = (
    (1, "self_attn.in_proj_bias"), (0, "self_attn.in_proj_weight"), (3, "self_attn.out_proj.bias"),
    (2, "self_attn.out_proj.weight"), (5, "linear1.bias"), (4, "linear1.weight"), (7, "linear2.bias"),
    (6, "linear2.weight"), (8, "norm1.weight"), (9, "norm1.bias"), (10, "norm2.weight"), (11, "norm2.bias"),
)  # fmt: skip
_KINDS = (
    (12, "ar_predict_layer.weight"), (14, "bert_proj.bias"), (13, "bert_proj.weight"),
    (15, "ar_text_embedding.word_embeddings.weight"), (16, "ar_audio_embedding.word_embeddings.weight"),
)  # fmt: skip
_POSITIONS, _ALPHAS = 17, 18

_NO_MEMORY = -1
_Pointer = ctypes.c_void_p


class NativeError(RuntimeError):
    """The native code refused; the message says what was asked."""


@dataclass(frozen=True)
class Sizes:
    """Dimensions of the transformer."""

    dim: int
    heads: int
    layers: int
    ffn: int
    vocab: int
    bert_dim: int
    phonemes: int


def _declare(library: ctypes.CDLL) -> None:
    """Give the functions their argument types: without them ctypes would cut pointers to 32 bits."""
    whole, long = ctypes.c_int, ctypes.c_int64
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "t2s_model_new": (_Pointer, [_Pointer, whole, whole, whole]),
        "t2s_model_free": (None, [_Pointer]),
        "t2s_model_bytes": (long, [_Pointer]),
        "t2s_model_set": (long, [_Pointer, whole, whole, _Pointer, long]),
        "t2s_model_free_bytes": (long, [_Pointer]),
        "t2s_model_keep_bytes": (None, [_Pointer, long]),
        "t2s_session_new": (_Pointer, [_Pointer, whole, whole]),
        "t2s_session_free": (None, [_Pointer]),
        "t2s_session_id": (long, [_Pointer]),
        "t2s_session_bytes": (long, [_Pointer]),
        "t2s_session_release": (None, [_Pointer, whole]),
        "t2s_step": (whole, [_Pointer, whole, _Pointer, _Pointer, _Pointer, _Pointer, _Pointer, whole]),
        "t2s_prefill_new": (_Pointer, [_Pointer, whole, _Pointer, whole, _Pointer, whole, _Pointer, whole]),
        "t2s_prefill_run": (whole, [_Pointer, whole, _Pointer, whole]),
        "t2s_prefill_free": (None, [_Pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def _as(array: npt.ArrayLike, dtype: type) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array, dtype)


def _check(status: int, asked: str) -> int:
    if status == _NO_MEMORY:
        raise MemoryError(f"no memory for {asked}")
    if status < 0:
        raise NativeError(f"the native code refused {asked}: an argument is out of range")
    return status


class NativeDecoder:
    """Packed weights; see ``src/t2s.h``.

    Args:
        library: The loaded library.
        sizes: Dimensions.
        arrays: Weights under the network's parameter names, float16 or float32.
        positions: Sine positions (count, dim).
        precision: How the matrices are held. ``fp16`` is exact when the weights came from float16 files.
        half_cache: Keys and values in float16; by default unless the precision is ``fp32``.
        threads: Threads of every call; 0 for as many as the process may use.

    Attributes:
        inexact: Weights that the precision cannot hold exactly.

    Raises:
        NativeError: a weight is not finite in this precision, or an array has the wrong size.
        MemoryError: there is no room.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        sizes: Sizes,
        arrays: Mapping[str, npt.NDArray[Any]],
        positions: npt.NDArray[Any],
        precision: Precision,
        *,
        half_cache: bool | None = None,
        threads: int = 0,
    ) -> None:
        _declare(library)
        self.library, self.sizes, self.precision, self.threads = library, sizes, precision, threads
        numbers = _as([*vars(sizes).values(), len(positions)], np.int32)
        self.half_cache = precision != "fp32" if half_cache is None else half_cache
        self._model = library.t2s_model_new(
            numbers.ctypes.data, _PRECISIONS[precision], INT8_GROUP, int(self.half_cache)
        )
        if not self._model:
            raise MemoryError(f"no memory for a decoder of {sizes}, or impossible sizes")
        self.close: Callable[[], object] = weakref.finalize(self, library.t2s_model_free, self._model)
        self.inexact = 0
        for layer in range(sizes.layers):
            for kind, name in _LAYER_KINDS:
                self._set(layer, kind, f"h.layers.{layer}.{name}", arrays[f"h.layers.{layer}.{name}"])
        for kind, name in _KINDS:
            self._set(-1, kind, name, arrays[name])
        self._set(-1, _POSITIONS, "positions", positions)
        alphas = [float(np.ravel(arrays[f"ar_{part}_position.alpha"])[0]) for part in ("text", "audio")]
        self._set(-1, _ALPHAS, "alpha", np.array(alphas))

    def _set(self, layer: int, kind: int, name: str, array: npt.NDArray[Any]) -> None:
        data = _as(array, np.float32)
        status = self.library.t2s_model_set(self._model, layer, kind, data.ctypes.data, data.size)
        if status == -1:
            raise NativeError(f"{name} holds a number that is not finite in {self.precision}")
        if status == -2:
            raise NativeError(f"{name} has {data.size} numbers, which does not fit the configuration")
        if status < 0:
            raise MemoryError(f"no memory for {name}")
        self.inexact += status

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return int(self.library.t2s_model_bytes(self._model))

    @property
    def free_cache_bytes(self) -> int:
        """Bytes of cache pages that no sequence holds, kept for the next ones."""
        return int(self.library.t2s_model_free_bytes(self._model))

    def keep_cache_bytes(self, most: int) -> None:
        """Keep at most this many bytes of free cache pages."""
        self.library.t2s_model_keep_bytes(self._model, most)

    def session(self, slots: int, max_length: int) -> NativeSession:
        """Return a session of empty slots; cache memory is taken as sequences grow."""
        return NativeSession(self, slots, max_length)

    @property
    def pointer(self) -> int:
        """The native object, for sessions."""
        return int(self._model)


class NativeSession:
    """Key-value cache of some slots, and the computations over them."""

    def __init__(self, decoder: NativeDecoder, slots: int, max_length: int) -> None:
        self.decoder, self.slots, self.max_length = decoder, slots, max_length
        self._library = decoder.library
        self._session = self._library.t2s_session_new(decoder.pointer, slots, max_length)
        if not self._session:
            raise MemoryError("no memory for a session")
        self.close: Callable[[], object] = weakref.finalize(self, self._library.t2s_session_free, self._session)

    @property
    def number(self) -> int:
        """What the custom operator knows the session by."""
        return int(self._library.t2s_session_id(self._session))

    @property
    def nbytes(self) -> int:
        """Bytes of cache that sequences hold."""
        return int(self._library.t2s_session_bytes(self._session))

    def release(self, slot: int) -> None:
        """Give a slot's pages back."""
        self._library.t2s_session_release(self._session, slot)

    def step(
        self,
        slots: npt.NDArray[np.int32],
        lengths: npt.NDArray[np.int32],
        positions: npt.NDArray[np.int32],
        tokens: npt.NDArray[np.int32],
    ) -> npt.NDArray[np.float32]:
        """Feed a token to each of these slots, (n,) int32 each, contiguous; return logits (n, vocab).

        Raises:
            NativeError: a number is out of range.
            MemoryError: the cache cannot grow.
        """
        logits: npt.NDArray[np.float32] = np.empty((len(slots), self.decoder.sizes.vocab), np.float32)
        pointers = (array.ctypes.data for array in (slots, lengths, positions, tokens, logits))
        status = self._library.t2s_step(self._session, len(slots), *pointers, self.decoder.threads)
        _check(status, f"a step of {len(slots)} rows")
        return logits

    def prefill(
        self, slot: int, phonemes: Sequence[int] | npt.NDArray[Any], prompt: npt.NDArray[Any], bert: npt.NDArray[Any]
    ) -> NativePrefill:
        """Begin a prefill; bert is (text, bert_dim).

        Raises:
            NativeError: an id or a length is out of range, or there is no memory.
        """
        ids, tokens, features = _as(phonemes, np.int32), _as(prompt, np.int32), _as(bert, np.float32)
        if features.shape != (len(ids), self.decoder.sizes.bert_dim):
            raise NativeError(f"BERT features of shape {features.shape} for {len(ids)} phonemes")
        job = self._library.t2s_prefill_new(
            self._session, slot, ids.ctypes.data, len(ids), tokens.ctypes.data, len(tokens), features.ctypes.data,
            self.decoder.threads,
        )  # fmt: skip
        if not job:
            raise NativeError(f"prefill of {len(ids)} phonemes and {len(tokens)} prompt tokens refused, or no memory")
        return NativePrefill(self, job)


class NativePrefill:
    """A prefill under way, some layers at a time, so that steps of other slots can run in between."""

    def __init__(self, session: NativeSession, job: int) -> None:
        self._session, self._job = session, job
        self._library = session.decoder.library
        self.close: Callable[[], object] = weakref.finalize(self, self._library.t2s_prefill_free, job)

    def finish(self) -> npt.NDArray[np.float32]:
        """Run all layers that are left; return the logits (vocab,)."""
        logits = self.run(self._session.decoder.sizes.layers)
        if logits is None:
            raise NativeError("a prefill has more layers than its network")
        return logits

    def run(self, layers: int) -> npt.NDArray[np.float32] | None:
        """Run some more layers; return the first token's logits (vocab,) after the last one, else None."""
        logits: npt.NDArray[np.float32] = np.empty(self._session.decoder.sizes.vocab, np.float32)
        threads = self._session.decoder.threads
        left = _check(self._library.t2s_prefill_run(self._job, layers, logits.ctypes.data, threads), "a prefill")
        if left:
            return None
        self.close()
        return logits

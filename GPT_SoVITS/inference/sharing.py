"""What pairs of weights have in common and is held once: a GPT file's decoder, the matrices under several LoRA files.

A part lives as long as a bundle has it; here are only weak references. Files are known by path, size and time, so one
that has been replaced is read again.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.cfm.choose import BaseMatrices
from GPT_SoVITS.t2s.backend import ServingBackend

FileIdentity = tuple[str, int, int]


def identity_of(path: str | Path) -> FileIdentity | None:
    """Return what a file is known by, None where there is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return str(path), status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class LoadedDecoder:
    """The decoder of a GPT file, checked.

    Attributes:
        backend: Text to semantic tokens; several bundles may have it, one thread uses it.
        description: Which decode backend that is, in words.
        symbols: Phoneme set of the file.
        mute_similarity: (vocab,) float32, cosine between each token's embedding and the mute token's.
    """

    backend: ServingBackend
    description: str
    symbols: str
    mute_similarity: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class _KnownDecoder:
    backend: weakref.ref[ServingBackend]
    description: str
    symbols: str
    mute_similarity: NDArray[Any]


class LoadedParts:
    """The parts of an engine's bundles that others may share. Any thread may ask; one at a time loads."""

    def __init__(self) -> None:
        self._decoders: dict[FileIdentity, _KnownDecoder] = {}
        self._bases: weakref.WeakValueDictionary[FileIdentity, BaseMatrices] = weakref.WeakValueDictionary()

    def decoder(self, file: FileIdentity | None) -> LoadedDecoder | None:
        """Return the decoder of a GPT file that is in memory."""
        known = None if file is None else self._decoders.get(file)
        backend = None if known is None else known.backend()
        if known is None or backend is None:
            return None
        return LoadedDecoder(backend, known.description, known.symbols, known.mute_similarity)

    def note_decoder(self, file: FileIdentity | None, made: LoadedDecoder) -> None:
        """Remember a decoder."""
        self._decoders = {key: known for key, known in self._decoders.items() if known.backend() is not None}
        if file is not None:
            kept = weakref.ref(made.backend)
            self._decoders[file] = _KnownDecoder(kept, made.description, made.symbols, made.mute_similarity)

    def base(self, file: FileIdentity | None) -> BaseMatrices | None:
        """Return the matrices of published weights that are in memory."""
        return None if file is None else self._bases.get(file)

    def note_base(self, file: FileIdentity | None, base: BaseMatrices | None) -> None:
        """Remember the matrices of published weights."""
        if file is not None and base is not None:
            self._bases[file] = base

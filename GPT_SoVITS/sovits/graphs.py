"""The synthesizer before the vocoder as compiled graphs: lengths are padded to buckets and masked.

A handful of graphs serves every length with the result of the unpadded input. This is how Ascend runs it, and what the
host's formulation (``host.py``) is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS import backend, compiled
from GPT_SoVITS.layers.parameters import held_bytes
from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.host import EncodedPhonemes
from GPT_SoVITS.sovits.network import (
    ContentGraph,
    LatentGraph,
    PhonemeGraph,
    ReferenceGraph,
    SpeakerGraph,
    SynthesizerNetwork,
    TokenGraph,
)

Array = np.ndarray[Any, np.dtype[Any]]


class GraphEncoders:
    """Everything of a synthesizer but its vocoder; see :class:`GPT_SoVITS.sovits.encoders.Encoders`.

    Args:
        config: Sizes.
        arrays: Official arrays without the generator's, weight norm folded.
        buckets: Lengths to compile for.
        dtype: numpy float type of weights and computation.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """

    needs_compiling = True

    def __init__(self, config: SovitsConfig, arrays: Mapping[str, Array], buckets: Buckets, dtype: type) -> None:
        self.config, self.buckets, self.dtype = config, buckets, dtype
        self.network = SynthesizerNetwork(config, with_generator=False)
        self.network.load(arrays, dtype)
        self._reference = compiled.compile_cell(ReferenceGraph(self.network))
        self._speaker = compiled.compile_cell(SpeakerGraph(self.network)) if config.is_pro else None
        self._phonemes = compiled.compile_cell(PhonemeGraph(self.network))
        self._content = compiled.compile_cell(ContentGraph(self.network))
        self._latent = compiled.compile_cell(LatentGraph(self.network))
        self._tokens = compiled.compile_cell(TokenGraph(self.network))

    @property
    def nbytes(self) -> int:
        """Bytes of weights held; compiled graphs keep copies of some beside them."""
        return held_bytes(self.network)

    def timbre(self, spectrogram: Array) -> Array:
        """Reference encoder: (bins, F) -> (gin,)."""
        frames = spectrogram.shape[1]
        size = backend.bucket(frames, self.buckets.reference)
        padded = self._padded(spectrogram, size)
        timbre: Array = self._run(self._reference, padded, self._mask(frames, size))[0, :, 0]
        return timbre

    def with_speaker(self, timbre: Array, speaker: Array) -> Array:
        """Pro versions: timbre (gin,) and speaker embedding (20480,) -> condition (gin,)."""
        row: Array = np.asarray(speaker, self.dtype).reshape(1, -1)
        condition: Array = self._run(self._speaker, self._shaped(timbre), row)[0, :, 0]
        return condition

    def phonemes(self, ids: Array) -> EncodedPhonemes:
        """Encode phonemes (L,)."""
        size = backend.bucket(len(ids), self.buckets.phonemes)
        mask = self._mask(len(ids), size)
        return EncodedPhonemes(self._run(self._phonemes, _pad(ids, size), mask), mask)

    def content(self, codes: Array, phonemes: EncodedPhonemes, condition: Array) -> Array:
        """Semantic tokens (N,) and encoded phonemes in a voice (gin,) -> content (hidden, T)."""
        size = backend.bucket(len(codes), self.buckets.codes)
        frames = len(codes) * self.config.frames_per_code
        mask = self._mask(frames, size * self.config.frames_per_code)
        content: Array = self._run(
            self._content, _pad(codes, size), mask, phonemes.encoding, phonemes.mask, self._shaped(condition)
        )[0, :, :frames]
        return content

    def latent(self, content: Array, noise: Array, condition: Array) -> tuple[Array, Array, Array]:
        """Content (hidden, T), scaled noise (inter, T) -> latent frames, mean, log deviation, (inter, T) each."""
        frames = content.shape[1]
        size = backend.bucket(frames, self.buckets.frames)
        inputs = (self._padded(content, size), self._mask(frames, size), self._padded(noise, size))
        outputs = self._latent(*(compiled.to_tensor(array) for array in (*inputs, self._shaped(condition))))
        drawn, mean, log_std = (output.asnumpy()[0, :, :frames] for output in outputs)
        return drawn, mean, log_std

    def tokens(self, features: Array) -> Array:
        """HuBERT features (ssl_dim, L) -> semantic tokens (L // frames_per_code,) int64."""
        size = backend.bucket(features.shape[1], self.buckets.features)
        count = features.shape[1] // self.config.frames_per_code
        return self._run(self._tokens, self._padded(features, size))[0, :count].astype(np.int64)

    def _run(self, graph: Any, *inputs: Array) -> Array:
        result: Array = graph(*(compiled.to_tensor(array) for array in inputs)).asnumpy()
        return result

    def _shaped(self, condition: Array) -> Array:
        return np.asarray(condition, self.dtype).reshape(1, self.config.gin_channels, 1)

    def _padded(self, signal: Array, size: int) -> Array:
        """(C, T) -> (1, C, size)."""
        padded: Array = np.zeros((1, len(signal), size), self.dtype)
        padded[0, :, : signal.shape[1]] = signal
        return padded

    def _mask(self, length: int, size: int) -> Array:
        mask: Array = np.zeros((1, 1, size), self.dtype)
        mask[0, 0, :length] = 1.0
        return mask


def _pad(ids: Array, size: int) -> Array:
    padded = np.zeros((1, size), np.int32)
    padded[0, : len(ids)] = ids
    return padded

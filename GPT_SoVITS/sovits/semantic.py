"""HuBERT features to semantic tokens on the host: a strided projection and the nearest row of the codebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_WEIGHT, _BIAS = "ssl_proj.weight", "ssl_proj.bias"
_CODEBOOK = "quantizer.vq.layers.0._codebook.embed"
KEYS = (_WEIGHT, _BIAS, _CODEBOOK)
"""What it needs of a synthesizer's arrays."""


class SemanticTokens:
    """Agrees with ``SynthesizerTrn.extract_latent``. Every version has it, v3 and v4 too.

    Tokens are nearest neighbours, which small errors move, so everything is held in float32.

    Args:
        arrays: Official arrays of a synthesizer: ``ssl_proj`` (ssl_dim, ssl_dim, stride) and the codebook (size, dim).
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        weight = arrays[_WEIGHT]
        self.stride = weight.shape[2]
        self._weight = np.array(weight.transpose(0, 2, 1).reshape(len(weight), -1), np.float32, order="C")
        self._bias = np.array(arrays[_BIAS], np.float32)
        self.codebook = np.array(arrays[_CODEBOOK], np.float32, order="C")
        self._square = (self.codebook * self.codebook).sum(1)

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return sum(array.nbytes for array in (self._weight, self._bias, self.codebook, self._square))

    def __call__(self, features: Array) -> Array:
        """HuBERT features (ssl_dim, L) -> semantic tokens (L // stride,)."""
        count = features.shape[1] // self.stride
        rows = np.asarray(features.T[: count * self.stride], np.float32, order="C").reshape(count, -1)
        x = rows @ self._weight.T + self._bias
        tokens: Array = np.argmax(2.0 * (x @ self.codebook.T) - self._square, axis=1)
        return tokens

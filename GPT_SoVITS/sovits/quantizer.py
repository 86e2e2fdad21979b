"""Semantic quantizer: HuBERT features to tokens and back (EnCodec's vector quantization with one codebook).

Agrees with ``module/quantize.py`` and ``module/core_vq.py`` for ``n_q=1``; the buffers that serve its training only
(``inited``, ``cluster_size``, ``embed_avg``) are not held.
"""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.parameters import parameter


class EuclideanCodebook(nn.Cell):
    """Nearest row of ``embed`` and rows by index."""

    def __init__(self, dim: int, size: int) -> None:
        super().__init__()
        self.embed = parameter(size, dim)
        self.gather = ops.Gather()

    def encode(self, x: Tensor) -> Tensor:
        """Index of the nearest code; x (B, dim, T) -> (B, T) int32. |x|^2 is the same for all codes and left out."""
        embed = self.embed.astype(ms.float32)  # half precision would move codes
        square = (embed * embed).sum(1, keepdims=True)  # (size, 1)
        closeness = 2.0 * ops.matmul(embed, x.astype(ms.float32)) - square  # (B, size, T)
        return ops.argmax(closeness, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, T) int -> (B, dim, T)."""
        return self.gather(self.embed, codes, 0).swapaxes(1, 2)


class _Layer(nn.Cell):
    def __init__(self, dim: int, size: int) -> None:
        super().__init__()
        self._codebook = EuclideanCodebook(dim, size)


class _Layers(nn.Cell):
    def __init__(self, dim: int, size: int) -> None:
        super().__init__()
        self.layers = nn.CellList([_Layer(dim, size)])


class Quantizer(nn.Cell):
    """Residual vector quantizer with a single layer, nested as the official one so that keys agree."""

    def __init__(self, dim: int, size: int) -> None:
        super().__init__()
        self.vq = _Layers(dim, size)

    def encode(self, x: Tensor) -> Tensor:
        """x (B, dim, T) -> (B, T) int."""
        return self.vq.layers[0]._codebook.encode(x)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, T) int -> (B, dim, T)."""
        return self.vq.layers[0]._codebook.decode(codes)

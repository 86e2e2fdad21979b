"""The decode step: one token per row over a cache of fixed capacity."""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.t2s.positions import MASKED


class DecodeStep(nn.Cell):
    """Feeds one token per row and predicts the next; lengths are tensors, so the graph serves a whole bucket."""

    def __init__(self, network: Text2SemanticDecoder, rows: int, capacity: int) -> None:
        super().__init__()
        self.network = network
        heads = network.config.head
        self.layers_count = network.config.n_layer
        self.columns = ms.Tensor(np.arange(capacity, dtype=np.int32)[None])
        self.head_rows = ms.Tensor(np.arange(rows * heads, dtype=np.int32)[:, None])
        self.row_of_head = ms.Tensor(np.repeat(np.arange(rows, dtype=np.int32), heads))
        self.gather = ops.Gather()
        self.concat = ops.Concat(1)

    def construct(self, tokens: Tensor, positions: Tensor, lengths: Tensor, *cache: Tensor) -> Tensor:
        """One step.

        Args:
            tokens: (B,) int32, the token chosen last.
            positions: (B,) int32, its index in the row's semantic sequence, prompt included.
            lengths: (B,) int32, cache entries filled so far; the token is written there.
            cache: Parameters of a :class:`~GPT_SoVITS.t2s.cache.KVCache` of B rows.

        Returns:
            Logits (B, vocab).
        """
        x = self.network.embed_tokens(tokens, positions)
        at = self.gather(lengths, self.row_of_head, 0).reshape((-1, 1))
        index = self.concat((self.head_rows, at))
        hidden = (self.columns > at).astype(x.dtype)
        mask = (hidden * MASKED).expand_dims(1)  # (B * heads, S) -> (B * heads, 1, S)
        for i in range(self.layers_count):
            x = self.network.h.layers[i].step(x, mask, index, cache[i], cache[self.layers_count + i])
        return self.network.ar_predict_layer(x)

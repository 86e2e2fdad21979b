"""Prefill: text and prompt in one pass, giving the first logits and the keys and values to decode from."""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.t2s.positions import MASKED


class Embed(nn.Cell):
    """Embedded sequence ``text | prompt | padding`` of one row."""

    def __init__(self, network: Text2SemanticDecoder) -> None:
        super().__init__()
        self.network = network

    def construct(self, phonemes: Tensor, tokens: Tensor, positions: Tensor, bert: Tensor, is_text: Tensor) -> Tensor:
        """Rows of text and prompt side by side.

        Args:
            phonemes: (N,) int32, zero outside the text.
            tokens: (N,) int32, semantic tokens of the prompt, zero outside it.
            positions: (N,) int32, counted from 0 in the text and again in the prompt.
            bert: (N, bert_dim), zero outside the text.
            is_text: (N, 1) bool.

        Returns:
            (N, dim).
        """
        text = self.network.embed_text(phonemes, bert, positions)
        return ops.where(is_text, text, self.network.embed_tokens(tokens, positions))


class Prefill(nn.Cell):
    """One row's prefill in a graph of fixed length N; the result does not depend on the padding."""

    def __init__(self, network: Text2SemanticDecoder, length: int) -> None:
        super().__init__()
        self.network = network
        self.embed = Embed(network)
        self.places = ms.Tensor(np.arange(length, dtype=np.int32))
        self.gather = ops.Gather()
        self.heads, self.head_dim = network.config.head, network.config.head_dim

    def construct(
        self, phonemes: Tensor, tokens: Tensor, positions: Tensor, bert: Tensor, text_length: Tensor, length: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Embed, run the blocks, predict from the last valid row.

        Args:
            phonemes: (N,) int32; with the next three as in :class:`Embed`.
            tokens: (N,) int32.
            positions: (N,) int32.
            bert: (N, bert_dim).
            text_length: (1,) int32, rows of text.
            length: (1,) int32, rows of text and prompt.

        Returns:
            Logits (1, vocab); keys of all blocks, then values of all blocks, each (heads, N, head_dim) and zero in
            the padding.
        """
        rows, columns = self.places.reshape((-1, 1)), self.places.reshape((1, -1))
        causal = ops.logical_and(rows >= text_length, columns <= rows)
        visible = ops.logical_or(columns < text_length, causal)
        x = self.embed(phonemes, tokens, positions, bert, rows < text_length)
        # Padding lies after every valid row, where the causal order hides it.
        mask = ops.tile(((1.0 - visible.astype(x.dtype)) * MASKED).expand_dims(0), (1, self.heads, 1, 1))
        x, keys, values = self.network.h(x.expand_dims(0), mask)
        last = self.gather(x[0], length - 1, 0)
        valid = ops.tile((rows < length).astype(x.dtype), (self.heads, 1, self.head_dim))
        cache: tuple[Tensor, ...] = ()
        for tensor in keys + values:
            cache += (tensor.reshape(valid.shape) * valid,)
        return self.network.ar_predict_layer(last), cache

"""The text-to-semantic decoder: embeddings, sine positions and post-norm transformer blocks.

Agrees with the official ``AR/models/t2s_model.py`` (``Text2SemanticDecoder``); attribute names are its state-dict keys.
Sequences are ``text | semantic tokens``: text rows see all of the text and nothing else, semantic rows see all of the
text and the semantic tokens up to themselves.
"""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.linear import Embedding, Linear
from GPT_SoVITS.layers.normalisation import LayerNorm
from GPT_SoVITS.layers.parameters import parameter
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.positions import sine_table


class TokenEmbedding(nn.Cell):
    """Embedding under the official key ``word_embeddings``; ids (...,) -> (..., dim)."""

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.word_embeddings = Embedding(count, dim)

    def construct(self, ids: Tensor) -> Tensor:
        return self.word_embeddings(ids)


class SinePosition(nn.Cell):
    """Sine positions scaled by the learnt ``alpha``; positions (...,) int -> (..., dim)."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.alpha = parameter(1)
        self.table = table
        self.gather = ops.Gather()

    def construct(self, positions: Tensor) -> Tensor:
        return self.gather(self.table, positions, 0).astype(self.alpha.dtype) * self.alpha


class SelfAttention(nn.Cell):
    """Projections of multi-head attention with one fused matrix for queries, keys and values."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.in_proj_weight = parameter(3 * dim, dim)
        self.in_proj_bias = parameter(3 * dim)
        self.out_proj = Linear(dim, dim)
        self.matmul = ops.MatMul(transpose_b=True)
        self.bias_add = ops.BiasAdd()

    def construct(self, rows: Tensor) -> Tensor:
        """Rows (n, dim) -> queries, keys and values side by side (n, 3 * dim)."""
        return self.bias_add(self.matmul(rows, self.in_proj_weight), self.in_proj_bias)


class Block(nn.Cell):
    """Post-norm transformer block: norm(x + attention), then norm(x + feed forward)."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.dim, self.heads, self.head_dim = config.hidden_dim, config.head, config.head_dim
        self.scale = self.head_dim**-0.5
        self.self_attn = SelfAttention(config)
        self.linear1 = Linear(config.hidden_dim, config.feed_forward_dim)
        self.linear2 = Linear(config.feed_forward_dim, config.hidden_dim)
        self.norm1 = LayerNorm(config.hidden_dim)
        self.norm2 = LayerNorm(config.hidden_dim)
        self.drop_weights, self.drop_attention = Dropout(), Dropout()
        self.drop_hidden, self.drop_output = Dropout(), Dropout()
        self.relu = ops.ReLU()
        self.softmax = ops.Softmax(-1)
        self.scores = ops.BatchMatMul(transpose_b=True)
        self.mix = ops.BatchMatMul()
        self.split_heads = ops.Split(1, 3)
        self.transpose = ops.Transpose()
        # The one in-place write that neither copies the cache nor needs another layout on CPU (ScatterNdUpdate copies
        # all of it, ScatterUpdate forces a reshape that does); it adds, so unwritten cache entries are kept at zero.
        self.write = ops.ScatterNdAdd()

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        scores = self.scores(queries * self.scale, keys) + mask
        weights = self.drop_weights(self.softmax(scores.astype(ms.float32)).astype(values.dtype))
        return self.mix(weights, values)

    def _finish(self, x: Tensor, attention: Tensor) -> Tensor:
        x = self.norm1(x + self.drop_attention(self.self_attn.out_proj(attention)))
        hidden = self.drop_hidden(self.relu(self.linear1(x)))
        return self.norm2(x + self.drop_output(self.linear2(hidden)))

    def construct(self, x: Tensor, mask: Tensor, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Whole sequences of N rows each, one below the other: reshaping between layers would copy.

        Args:
            x: (batch * N, dim).
            mask: Added to the scores (batch, heads, N, N); in full, because broadcasting is slow on CPU and keeps an
                index table for every block.
            batch: Sequences in ``x``.

        Returns:
            Output (batch * N, dim), keys and values (batch, heads, N, head_dim).
        """
        # (B * N, 3 * dim) -> (B, N, 3 * heads, head_dim) -> (B, 3 * heads, N, head_dim)
        qkv = self.self_attn(x).reshape((batch, -1, 3 * self.heads, self.head_dim))
        queries, keys, values = self.split_heads(self.transpose(qkv, (0, 2, 1, 3)))
        mixed = self._attend(queries, keys, values, mask)
        mixed = self.transpose(mixed, (0, 2, 1, 3)).reshape((-1, self.dim))
        return self._finish(x, mixed), keys, values

    def step(self, x: Tensor, mask: Tensor, index: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """One new token per row; its key and value are written into the caches in place.

        Args:
            x: (B, dim).
            mask: (B * heads, 1, S), zero for the visible cache entries, the one to be written included.
            index: (B * heads, 2) int32, cache row and column to write.
            keys: Cache parameter (B * heads, S, head_dim).
            values: Cache parameter (B * heads, S, head_dim).

        Returns:
            Output (B, dim).
        """
        queries, key, value = self.split_heads(self.self_attn(x))
        keys = self.write(keys, index, key.reshape((-1, self.head_dim)))
        values = self.write(values, index, value.reshape((-1, self.head_dim)))
        mixed = self._attend(queries.reshape((-1, 1, self.head_dim)), keys, values, mask)
        return self._finish(x, mixed.reshape((-1, self.dim)))


class Blocks(nn.Cell):
    """The stack of blocks under the official key ``h.layers``."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.layers = nn.CellList([Block(config) for _ in range(config.n_layer)])

    def construct(self, x: Tensor, mask: Tensor) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """x (B, N, dim) -> output (B, N, dim) and every block's keys and values."""
        shape = x.shape
        rows = x.reshape((-1, shape[-1]))
        keys: tuple[Tensor, ...] = ()
        values: tuple[Tensor, ...] = ()
        for block in self.layers:
            rows, key, value = block(rows, mask, shape[0])
            keys += (key,)
            values += (value,)
        return rows.reshape(shape), keys, values


class Text2SemanticDecoder(nn.Cell):
    """All parameters of the decoder; prefill and decode step are graphs over it (see ``prefill`` and ``step``)."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.config = config
        table = ms.Tensor.from_numpy(sine_table(config.max_positions, config.hidden_dim))
        self.bert_proj = Linear(config.bert_dim, config.hidden_dim)
        self.ar_text_embedding = TokenEmbedding(config.phoneme_vocab_size, config.hidden_dim)
        self.ar_text_position = SinePosition(table)
        self.ar_audio_embedding = TokenEmbedding(config.vocab_size, config.hidden_dim)
        self.ar_audio_position = SinePosition(table)
        self.h = Blocks(config)
        self.ar_predict_layer = Linear(config.hidden_dim, config.vocab_size, bias=False)

    def embed_text(self, phonemes: Tensor, bert: Tensor, positions: Tensor) -> Tensor:
        """Phonemes and positions (...,) int32, bert (..., bert_dim) -> (..., dim)."""
        bert = bert.astype(self.bert_proj.weight.dtype)
        return self.ar_text_embedding(phonemes) + self.bert_proj(bert) + self.ar_text_position(positions)

    def embed_tokens(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Semantic tokens (...,) and their index in the semantic sequence (...,), int32 -> (..., dim)."""
        return self.ar_audio_embedding(tokens) + self.ar_audio_position(positions)

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        """Embedded sequences x (B, N, dim) with an additive mask -> logits (B, N, vocab)."""
        return self.ar_predict_layer(self.h(x, mask)[0])

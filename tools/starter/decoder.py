"""The text-to-semantic decoder for training, under the official names of its parameters.

Sequences are ``text | codes``: text rows see the text, code rows see the text and the codes up to themselves. One head
of two layers is also taught where to look: at the phoneme of the code to come, which the teacher's timings tell. The
lesson is a loss of training alone and leaves nothing behind in the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.starter.phones import CODES

SYMBOLS = 732
TAUGHT_LAYERS = (1, 2)
_MASKED = -1e4


@dataclass(frozen=True)
class DecoderSizes:
    """Width, heads, layers and codes, as the configuration of the exported file says them."""

    width: int = 256
    heads: int = 4
    layers: int = 4
    dropout: float = 0.03
    codes: int = CODES


@dataclass(frozen=True)
class Sequences:
    """A padded batch.

    Attributes:
        text: (B, L) symbols.
        text_lengths: (B,).
        history: (B, T) codes that the network sees, some of them wrong on purpose.
        target: (B, T + 1) codes to predict, the end last; -100 where nothing is asked.
        aligned: (B, T + 1) phoneme of each target, -100 where unknown.
    """

    text: Tensor
    text_lengths: Tensor
    history: Tensor
    target: Tensor
    aligned: Tensor


class _Named(nn.Module):
    """An embedding under the official name."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(count, width)
        nn.init.normal_(self.word_embeddings.weight, std=0.5)


class _Position(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))


class _Attention(nn.Module):
    """Projections of self-attention, fused for queries, keys and values."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)


class Block(nn.Module):
    """Post-norm transformer block."""

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        width = sizes.width
        self.heads, self.head_width = sizes.heads, width // sizes.heads
        self.self_attn = _Attention(width)
        self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.drop = nn.Dropout(sizes.dropout)

    def forward(
        self, x: Tensor, bias: Tensor | None, cache: list[Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, N, width) -> output and the queries and keys of the first head, (B, N, head width) each.

        With a cache, its keys and values (B, heads, M, head width) are seen too, and are replaced by the longer ones.
        """
        batch, count, width = x.shape
        attention = self.self_attn
        joined = functional.linear(x, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = joined.view(batch, count, 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = [k, v]
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.norm1(x + self.drop(attention.out_proj(y.transpose(1, 2).reshape(batch, count, width))))
        x = self.norm2(x + self.drop(self.linear2(self.drop(functional.relu(self.linear1(x))))))
        return x, q[:, 0], k[:, 0]


class _Stack(nn.Module):
    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block(sizes) for _ in range(sizes.layers)])


def positions(count: int, width: int) -> Tensor:
    """Sine positions (count, width)."""
    angles = torch.arange(count)[:, None] * torch.exp(torch.arange(0, width, 2) * -(log(10000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], 2).reshape(count, width)


class Decoder(nn.Module):
    """All parameters of an official GPT file but the projection of BERT features, which English has none of."""

    def __init__(self, sizes: DecoderSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or DecoderSizes()
        self.ar_text_embedding, self.ar_audio_embedding = (
            _Named(count, sizes.width) for count in (SYMBOLS, sizes.codes + 1)
        )
        self.ar_text_position, self.ar_audio_position = _Position(), _Position()
        self.h = _Stack(sizes)
        self.ar_predict_layer = nn.Linear(sizes.width, sizes.codes + 1, bias=False)
        self.drop = nn.Dropout(sizes.dropout)
        self.register_buffer("table", positions(2500, sizes.width), persistent=False)

    @property
    def end(self) -> int:
        """The code that says that speech is over."""
        return self.sizes.codes

    def embed_text(self, ids: Tensor) -> Tensor:
        """Symbols (B, L) -> (B, L, width)."""
        return self.ar_text_embedding.word_embeddings(ids) + self.ar_text_position.alpha * self.table[: ids.shape[1]]

    def embed_codes(self, codes: Tensor, first: int = 0) -> Tensor:
        """Codes (B, T) from position ``first`` on -> (B, T, width)."""
        places = self.table[first : first + codes.shape[1]]
        return self.ar_audio_embedding.word_embeddings(codes) + self.ar_audio_position.alpha * places

    def forward(self, batch: Sequences) -> tuple[Tensor, list[Tensor]]:
        """Return the logits (B, T + 1, codes + 1) and, per taught layer, scores (B, T, L + T) of the code rows."""
        length = batch.text.shape[1]
        x = self.drop(torch.cat([self.embed_text(batch.text), self.embed_codes(batch.history)], 1))
        bias = _bias(batch.text_lengths, length, batch.history.shape[1])
        scores = []
        for index, block in enumerate(self.h.layers):
            x, q, k = block(x, bias)
            if index in TAUGHT_LAYERS:
                scores.append(q[:, length:] * block.head_width**-0.5 @ k.transpose(1, 2) + bias[:, 0, length:])
        last = x[torch.arange(len(x)), batch.text_lengths - 1][:, None]
        return self.ar_predict_layer(torch.cat([last, x[:, length:]], 1)), scores


def _bias(text_lengths: Tensor, length: int, count: int) -> Tensor:
    """What is added to scores, (B, 1, N, N) for N = length + count."""
    seen = torch.zeros(len(text_lengths), length + count, length + count, dtype=torch.bool)
    seen[:, :, :length] = (torch.arange(length) < text_lengths[:, None])[:, None]
    seen[:, length:, length:] = torch.ones(count, count, dtype=torch.bool).tril()
    return torch.zeros(seen.shape).masked_fill(~seen, _MASKED)[:, None]


def losses(decoder: Decoder, batch: Sequences) -> tuple[Tensor, dict[str, float]]:
    """Return the loss to learn from, and what to report of it."""
    logits, scores = decoder(batch)
    prediction = functional.cross_entropy(logits.flatten(0, 1), batch.target.flatten(), ignore_index=-100)
    aligned = batch.aligned[:, 1:]
    lessons = [functional.cross_entropy(s.flatten(0, 1), aligned.flatten(), ignore_index=-100) for s in scores]
    lesson = torch.stack(lessons).mean()
    asked = batch.target >= 0
    right = ((logits.argmax(-1) == batch.target) & asked).sum() / asked.sum()
    return prediction + lesson, {"code": prediction.item(), "where": lesson.item(), "right": right.item()}

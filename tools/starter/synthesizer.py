"""The synthesizer for training, under the official names of its parameters.

It is trained on the path that inference takes: codes and text to the prior's mean, through the flow to latent frames,
and from these to sound. A head of training alone regresses log spectra of whole sentences from the latent frames; what
it teaches them is cheap to learn, and the generator only has to turn it into sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.starter.content import HIDDEN as SSL_DIM
from tools.starter.decoder import SYMBOLS
from tools.starter.generator import CONDITION, INTER, Generator
from tools.starter.spectra import SPECTRUM
from tools.starter.style import StyleEncoder

HIDDEN, FILTER, HEADS, LAYERS, KERNEL, WINDOW = 128, 384, 2, 2, 3, 4
MRTE_HEADS = 4
FLOWS, FLOW_LAYERS, FLOW_KERNEL = 2, 2, 5
FRAMES_PER_CODE = 2
_MASKED = -1e4


@dataclass(frozen=True)
class Lines:
    """A padded batch of sentences.

    Attributes:
        codes: (B, N).
        code_lengths: (B,).
        text: (B, L) symbols.
        text_lengths: (B,).
        references: (B, 704, F) magnitudes of other sentences of the same voices at 32 kHz.
        reference_lengths: (B,).
    """

    codes: Tensor
    code_lengths: Tensor
    text: Tensor
    text_lengths: Tensor
    references: Tensor
    reference_lengths: Tensor


def mask(lengths: Tensor, longest: int) -> Tensor:
    """Return 1 where a row goes on and 0 after its end, (B, 1, longest)."""
    return (torch.arange(longest) < lengths[:, None]).float()[:, None]


class ChannelNorm(nn.Module):
    """Layer norm over channels under the official names; x (B, C, T)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta).transpose(1, 2)


class _Heads(nn.Module):
    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.conv_q, self.conv_k = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, channels, 1)
        self.conv_v, self.conv_o = nn.Conv1d(channels, channels, 1), nn.Conv1d(channels, channels, 1)

    def split(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, heads, T, C / heads)."""
        return x.view(len(x), self.heads, -1, x.shape[2]).transpose(2, 3)


class CrossAttention(_Heads):
    """x (B, C, T) attends to context (B, C, S); bias (B, 1, 1, S)."""

    def forward(self, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.split(self.conv_q(x)), self.split(self.conv_k(context)), self.split(self.conv_v(context))
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.conv_o(y.transpose(2, 3).reshape(x.shape))


class RelativeAttention(_Heads):
    """Self-attention with learnt embeddings of near positions; x (B, C, T), bias (B, 1, 1, T)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        width = channels // heads
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, width) * width**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, width) * width**-0.5)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.split(self.conv_q(x)), self.split(self.conv_k(x)), self.split(self.conv_v(x))
        q = q * q.shape[-1] ** -0.5
        count = x.shape[2]
        offset = torch.arange(count)[None] - torch.arange(count)[:, None]
        near = offset.abs() <= WINDOW
        column = (offset.clamp(-WINDOW, WINDOW) + WINDOW).expand(*q.shape[:2], count, count)
        local = (q @ self.emb_rel_k[0].T).gather(-1, column) * near
        weights = (q @ k.transpose(2, 3) + local + bias).softmax(-1)
        places = torch.arange(count)[:, None] + torch.arange(-WINDOW, WINDOW + 1)
        inside = (places >= 0) & (places < count)
        band = weights.gather(-1, places.clamp(0, count - 1).expand(*q.shape[:2], *places.shape)) * inside
        return self.conv_o((weights @ v + band @ self.emb_rel_v[0]).transpose(2, 3).reshape(x.shape))


class _FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(HIDDEN, FILTER, KERNEL, padding=KERNEL // 2)
        self.conv_2 = nn.Conv1d(FILTER, HIDDEN, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        return self.conv_2(functional.relu(self.conv_1(x * valid)) * valid)


class Encoder(nn.Module):
    """Post-norm transformer; x (B, C, T), valid (B, 1, T)."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList([RelativeAttention(HIDDEN, HEADS) for _ in range(layers)])
        self.norm_layers_1 = nn.ModuleList([ChannelNorm(HIDDEN) for _ in range(layers)])
        self.ffn_layers = nn.ModuleList([_FeedForward() for _ in range(layers)])
        self.norm_layers_2 = nn.ModuleList([ChannelNorm(HIDDEN) for _ in range(layers)])
        self.drop = nn.Dropout(0.05)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        bias, x = ((1 - valid) * _MASKED)[:, None], x * valid
        parts = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, norm_1, feed_forward, norm_2 in parts:
            x = norm_1(x + self.drop(attention(x, bias)))
            x = norm_2(x + self.drop(feed_forward(x, valid)))
        return x * valid


class TimbreEncoder(nn.Module):
    """Content attends to phonemes and takes the timbre on (MRTE)."""

    def __init__(self) -> None:
        super().__init__()
        self.cross_attention = CrossAttention(CONDITION, MRTE_HEADS)
        self.c_pre, self.text_pre = nn.Conv1d(HIDDEN, CONDITION, 1), nn.Conv1d(HIDDEN, CONDITION, 1)
        self.c_post = nn.Conv1d(CONDITION, HIDDEN, 1)

    def forward(self, x: Tensor, valid: Tensor, text: Tensor, text_valid: Tensor, condition: Tensor) -> Tensor:
        x = self.c_pre(x * valid)
        bias = ((1 - text_valid) * _MASKED)[:, None]
        return self.c_post((self.cross_attention(x, self.text_pre(text * text_valid), bias) + x + condition) * valid)


class Prior(nn.Module):
    """Codes and text to the mean of the latent frames (``enc_p``)."""

    def __init__(self) -> None:
        super().__init__()
        self.ssl_proj = nn.Conv1d(SSL_DIM, HIDDEN, 1)
        self.ssl_proj.weight.data.normal_()  # one column is what is known of a code
        self.encoder_ssl, self.encoder_text, self.encoder2 = Encoder(LAYERS // 2), Encoder(LAYERS), Encoder(LAYERS // 2)
        self.text_embedding = nn.Embedding(SYMBOLS, HIDDEN)
        self.mrte = TimbreEncoder()
        self.proj = nn.Conv1d(HIDDEN, 2 * INTER, 1)

    def forward(self, lines: Lines, valid: Tensor, condition: Tensor) -> Tensor:
        one_hot = self.ssl_proj.weight[:, :, 0].T[lines.codes] + self.ssl_proj.bias
        content = self.encoder_ssl(one_hot.transpose(1, 2).repeat_interleave(FRAMES_PER_CODE, 2), valid)
        text_valid = mask(lines.text_lengths, lines.text.shape[1])
        text = self.encoder_text(self.text_embedding(lines.text).transpose(1, 2), text_valid)
        content = self.encoder2(self.mrte(content, valid, text, text_valid, condition), valid)
        return self.proj(content)[:, :INTER] * valid


class _Gates(nn.Module):
    """Gated convolutions with skip connections and a condition (``WN``)."""

    def __init__(self) -> None:
        super().__init__()
        self.cond_layer = nn.Conv1d(CONDITION, 2 * HIDDEN * FLOW_LAYERS, 1)
        pad = FLOW_KERNEL // 2
        self.in_layers = nn.ModuleList(
            [nn.Conv1d(HIDDEN, 2 * HIDDEN, FLOW_KERNEL, padding=pad) for _ in range(FLOW_LAYERS)]
        )
        widths = [2 * HIDDEN] * (FLOW_LAYERS - 1) + [HIDDEN]
        self.res_skip_layers = nn.ModuleList([nn.Conv1d(HIDDEN, width, 1) for width in widths])

    def forward(self, x: Tensor, valid: Tensor, condition: Tensor) -> Tensor:
        conditions = self.cond_layer(condition).chunk(FLOW_LAYERS, 1)
        total = torch.zeros_like(x)
        for index, layer in enumerate(self.in_layers):
            a, b = (layer(x) + conditions[index]).chunk(2, 1)
            y = self.res_skip_layers[index](a.tanh() * b.sigmoid())
            if index < FLOW_LAYERS - 1:
                x = (x + y[:, :HIDDEN]) * valid
            total = total + y[:, -HIDDEN:]
        return total * valid


class Coupling(nn.Module):
    """One half of the channels shifts the other; this is the direction of inference."""

    def __init__(self) -> None:
        super().__init__()
        self.pre, self.enc, self.post = nn.Conv1d(INTER // 2, HIDDEN, 1), _Gates(), nn.Conv1d(HIDDEN, INTER // 2, 1)
        nn.init.zeros_(self.post.weight)

    def forward(self, x: Tensor, valid: Tensor, condition: Tensor) -> Tensor:
        kept, shifted = x.chunk(2, 1)
        mean = self.post(self.enc(self.pre(kept) * valid, valid, condition))
        return torch.cat([kept, (shifted - mean) * valid], 1)


class Flow(nn.Module):
    """The prior's frames to the generator's; official steps 0, 2, 4 … are couplings, those between reverse channels."""

    def __init__(self) -> None:
        super().__init__()
        self.flows = nn.ModuleDict({str(2 * index): Coupling() for index in range(FLOWS)})

    def forward(self, x: Tensor, valid: Tensor, condition: Tensor) -> Tensor:
        for index in reversed(range(FLOWS)):
            x = self.flows[str(2 * index)](x.flip(1), valid, condition)
        return x


class Synthesizer(nn.Module):
    """All of it, and the head of training."""

    def __init__(self) -> None:
        super().__init__()
        self.enc_p, self.flow, self.ref_enc, self.dec = Prior(), Flow(), StyleEncoder(), Generator()
        self.spectrum = nn.Conv1d(INTER, SPECTRUM, 1)

    def condition(self, lines: Lines) -> Tensor:
        """Return what the reference encoder says of the references, (B, CONDITION, 1)."""
        return self.ref_enc(lines.references, mask(lines.reference_lengths, lines.references.shape[2]))

    def frames(self, lines: Lines) -> tuple[Tensor, Tensor, Tensor]:
        """Return latent frames (B, INTER, T), where they are valid (B, 1, T) and the condition."""
        condition = self.condition(lines)
        valid = mask(lines.code_lengths * FRAMES_PER_CODE, lines.codes.shape[1] * FRAMES_PER_CODE)
        return self.flow(self.enc_p(lines, valid, condition), valid, condition), valid, condition

"""The synthesizer as it is trained: posterior encoder, prior encoder, flow and generator with raw weight norm.

Agrees with ``SynthesizerTrn.forward`` of the official ``module/models.py``; parameter names are its state-dict keys.
Randomness (the posterior's noise, the slice, dropout) comes from outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.weight_norm import NormedConv1d
from GPT_SoVITS.sovits.attention import over_channels
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.flow import Flow, WaveNet
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.sovits.network import PRelu
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.sovits.encoders import WITHOUT_GRADIENT, TrainedEncoders
from GPT_SoVITS.training.sovits.upsampling import NormedUpsample

POSTERIOR_KERNEL = 5


@dataclass(frozen=True)
class Sizes:
    """What training needs to know beyond the synthesizer's own sizes.

    Attributes:
        spectrogram_bins: Bins of the linear spectrogram.
        segment_frames: Frames that the generator is trained on at a time.
        dropout: Rate in the prior encoder.
        style_dropout: Rate in the reference encoder.
    """

    spectrogram_bins: int
    segment_frames: int
    dropout: float
    style_dropout: float = 0.1


class PosteriorEncoder(nn.Cell):
    """``enc_q``: a spectrogram to the mean and log deviation of its latent frames.

    spectrogram (B, bins, T), mask (B, 1, T), condition (B, gin, 1), noise (B, inter, T) -> sample, mean, log deviation,
    (B, inter, T) each. No gradient reaches the condition, as officially.
    """

    def __init__(self, config: SovitsConfig, bins: int) -> None:
        super().__init__()
        hidden = config.hidden_channels
        self.pre = Conv1d(bins, hidden, 1)
        self.enc = WaveNet(hidden, POSTERIOR_KERNEL, config.posterior_layers, config.gin_channels, NormedConv1d)
        self.proj = Conv1d(hidden, 2 * config.inter_channels, 1)
        self.hidden, self.inter = hidden, config.inter_channels

    def construct(
        self, spectrogram: Tensor, mask: Tensor, condition: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        wide = over_channels(mask, self.hidden)
        x = self.enc(self.pre(spectrogram) * wide, wide, ops.stop_gradient(condition))
        mean, log_std = ops.chunk(self.proj(x) * over_channels(mask, 2 * self.inter), 2, 1)
        return (mean + noise * ops.exp(log_std)) * over_channels(mask, self.inter), mean, log_std


class Synthesizer(TrainedEncoders):
    """All parameters of one SoVITS training checkpoint."""

    def __init__(self, config: SovitsConfig, sizes: Sizes) -> None:
        super().__init__(config)
        self.sizes = sizes
        self.dec = Generator(config.generator, NormedConv1d, NormedUpsample)
        self.enc_q = PosteriorEncoder(config, sizes.spectrogram_bins)
        self.flow = Flow(config, NormedConv1d)
        if config.is_pro:
            self.sv_emb = Linear(config.speaker_embedding_dim, config.gin_channels)
            self.ge_to512 = Linear(config.gin_channels, config.mrte_hidden)
            self.prelu = PRelu(config.gin_channels)
        self.is_pro = config.is_pro

    def trained(self) -> list[tuple[str, ms.Parameter]]:
        """Return the parameters that fine-tuning changes, in the order of their official names."""
        return [(name, p) for name, p in named(self) if not name.startswith(WITHOUT_GRADIENT)]

    def places_of_dropout(self, rate: float | None = None) -> list[tuple[Dropout, float]]:
        """Return the dropouts in a fixed order, each with its rate: the official one, or the one given."""
        official = ((self.enc_p, self.sizes.dropout), (self.ref_enc, self.sizes.style_dropout))
        parts = [(part, own if rate is None else rate) for part, own in official]
        return [(cell, rate) for part, rate in parts for _, cell in part.cells_and_names() if isinstance(cell, Dropout)]

    def condition(
        self, spectrogram: Tensor, mask: Tensor, batch_mask: Tensor, speaker: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the condition (B, gin, 1) and what the prior encoder takes of it, (B, mrte_hidden, 1)."""
        timbre = self.timbre(spectrogram, mask, batch_mask)
        if not self.is_pro:
            return timbre, timbre
        timbre = self.prelu(timbre + self.sv_emb(speaker).expand_dims(2))
        return timbre, self.ge_to512(timbre.squeeze(2)).expand_dims(2)

    def construct(
        self,
        ssl: Tensor,
        spectrogram: Tensor,
        mask: Tensor,
        batch_mask: Tensor,
        text: Tensor,
        text_mask: Tensor,
        speaker: Tensor,
        noise: Tensor,
        selection: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run everything once.

        Args:
            ssl: (B, ssl_dim, T) HuBERT features.
            spectrogram: (B, bins, T) of the same recordings, zero where masked.
            mask: (B, 1, T), 1 within each recording.
            batch_mask: (B, 1, T), 1 up to the end of the official batch.
            text: (B, L) int32 phonemes.
            text_mask: (B, 1, L).
            speaker: (B, speaker_embedding_dim), Pro only.
            noise: (B, inter, T) standard normal.
            selection: (B, T, S), column s has a 1 in the row of the frame that stands at s in the slice.

        Returns:
            Audio of the slices (B, 1, S * hop), then z, z_p, m_p, logs_p, m_q, logs_q, (B, inter, T) each.
        """
        condition, narrow = self.condition(spectrogram, mask, batch_mask, speaker)
        content = self.content(ssl, mask, text, text_mask, narrow)
        prior_mean, prior_log_std = self.enc_p.prior(content, mask)
        z, mean, log_std = self.enc_q(spectrogram, mask, condition, noise)
        z_prior = self.flow.forwards(z, mask, condition)
        audio = self.dec(ops.matmul(z, selection), condition)
        return audio, z, z_prior, prior_mean, prior_log_std, mean, log_std

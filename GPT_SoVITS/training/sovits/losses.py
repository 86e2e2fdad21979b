"""Losses of the synthesizer and of its discriminators (the official ``module/losses.py`` and ``s2_train.py``)."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.features.spectrogram import SpectrogramConfig
from GPT_SoVITS.features.spectrogram_cell import LogMelSpectrogram
from GPT_SoVITS.layers.sums import average, total
from GPT_SoVITS.sovits.attention import over_channels
from GPT_SoVITS.training.sovits.discriminator import Discriminators
from GPT_SoVITS.training.sovits.synthesizer import Synthesizer


def kl_loss(z_p: Tensor, logs_q: Tensor, m_p: Tensor, logs_p: Tensor, mask: Tensor) -> Tensor:
    """Divergence of the posterior from the prior by one sample, per valid frame; (B, C, T) each, mask (B, 1, T)."""
    distance = z_p - m_p
    divergence = logs_p - logs_q - 0.5 + 0.5 * distance * distance * ops.exp(-2.0 * logs_p)
    return total(divergence * over_channels(mask, divergence.shape[1])) / total(mask)


def feature_loss(real: tuple[tuple[Tensor, ...], ...], generated: tuple[tuple[Tensor, ...], ...]) -> Tensor:
    """Twice the sum of the mean distances of all feature maps; nothing is learnt from the real ones."""
    distance = ops.zeros(())
    for maps, others in zip(real, generated):  # noqa: B905  (the graph compiler knows no keyword of zip)
        for a, b in zip(maps, others):  # noqa: B905
            distance = distance + average(ops.abs(ops.stop_gradient(a) - b))
    return distance * 2.0


def generator_loss(judgements: tuple[Tensor, ...]) -> Tensor:
    """How far generated audio is from being taken for real (least squares)."""
    loss = ops.zeros(())
    for judgement in judgements:
        loss = loss + average((1.0 - judgement) * (1.0 - judgement))
    return loss


def discriminator_loss(real: tuple[Tensor, ...], generated: tuple[Tensor, ...]) -> Tensor:
    """How far the discriminators are from telling real audio from generated (least squares)."""
    loss = generator_loss(real)
    for judgement in generated:
        loss = loss + average(judgement * judgement)
    return loss


class GeneratorLoss(nn.Cell):
    """The synthesizer's loss.

    Returns the sum, then its parts (adversarial, feature maps, mel, divergence), then the audio of the slices
    (B, 1, S * hop) and their mel spectrogram (B, mel_bins, S).
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        discriminators: Discriminators,
        spectrogram: SpectrogramConfig,
        mel_weight: float,
        kl_weight: float,
    ) -> None:
        super().__init__()
        self.synthesizer, self.discriminators = synthesizer, discriminators
        self.mel = LogMelSpectrogram(spectrogram)
        self.mel_weight, self.kl_weight = mel_weight, kl_weight

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
        wave: Tensor,
        mel: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run the synthesizer and judge it.

        Args:
            ssl: With the following ones as in :class:`Synthesizer`.
            spectrogram: (B, bins, T).
            mask: (B, 1, T).
            batch_mask: (B, 1, T).
            text: (B, L) int32.
            text_mask: (B, 1, L).
            speaker: (B, speaker_embedding_dim).
            noise: (B, inter, T).
            selection: (B, T, S).
            wave: (B, 1, S * hop), real audio of the slices.
            mel: (B, mel_bins, S), its log-mel spectrogram.
        """
        audio, _, z_p, m_p, logs_p, _, logs_q = self.synthesizer(
            ssl, spectrogram, mask, batch_mask, text, text_mask, speaker, noise, selection
        )
        heard = self.mel(audio.squeeze(1))
        mel_part = average(ops.abs(mel - heard)) * self.mel_weight
        kl_part = kl_loss(z_p, logs_q, m_p, logs_p, mask) * self.kl_weight
        _, real = self.discriminators(wave)
        judgements, generated = self.discriminators(audio)
        feature_part = feature_loss(real, generated)
        adversarial = generator_loss(judgements)
        loss = adversarial + feature_part + mel_part + kl_part
        return loss, adversarial, feature_part, mel_part, kl_part, audio, heard


class DiscriminatorLoss(nn.Cell):
    """The discriminators' loss on real and generated slices, (B, 1, S * hop) each; a scalar."""

    def __init__(self, discriminators: Discriminators) -> None:
        super().__init__()
        self.discriminators = discriminators

    def construct(self, wave: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        real, _ = self.discriminators(wave)
        generated, _ = self.discriminators(audio)
        loss = discriminator_loss(real, generated)
        return loss, loss

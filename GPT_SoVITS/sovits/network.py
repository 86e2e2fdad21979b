"""The synthesizer of v1, v2, v2Pro and v2ProPlus for inference, and the graphs it is run as.

:class:`SynthesizerNetwork` holds the parameters under their official names (``SynthesizerTrn`` without ``enc_q``, which
only training needs). The graphs below share its cells; each is compiled for the few lengths of its own inputs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.parameters import load_arrays, parameter
from GPT_SoVITS.sovits.config import GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.flow import Flow
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.sovits.quantizer import Quantizer
from GPT_SoVITS.sovits.reference_encoder import ReferenceEncoder
from GPT_SoVITS.sovits.text_encoder import TextEncoder
from GPT_SoVITS.sovits.upsampling import phase_weight


class PRelu(nn.Cell):
    """ReLU with a learned slope per channel; x (B, C, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = parameter(channels)

    def construct(self, x: Tensor) -> Tensor:
        return ops.maximum(x, 0.0) + self.weight.expand_dims(1) * ops.minimum(x, 0.0)


class SynthesizerNetwork(nn.Cell):
    """All parameters of one SoVITS checkpoint, the generator's only where it is not run by something else."""

    def __init__(self, config: SovitsConfig, *, with_generator: bool = True) -> None:
        super().__init__()
        self.config = config
        self.enc_p = TextEncoder(config)
        if with_generator:
            self.dec = Generator(config.generator)
        self.flow = Flow(config)
        self.ref_enc = ReferenceEncoder(config)
        stride = config.frames_per_code
        self.ssl_proj = Conv1d(config.ssl_dim, config.ssl_dim, stride, stride=stride)
        self.quantizer = Quantizer(config.ssl_dim, config.codebook_size)
        if config.is_pro:
            self.sv_emb = Linear(config.speaker_embedding_dim, config.gin_channels)
            self.ge_to512 = Linear(config.gin_channels, config.mrte_hidden)
            self.prelu = PRelu(config.gin_channels)

    def load(self, arrays: Mapping[str, np.ndarray], dtype: type = np.float32) -> None:
        """Fill the parameters from arrays under official names with weight norm folded.

        Raises:
            WeightsError: any key is missing, unexpected or misshapen; nothing has been changed then.
        """
        load_arrays(self, arrange(self.config.generator, arrays), dtype)


def arrange(config: GeneratorConfig, arrays: Mapping[str, np.ndarray], prefix: str = "dec.") -> dict[str, np.ndarray]:
    """Return the arrays with the generator's transposed convolutions split into phases (see ``upsampling.py``)."""
    arranged = dict(arrays)
    for stage, (rate, kernel) in enumerate(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True)):
        key = f"{prefix}ups.{stage}.weight"
        # Anything else than a kernel of the expected length is left for the loader to report.
        if key in arrays and arrays[key].ndim == 3 and arrays[key].shape[2] == kernel:
            arranged[key] = phase_weight(arrays[key], rate, (kernel - rate) // 2)
    return arranged


class ReferenceGraph(nn.Cell):
    """Timbre of one reference: spectrogram (1, bins, F), mask (1, 1, F) -> ref_enc's output (1, gin, 1)."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.ref_enc = network.ref_enc

    def construct(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        return self.ref_enc(spectrogram, mask)


class SpeakerGraph(nn.Cell):
    """Pro only: adds the speaker embedding (1, 20480) to the timbre (1, gin, 1) -> condition (1, gin, 1)."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.sv_emb, self.prelu = network.sv_emb, network.prelu

    def construct(self, timbre: Tensor, speaker: Tensor) -> Tensor:
        return self.prelu(timbre + self.sv_emb(speaker).expand_dims(2))


class PhonemeGraph(nn.Cell):
    """Phonemes (1, L), mask (1, 1, L) -> their encoding (1, hidden, L)."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.enc_p = network.enc_p

    def construct(self, text: Tensor, mask: Tensor) -> Tensor:
        return self.enc_p.phonemes(text, mask)


class ContentGraph(nn.Cell):
    """Codes (1, N), mask (1, 1, T), encoded text (1, hidden, L), its mask, condition -> content (1, hidden, T)."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.enc_p, self.quantizer = network.enc_p, network.quantizer
        self.narrow = network.config.is_pro
        if self.narrow:
            self.ge_to512 = network.ge_to512

    def timbre(self, condition: Tensor) -> Tensor:
        """Condition (1, gin, 1) as the timbre encoder takes it, (1, mrte_hidden, 1)."""
        if self.narrow:
            return self.ge_to512(condition.squeeze(2)).expand_dims(2)
        return condition

    def construct(self, codes: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, condition: Tensor) -> Tensor:
        semantics = self.enc_p.semantics(self.quantizer.decode(codes), mask)
        return self.enc_p.fuse(semantics, mask, text, text_mask, self.timbre(condition))


class LatentGraph(nn.Cell):
    """Content (1, hidden, T), mask (1, 1, T), scaled noise (1, inter, T), condition (1, gin, 1) to latent frames.

    Returns the frames, the prior's mean and its log standard deviation, (1, inter, T) each.
    """

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.enc_p, self.flow = network.enc_p, network.flow

    def construct(
        self, content: Tensor, mask: Tensor, noise: Tensor, condition: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_std = self.enc_p.prior(content, mask)
        frames = self.flow(mean + noise * ops.exp(log_std), mask, condition)
        return frames, mean, log_std


class TokenGraph(nn.Cell):
    """HuBERT features (1, ssl_dim, L) -> semantic tokens (1, L // frames_per_code)."""

    def __init__(self, network: SynthesizerNetwork) -> None:
        super().__init__()
        self.ssl_proj, self.quantizer = network.ssl_proj, network.quantizer

    def construct(self, features: Tensor) -> Tensor:
        return self.quantizer.encode(self.ssl_proj(features))

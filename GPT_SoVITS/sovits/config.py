"""Sizes of a v1, v2, v2Pro or v2ProPlus synthesizer, read from the configuration inside its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from GPT_SoVITS.versions import VERSIONS, version_of

FLOWS = 4
"""Couplings of the flow that turns content into latent frames; v3 and v4 have none (``cfm``)."""
FRAMES_PER_SECOND = 50
"""Latent frames, in every version."""
OWN_SIZES = (
    "ssl_dim", "codebook_size", "style_hidden", "mrte_hidden", "mrte_heads", "flow_layers", "posterior_layers",
)  # fmt: skip
"""Constants of the official constructor that a checkpoint's ``model`` section may name otherwise."""


class ConfigError(ValueError):
    """The configuration does not describe a synthesizer that this package can build."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of a HiFi-GAN generator with multi-receptive-field fusion (HiFi-GAN, appendix A; type 1 residual blocks).

    Attributes:
        input_channels: Channels of the latent frames.
        initial_channels: Channels before the first upsampling; each upsampling halves them.
        upsample_rates: Samples per frame, factor by factor.
        upsample_kernel_sizes: Kernel of each transposed convolution.
        resblock_kernel_sizes: Kernels of the parallel residual blocks.
        resblock_dilation_sizes: Dilations within each of them.
        condition_channels: Channels of the speaker condition, 0 for none.
        post_bias: Whether the last convolution has a bias.
    """

    input_channels: int
    initial_channels: int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    condition_channels: int
    post_bias: bool = False

    def __post_init__(self) -> None:
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            if kernel < rate or (kernel - rate) % 2:
                raise ConfigError(
                    f"upsampling by {rate} with kernel {kernel}: kernel - rate must be even and not negative"
                )
        if self.initial_channels % 2 ** len(self.upsample_rates):
            raise ConfigError(
                f"{self.initial_channels} initial channels cannot be halved {len(self.upsample_rates)} times"
            )

    @property
    def samples_per_frame(self) -> int:
        """Audio samples that one latent frame becomes."""
        return prod(self.upsample_rates)

    def channels(self, stage: int) -> int:
        """Channels after upsampling number ``stage``."""
        return self.initial_channels // 2 ** (stage + 1)


@dataclass(frozen=True)
class SovitsConfig:
    """Sizes of ``SynthesizerTrn`` (official ``module/models.py``).

    The first group is in every checkpoint. The fields with defaults are constants of the official constructor; those of
    :data:`OWN_SIZES` may be named otherwise by a checkpoint.

    Attributes:
        content_encoder: Which network's features its quantizer was trained on, see
            ``GPT_SoVITS.inference.content_encoders``: tokens of another one mean nothing to it.
    """

    version: str
    inter_channels: int
    hidden_channels: int
    filter_channels: int
    n_heads: int
    n_layers: int
    kernel_size: int
    gin_channels: int
    codes_per_second: int
    phoneme_count: int
    reference_bins: int
    sampling_rate: int
    generator: GeneratorConfig

    window: int = 4
    ssl_dim: int = 768
    codebook_size: int = 1024
    style_hidden: int = 128
    style_heads: int = 2
    style_kernel_size: int = 5
    mrte_hidden: int = 512
    mrte_heads: int = 4
    flow_count: int = FLOWS
    flow_layers: int = 4
    posterior_layers: int = 16
    flow_kernel_size: int = 5
    speaker_embedding_dim: int = 20480
    content_encoder: str = "official"

    def __post_init__(self) -> None:
        for name, parts, what in (
            ("mrte_hidden", self.mrte_heads, "attention heads"),
            ("style_hidden", self.style_heads, "attention heads"),
            ("inter_channels", 2, "halves of a coupling"),
        ):
            if getattr(self, name) % parts:
                raise ConfigError(f"{name} is {getattr(self, name)}, expected a multiple of {parts} ({what})")
        if not self.is_pro and self.mrte_hidden != self.gin_channels:
            raise ConfigError(
                f"mrte_hidden is {self.mrte_hidden}; {self.version} adds the condition to it, which has "
                f"{self.gin_channels} channels (gin_channels)"
            )
        frames = FRAMES_PER_SECOND * self.generator.samples_per_frame
        if version_of(self.version).synthesizer == "vits" and frames != self.sampling_rate:
            raise ConfigError(
                f"sampling_rate is {self.sampling_rate}; the generator makes {frames} samples a second, "
                f"{self.generator.samples_per_frame} of each frame"
            )

    @property
    def is_pro(self) -> bool:
        """Whether a speaker-verification embedding is part of the condition."""
        return version_of(self.version).uses_speaker_verifier

    @property
    def frames_per_code(self) -> int:
        """Latent frames (50 per second) per semantic token."""
        return FRAMES_PER_SECOND // self.codes_per_second

    @classmethod
    def from_official(cls, config: Mapping[str, Any], version: str | None = None) -> SovitsConfig:
        """Read the configuration of an official checkpoint.

        Args:
            config: Content of ``s2.json`` or of a checkpoint's ``config``: sections ``data`` and ``model``.
            version: Where it is known better than from ``model.version``, which many published checkpoints lack or
                have wrong.

        Raises:
            ConfigError: a key is missing, or its value is one that no such checkpoint has.
        """
        try:
            model, data = config["model"], config["data"]
            version = version or str(model["version"])
            known = VERSIONS.get(version)
            if known is None:
                raise ConfigError(f"version {version!r} is none of {', '.join(VERSIONS)}")
            if str(model["resblock"]) != "1":
                raise ConfigError(f"residual blocks of type {model['resblock']!r}: only type 1 was ever published")
            spectrogram_bins = int(data["filter_length"]) // 2 + 1
            return cls(
                version=version,
                inter_channels=int(model["inter_channels"]),
                hidden_channels=int(model["hidden_channels"]),
                filter_channels=int(model["filter_channels"]),
                n_heads=int(model["n_heads"]),
                n_layers=int(model["n_layers"]),
                kernel_size=int(model["kernel_size"]),
                gin_channels=int(model["gin_channels"]),
                codes_per_second=_code_rate(model["semantic_frame_rate"]),
                phoneme_count=known.phonemes,
                reference_bins=known.reference_bins or spectrogram_bins,
                sampling_rate=int(data["sampling_rate"]),
                generator=_generator(model),
                flow_count=int(model.get("flow_count", FLOWS)) if known.synthesizer == "vits" else 0,
                content_encoder=str(model.get("content_encoder", cls.content_encoder)),
                **{name: int(model[name]) for name in OWN_SIZES if name in model},
            )
        except KeyError as error:
            raise ConfigError(f"the configuration has no {error}; is it that of a SoVITS checkpoint?") from error


def _code_rate(name: str) -> int:
    rates = {"25hz": 25, "50hz": 50}
    if name not in rates:
        raise ConfigError(f"semantic_frame_rate {name!r} is none of {', '.join(rates)}")
    return rates[name]


def _generator(model: Mapping[str, Any]) -> GeneratorConfig:
    return GeneratorConfig(
        input_channels=int(model["inter_channels"]),
        initial_channels=int(model["upsample_initial_channel"]),
        upsample_rates=tuple(model["upsample_rates"]),
        upsample_kernel_sizes=tuple(model["upsample_kernel_sizes"]),
        resblock_kernel_sizes=tuple(model["resblock_kernel_sizes"]),
        resblock_dilation_sizes=tuple(tuple(d) for d in model["resblock_dilation_sizes"]),
        condition_channels=int(model["gin_channels"]),
    )

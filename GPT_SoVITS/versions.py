"""The released model versions, and everything that tells them apart. This module imports nothing of ours.

A new version is an entry here and its networks; whoever depends on a version asks its entry and compares no names.
Sizes of networks are not here: they come from the configuration inside each checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Symbols = Literal["v1", "v2"]
"""A phoneme set."""
Synthesizer = Literal["vits", "cfm"]
"""What turns semantic tokens into frames: a flow (latent frames) or conditional flow matching (a mel spectrogram)."""
Vocoder = Literal["generator", "bigvgan", "hifigan"]
"""What turns frames into audio: the checkpoint's own generator, or a network with a file of its own."""

_OF_SYMBOLS: dict[Symbols, tuple[str, ...]] = {"v1": ("zh", "en", "ja"), "v2": ("zh", "en", "ja", "ko", "yue")}


class UnknownVersionError(ValueError):
    """There is no model version of that name."""


@dataclass(frozen=True)
class MelFrames:
    """Mel spectrograms of a version that makes audio from them, and how official inference cuts them.

    Attributes:
        sample_rate: That a reference is brought to for its mel spectrogram, in Hz.
        fft: Size of the Fourier transform.
        hop: Samples of the reference from frame to frame.
        per_content_frame: Mel frames that a frame of content (50 per second) becomes.
        per_token: Mel frames that a semantic token is believed to become; frames beyond are silent.
        longest_reference: Frames of the reference, from its end, that a chunk begins with at most.
        chunk: Frames that are sampled at a time, the reference's included.
        overlap: Frames that chunks of one text share.
    """

    sample_rate: int
    fft: int
    hop: int
    per_content_frame: float
    per_token: float
    longest_reference: int
    chunk: int
    overlap: int = 12


@dataclass(frozen=True)
class ModelVersion:
    """What is particular to a version.

    Attributes:
        name: As files, messages and settings have it.
        symbols: Phoneme set of both networks.
        phonemes: Rows of the synthesizer's phoneme embedding.
        sample_rate: Of its audio, in Hz.
        hop_length: Samples of audio that a frame becomes.
        synthesizer: What turns tokens into frames.
        vocoder: What turns frames into audio.
        vocoder_resource: Its installable resource; empty where the checkpoint holds it.
        mel: Mel spectrograms that audio is made from; None where a flow makes latent frames.
        uses_speaker_verifier: Whether an embedding of the speaker verifier is part of a voice's condition.
        reference_bins: Spectrogram bins of a reference that are looked at, from the lowest; None for all.
        needs_prompt: Whether the reference's text has to be given: no ``ref_free``.
        has_lora: Whether fine-tuned files may hold LoRA pairs instead of whole weights.
        streams_tokens: Whether audio can leave before all tokens of a segment are there, as in the official program.
        gpt: Resource of the published GPT weights.
        sovits: Resource of the published SoVITS weights.
        discriminator: Resource of the published discriminator for fine-tuning; empty where there is none.
        is_spoken: Whether speaking with it is built.
    """

    name: str
    symbols: Symbols
    phonemes: int
    gpt: str
    sovits: str
    discriminator: str = ""
    sample_rate: int = 32_000
    hop_length: int = 640
    synthesizer: Synthesizer = "vits"
    vocoder: Vocoder = "generator"
    vocoder_resource: str = ""
    mel: MelFrames | None = None
    uses_speaker_verifier: bool = False
    reference_bins: int | None = 704
    needs_prompt: bool = False
    has_lora: bool = False
    streams_tokens: bool = True
    is_spoken: bool = True

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that it speaks."""
        return _OF_SYMBOLS[self.symbols]


_ALL = (
    ModelVersion("v1", "v1", 322, "gpt-v1", "sovits-v1", "sovits-v1-d", reference_bins=None),
    ModelVersion("v2", "v2", 732, "gpt-v2", "sovits-v2", "sovits-v2-d"),
    ModelVersion("v2Pro", "v2", 732, "gpt-v3", "sovits-v2pro", "sovits-v2pro-d", uses_speaker_verifier=True),
    ModelVersion(
        "v2ProPlus", "v2", 732, "gpt-v3", "sovits-v2proplus", "sovits-v2proplus-d", uses_speaker_verifier=True
    ),
    ModelVersion(
        "v3", "v2", 732, "gpt-v3", "sovits-v3", sample_rate=24_000, hop_length=256, synthesizer="cfm",
        vocoder="bigvgan", vocoder_resource="vocoder-v3",
        mel=MelFrames(24_000, 1024, 256, 1.875, 3.875, 468, 934),
        needs_prompt=True, has_lora=True, streams_tokens=False,
    ),
    ModelVersion(
        "v4", "v2", 732, "gpt-v3", "sovits-v4", sample_rate=48_000, hop_length=480, synthesizer="cfm",
        vocoder="hifigan", vocoder_resource="vocoder-v4",
        mel=MelFrames(32_000, 1280, 320, 2.0, 4.0, 500, 1000),
        needs_prompt=True, has_lora=True, streams_tokens=False,
    ),
)  # fmt: skip
SAMPLE_STEPS = (1, 128)
"""Fewest and most steps of the sampler of v3 and v4; the official program offers 4 to 128 (v4: to 32)."""
PRECISIONS = ("float32", "float16", "int8")
"""How weights may be held."""
CFM_PRODUCTS = ("auto", "float32", "bfloat16")
"""What the sampler may be told to multiply; sums are float32 always. ``auto`` is bfloat16 where the processor has such
products, unless weights are held in float32."""
LORA_RANKS = (0, 16, 32, 64, 128)
"""What fine-tuning offers where there is LoRA: ranks of the official page, and 0 for all weights."""
VERSIONS: dict[str, ModelVersion] = {version.name: version for version in _ALL}
"""All versions by name, oldest first."""
SPOKEN: tuple[str, ...] = tuple(version.name for version in _ALL if version.is_spoken)
"""Names of those that can be spoken with."""
NEWEST = "v2"
"""A version that knows every language and symbol: what texts are checked for before weights are known."""


def version_of(name: str) -> ModelVersion:
    """Return a version's entry.

    Raises:
        UnknownVersionError: there is none of that name.
    """
    try:
        return VERSIONS[name]
    except KeyError:
        raise UnknownVersionError(f"there is no model version {name!r}, only {', '.join(VERSIONS)}") from None

"""Host side of the synthesizer: numpy in, numpy out, no batch axis, any length.

Inputs are padded to length buckets and masked, so that a handful of compiled graphs serve every length with the result
of the unpadded input. Steps whose results are worth keeping are methods of their own: the condition of a voice, the
encoding of a segment's phonemes (several streaming chunks share it), the content, the latent frames, the audio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS import backend
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.native_vocoder import PREFIX, choose_vocoder
from GPT_SoVITS.sovits.network import (
    ContentGraph,
    LatentGraph,
    PhonemeGraph,
    ReferenceGraph,
    SpeakerGraph,
    SynthesizerNetwork,
    TokenGraph,
)
from GPT_SoVITS.sovits.resample import change_speed, cross_fade, frames_at_speed
from GPT_SoVITS.sovits.vocoder import WINDOWS, Vocoder

Array = np.ndarray[Any, np.dtype[Any]]


class InputError(ValueError):
    """An input of the synthesizer has the wrong shape or range."""


@dataclass(frozen=True)
class Buckets:
    """Lengths that graphs are compiled for, one compilation (0.3 to 2 s) per length in use.

    Attributes:
        codes: Semantic tokens (25 per second).
        phonemes: Phonemes.
        frames: Latent frames (50 per second) after the change of speed.
        reference: Spectrogram frames (50 per second) of a reference.
        features: HuBERT frames (50 per second) of a reference.
        windows: Frames per run of the generator.
    """

    codes: tuple[int, ...] = (32, 64, 128, 192, 256, 384, 512, 1024, 2048)
    phonemes: tuple[int, ...] = (32, 64, 128, 256, 512, 1024)
    frames: tuple[int, ...] = (64, 128, 256, 384, 512, 768, 1024, 2048, 4096, 8192)
    reference: tuple[int, ...] = (256, 512, 1024, 2048, 4096)
    features: tuple[int, ...] = (256, 512, 1024, 2048, 4096)
    windows: tuple[int, ...] = WINDOWS


@dataclass(frozen=True)
class EncodedPhonemes:
    """Phonemes of a segment as the content graph takes them: encoding (1, hidden, bucket) and mask (1, 1, bucket)."""

    encoding: Array
    mask: Array


@dataclass(frozen=True)
class Latent:
    """Frames for the generator, and the prior they were drawn from; (inter_channels, T) each."""

    frames: Array
    mean: Array
    log_std: Array


@dataclass(frozen=True)
class StreamedChunk:
    """Audio (samples,) of a streaming chunk, and the content (hidden, T) whose end fades into the next chunk."""

    audio: Array
    content: Array


class Synthesizer:
    """A loaded SoVITS checkpoint of v1, v2, v2Pro or v2ProPlus.

    Args:
        config: Sizes.
        arrays: Weights under official names, weight norm folded (``convert.keymap.map_official("sovits", ...)``).
        buckets: Lengths to compile for.
        dtype: numpy float type of weights and computation.
        vocoder: What runs the generator: ``auto``, ``native`` or ``jit`` (see ``native_vocoder.choose_vocoder``).

    Raises:
        WeightsError: the weights do not fit the sizes.
        VocoderUnavailableError: ``native`` was asked for and cannot be used.
    """

    def __init__(
        self,
        config: SovitsConfig,
        arrays: Mapping[str, Array],
        *,
        buckets: Buckets | None = None,
        dtype: type = np.float32,
        vocoder: str = "auto",
    ) -> None:
        self.config = config
        self.buckets = buckets or Buckets()
        self.dtype = dtype
        # The generator's weights are held by what runs it, and by nothing else.
        self.network = SynthesizerNetwork(config, with_generator=False)
        self.network.load({key: value for key, value in arrays.items() if not key.startswith(PREFIX)}, dtype)
        self._reference = backend.compile_cell(ReferenceGraph(self.network))
        self._speaker = backend.compile_cell(SpeakerGraph(self.network)) if config.is_pro else None
        self._phonemes = backend.compile_cell(PhonemeGraph(self.network))
        self._content = backend.compile_cell(ContentGraph(self.network))
        self._latent = backend.compile_cell(LatentGraph(self.network))
        self._tokens = backend.compile_cell(TokenGraph(self.network))
        chosen = choose_vocoder(config, arrays, vocoder, dtype)
        self.vocoder_description, self.vocoder_reason = chosen.description, chosen.reason
        self.vocoder = Vocoder(config.generator, chosen.run, self.buckets.windows)

    def timbre(self, spectrogram: Array) -> Array:
        """Return the reference encoder's vector, (gin,).

        Args:
            spectrogram: (bins, F) linear magnitude spectrogram of the reference at 32 kHz; bins above those that the
                version uses are ignored.
        """
        bins = self.config.reference_bins
        if spectrogram.ndim != 2 or spectrogram.shape[0] < bins or not spectrogram.shape[1]:
            raise InputError(f"spectrogram of shape {spectrogram.shape}, expected (at least {bins}, at least 1)")
        frames = spectrogram.shape[1]
        size = backend.bucket(frames, self.buckets.reference)
        padded = self._zeros(1, bins, size)
        padded[0, :, :frames] = spectrogram[:bins]
        timbre: Array = self._run(self._reference, padded, self._mask(frames, size))[0, :, 0]
        return timbre

    def condition(self, spectrograms: Sequence[Array], speakers: Sequence[Array] = ()) -> Array:
        """Return the condition of a voice, (gin,): the mean over its references.

        Args:
            spectrograms: One per reference, see :meth:`timbre`.
            speakers: Pro versions only: speaker embedding (20480,) per reference, in the same order.

        Raises:
            InputError: no reference, or not as many embeddings as the version needs.
        """
        wanted = len(spectrograms) if self.config.is_pro else 0
        if not spectrograms or len(speakers) != wanted:
            raise InputError(
                f"{len(spectrograms)} references with {len(speakers)} speaker embeddings; {self.config.version} takes "
                f"at least one reference, each with {'an' if self.config.is_pro else 'no'} embedding"
            )
        conditions = [self.timbre(spectrogram) for spectrogram in spectrograms]
        if self._speaker is not None:
            conditions = [self._with_speaker(*pair) for pair in zip(conditions, speakers, strict=True)]
        mean: Array = np.mean(conditions, axis=0, dtype=self.dtype)
        return mean

    def phonemes(self, text: Array) -> EncodedPhonemes:
        """Encode the phoneme ids (L,) of a segment."""
        ids = self._ids(text, self.config.phoneme_count, "phonemes")
        size = backend.bucket(len(ids), self.buckets.phonemes)
        mask = self._mask(len(ids), size)
        return EncodedPhonemes(self._run(self._phonemes, _pad(ids, size), mask), mask)

    def content(self, codes: Array, phonemes: EncodedPhonemes, condition: Array) -> Array:
        """Return the content of semantic tokens (N,) spoken in a voice, (hidden, N * frames_per_code)."""
        ids = self._ids(codes, self.config.codebook_size, "semantic tokens")
        size = backend.bucket(len(ids), self.buckets.codes)
        frames = len(ids) * self.config.frames_per_code
        mask = self._mask(frames, size * self.config.frames_per_code)
        content: Array = self._run(
            self._content, _pad(ids, size), mask, phonemes.encoding, phonemes.mask, self._shaped(condition)
        )[0, :, :frames]
        return content

    def noise_shape(self, codes: int, speed: float = 1.0) -> tuple[int, int]:
        """Shape of the noise for :meth:`latent` of that many semantic tokens."""
        return self.config.inter_channels, frames_at_speed(codes * self.config.frames_per_code, speed)

    def latent(self, content: Array, condition: Array, noise: Array | None = None, noise_scale: float = 0.5) -> Latent:
        """Draw latent frames for content (hidden, T).

        Args:
            content: Content after any change of speed.
            condition: (gin,) from :meth:`condition`.
            noise: (inter_channels, T) standard normal numbers; None together with ``noise_scale=0`` for the mean.
            noise_scale: Standard deviation relative to the prior's.
        """
        frames = content.shape[1]
        size = backend.bucket(frames, self.buckets.frames)
        padded = self._zeros(1, content.shape[0], size)
        padded[0, :, :frames] = content
        scaled = self._zeros(1, self.config.inter_channels, size)
        if noise is not None:
            if noise.shape != (self.config.inter_channels, frames):
                raise InputError(f"noise of shape {noise.shape}, expected {(self.config.inter_channels, frames)}")
            scaled[0, :, :frames] = noise * noise_scale
        elif noise_scale != 0:
            raise InputError(f"noise_scale is {noise_scale} but there is no noise; give noise or set the scale to 0")
        inputs = (padded, self._mask(frames, size), scaled, self._shaped(condition))
        outputs = self._latent(*(backend.to_tensor(array) for array in inputs))
        return Latent(*(output.asnumpy()[0, :, :frames] for output in outputs))

    def decode(
        self,
        codes: Array,
        text: Array | EncodedPhonemes,
        condition: Array,
        *,
        noise: Array | None = None,
        noise_scale: float = 0.5,
        speed: float = 1.0,
    ) -> Array:
        """Speak semantic tokens (N,); returns audio (samples,) at the configuration's sampling rate.

        Agrees with the official ``SynthesizerTrn.decode`` when ``noise`` is what its ``randn_like`` returned.

        Args:
            codes: Semantic tokens.
            text: Phoneme ids (L,) of the tokens' text, or their encoding.
            condition: (gin,) from :meth:`condition`.
            noise: See :meth:`latent`; its shape is :meth:`noise_shape`.
            noise_scale: See :meth:`latent`.
            speed: Speaking speed; 2 is twice as fast.
        """
        content = self.content(codes, self._encoded(text), condition)
        latent = self.latent(change_speed(content, speed), condition, noise, noise_scale)
        return self.vocoder(latent.frames, condition)

    def decode_streaming(
        self,
        codes: Array,
        text: Array | EncodedPhonemes,
        condition: Array,
        *,
        noise: Array | None = None,
        noise_scale: float = 0.5,
        speed: float = 1.0,
        result_length: int | None = None,
        overlap: Array | None = None,
    ) -> StreamedChunk:
        """Speak the newest of the semantic tokens there are so far.

        Agrees with the official ``SynthesizerTrn.decode_streaming``: everything so far is encoded, the end of it
        becomes audio, and its first frames fade in from the end of the previous chunk's content.

        Args:
            codes: All semantic tokens (N,) so far.
            text: Phoneme ids (L,) of the whole segment, or their encoding.
            condition: (gin,) from :meth:`condition`.
            noise: (inter_channels, T) for the T frames of the result, see :meth:`latent`.
            noise_scale: See :meth:`latent`.
            speed: Speaking speed.
            result_length: Semantic tokens at the end that become audio; None for all.
            overlap: (hidden, K) last frames of the previous chunk's content.
        """
        if result_length is not None and result_length < 1:
            raise InputError(f"result_length is {result_length}, expected at least 1 token, or None for all")
        content = self.content(codes, self._encoded(text), condition)
        if result_length is not None:
            content = content[:, -result_length * self.config.frames_per_code :]
        if overlap is not None:
            content = cross_fade(content, overlap)
        latent = self.latent(change_speed(content, speed), condition, noise, noise_scale)
        return StreamedChunk(self.vocoder(latent.frames, condition), content)

    def extract_tokens(self, features: Array) -> Array:
        """Quantize HuBERT features (ssl_dim, L) to semantic tokens (L // frames_per_code,) int64."""
        count = features.shape[1] // self.config.frames_per_code
        if features.shape[0] != self.config.ssl_dim or not count:
            raise InputError(f"features of shape {features.shape}, expected ({self.config.ssl_dim}, at least 2)")
        size = backend.bucket(features.shape[1], self.buckets.features)
        padded = self._zeros(1, self.config.ssl_dim, size)
        padded[0, :, : features.shape[1]] = features
        return self._run(self._tokens, padded)[0, :count].astype(np.int64)

    def warm_up(
        self,
        codes: Sequence[int],
        phonemes: Sequence[int],
        references: Sequence[int] = (),
        progress: Callable[[int, float], None] | None = None,
    ) -> float:
        """Compile what synthesis of those lengths at speed 1 needs, and return the seconds it took.

        Args:
            codes: Numbers of semantic tokens.
            phonemes: Numbers of phonemes.
            references: Frames (50 per second) of references whose condition and tokens will be computed.
            progress: Called after each length with it and its seconds.
        """
        seconds = backend.warm_up(self._warm_reference, references, progress)
        condition = self._zeros(self.config.gin_channels)
        encoded = [self.phonemes(np.zeros(length, np.int64)) for length in phonemes]

        def encode(length: int) -> None:
            for text in encoded:
                content = self.content(np.zeros(length, np.int64), text, condition)
                self.latent(content, condition, noise_scale=0.0)

        seconds += backend.warm_up(encode, codes, progress)
        return seconds + backend.warm_up(
            lambda length: self.vocoder(self._zeros(self.config.inter_channels, length), condition),
            self.vocoder.lengths_to_warm,
            progress,
        )

    def _warm_reference(self, frames: int) -> None:
        speakers = [self._zeros(self.config.speaker_embedding_dim)] if self.config.is_pro else []
        self.condition([self._zeros(self.config.reference_bins, frames)], speakers)
        self.extract_tokens(self._zeros(self.config.ssl_dim, frames))

    def _with_speaker(self, timbre: Array, speaker: Array) -> Array:
        size = self.config.speaker_embedding_dim
        if speaker.size != size:
            raise InputError(f"speaker embedding of shape {speaker.shape}, expected ({size},)")
        row: Array = np.asarray(speaker, self.dtype).reshape(1, size)
        condition: Array = self._run(self._speaker, self._shaped(timbre), row)[0, :, 0]
        return condition

    def _encoded(self, text: Array | EncodedPhonemes) -> EncodedPhonemes:
        return text if isinstance(text, EncodedPhonemes) else self.phonemes(text)

    def _run(self, graph: Any, *inputs: Array) -> Array:
        result: Array = graph(*(backend.to_tensor(array) for array in inputs)).asnumpy()
        return result

    def _shaped(self, condition: Array) -> Array:
        return np.asarray(condition, self.dtype).reshape(1, self.config.gin_channels, 1)

    def _zeros(self, *shape: int) -> Array:
        zeros: Array = np.zeros(shape, self.dtype)
        return zeros

    def _mask(self, length: int, size: int) -> Array:
        mask = self._zeros(1, 1, size)
        mask[0, 0, :length] = 1.0
        return mask

    def _ids(self, values: Array, count: int, what: str) -> Array:
        ids = np.asarray(values)
        if ids.ndim != 1 or not ids.size:
            raise InputError(f"{what} of shape {ids.shape}, expected (at least 1,)")
        if ids.min() < 0 or ids.max() >= count:
            raise InputError(f"{what} from {ids.min()} to {ids.max()}; the weights know 0 to {count - 1}")
        return ids.astype(np.int32)


def _pad(ids: Array, size: int) -> Array:
    padded = np.zeros((1, size), np.int32)
    padded[0, : len(ids)] = ids
    return padded

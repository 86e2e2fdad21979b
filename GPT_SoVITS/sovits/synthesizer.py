"""Host side of the synthesizer: numpy in, numpy out, no batch axis, any length.

What computes the steps before the vocoder is in ``host.py`` (CPU) and ``graphs.py`` (Ascend). Steps whose results are
worth keeping are methods of their own: the condition of a voice, the encoding of a segment's phonemes (several
streaming chunks share it), the content, the latent frames, the audio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS import backend
from GPT_SoVITS.execution import Holding
from GPT_SoVITS.sovits.buckets import Buckets as Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.encoders import Choice, choose_encoders
from GPT_SoVITS.sovits.host import EncodedPhonemes as EncodedPhonemes
from GPT_SoVITS.sovits.native_vocoder import choose_vocoder
from GPT_SoVITS.sovits.speed import change_speed
from GPT_SoVITS.sovits.vocoder import Vocoder

Array = np.ndarray[Any, np.dtype[Any]]


class InputError(ValueError):
    """An input of the synthesizer has the wrong shape or range."""


@dataclass(frozen=True)
class Latent:
    """Frames for the generator, and the prior they were drawn from; (inter_channels, T) each."""

    frames: Array
    mean: Array
    log_std: Array


class ContentEncoder:
    """What the synthesizers of all versions share: a voice's condition, and phonemes and tokens to content.

    Args:
        config: Sizes.
        arrays: Weights under official names, weight norm folded, without those of other parts.
        buckets: Lengths to compile for.
        dtype: numpy float type of weights and computation.
        encoders: What runs it: ``auto``, ``host`` or ``graph`` (see ``encoders.choose_encoders``).
        holding: How the host holds weights: ``fp32`` or ``fp16``; sums are float32 always. Graphs hold ``dtype``.
        threads: Of the host's products; 0 for as many as the process may use.

    Raises:
        WeightsError: the weights do not fit the sizes.
    """

    def __init__(
        self,
        config: SovitsConfig,
        arrays: Mapping[str, Array],
        *,
        buckets: Buckets | None = None,
        dtype: type = np.float32,
        encoders: Choice = "auto",
        holding: Holding = "fp32",
        threads: int = 0,
    ) -> None:
        self.config = config
        self.buckets = buckets or Buckets()
        self.dtype = dtype
        # The generator's weights are held by what runs it, and by nothing else.
        self.encoders = choose_encoders(config, arrays, self.buckets, dtype, encoders, holding, threads)

    def timbre(self, spectrogram: Array) -> Array:
        """Return the reference encoder's vector, (gin,).

        Args:
            spectrogram: (bins, F) linear magnitude spectrogram of the reference at 32 kHz; bins above those that the
                version uses are ignored.
        """
        bins = self.config.reference_bins
        if spectrogram.ndim != 2 or spectrogram.shape[0] < bins or not spectrogram.shape[1]:
            raise InputError(f"spectrogram of shape {spectrogram.shape}, expected (at least {bins}, at least 1)")
        return self.encoders.timbre(spectrogram[:bins])

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
        if self.config.is_pro:
            conditions = [self._with_speaker(*pair) for pair in zip(conditions, speakers, strict=True)]
        mean: Array = np.mean(conditions, axis=0, dtype=self.dtype)
        return mean

    def phonemes(self, text: Array) -> EncodedPhonemes:
        """Encode the phoneme ids (L,) of a segment."""
        ids = self._ids(text, self.config.phoneme_count, "phonemes")
        return self.encoders.phonemes(ids)

    def content(self, codes: Array, phonemes: EncodedPhonemes, condition: Array) -> Array:
        """Return the content of semantic tokens (N,) spoken in a voice, (hidden, N * frames_per_code)."""
        ids = self._ids(codes, self.config.codebook_size, "semantic tokens")
        return self.encoders.content(ids, phonemes, condition)

    def extract_tokens(self, features: Array) -> Array:
        """Quantize HuBERT features (ssl_dim, L) to semantic tokens (L // frames_per_code,) int64."""
        count = features.shape[1] // self.config.frames_per_code
        if features.shape[0] != self.config.ssl_dim or not count:
            raise InputError(f"features of shape {features.shape}, expected ({self.config.ssl_dim}, at least 2)")
        return self.encoders.tokens(features)

    def _with_speaker(self, timbre: Array, speaker: Array) -> Array:
        size = self.config.speaker_embedding_dim
        if speaker.size != size:
            raise InputError(f"speaker embedding of shape {speaker.shape}, expected ({size},)")
        return self.encoders.with_speaker(timbre, speaker)

    def _zeros(self, *shape: int) -> Array:
        zeros: Array = np.zeros(shape, self.dtype)
        return zeros

    def _ids(self, values: Array, count: int, what: str) -> Array:
        ids = np.asarray(values)
        if ids.ndim != 1 or not ids.size:
            raise InputError(f"{what} of shape {ids.shape}, expected (at least 1,)")
        if ids.min() < 0 or ids.max() >= count:
            raise InputError(f"{what} from {ids.min()} to {ids.max()}; the weights know 0 to {count - 1}")
        return ids.astype(np.int32)


class Synthesizer(ContentEncoder):
    """A loaded SoVITS checkpoint of v1, v2, v2Pro or v2ProPlus.

    Args:
        config: Sizes.
        arrays: Weights under official names, weight norm folded (``convert.keymap.map_official("sovits", ...)``).
        buckets: Lengths to compile for.
        dtype: numpy float type of weights and computation.
        encoders: What runs everything before it: ``auto``, ``host`` or ``graph`` (see ``encoders.choose_encoders``).
        holding: How the host holds weights: ``fp32`` or ``fp16``; sums are float32 always. Graphs hold ``dtype``.
        threads: Of the host's products; 0 for as many as the process may use.
        vocoder: What runs the generator: ``auto``, ``native`` or ``graph`` (see ``native_vocoder.choose_vocoder``).

    Attributes:
        vocoder_description: What runs the generator, in words.
        nbytes: Bytes of weights held.

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
        encoders: Choice = "auto",
        holding: Holding = "fp32",
        threads: int = 0,
    ) -> None:
        super().__init__(
            config, arrays, buckets=buckets, dtype=dtype, encoders=encoders, holding=holding, threads=threads
        )
        chosen = choose_vocoder(config, arrays, vocoder, dtype)
        self.vocoder_description = chosen.description
        self.nbytes = self.encoders.nbytes + chosen.nbytes
        self.vocoder = Vocoder(config.generator, chosen.run, self.buckets.windows)

    @property
    def shared_bytes(self) -> dict[int, int]:
        """Bytes of each part that other synthesizers may hold as well: none."""
        return {}

    def latent(self, content: Array, condition: Array, noise: Array | None = None, noise_scale: float = 0.5) -> Latent:
        """Draw latent frames for content (hidden, T).

        Args:
            content: Content after any change of speed.
            condition: (gin,) from :meth:`condition`.
            noise: (inter_channels, T) standard normal numbers; None together with ``noise_scale=0`` for the mean.
            noise_scale: Standard deviation relative to the prior's.
        """
        frames = content.shape[1]
        scaled = self._zeros(self.config.inter_channels, frames)
        if noise is not None:
            if noise.shape != (self.config.inter_channels, frames):
                raise InputError(f"noise of shape {noise.shape}, expected {(self.config.inter_channels, frames)}")
            scaled[:] = noise * noise_scale
        elif noise_scale != 0:
            raise InputError(f"noise_scale is {noise_scale} but there is no noise; give noise or set the scale to 0")
        return Latent(*self.encoders.latent(content, scaled, condition))

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
            noise: See :meth:`latent`.
            noise_scale: See :meth:`latent`.
            speed: Speaking speed; 2 is twice as fast.
        """
        content = self.content(codes, self._encoded(text), condition)
        latent = self.latent(change_speed(content, speed), condition, noise, noise_scale)
        return self.vocoder(latent.frames, condition)

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

    def _encoded(self, text: Array | EncodedPhonemes) -> EncodedPhonemes:
        return text if isinstance(text, EncodedPhonemes) else self.phonemes(text)

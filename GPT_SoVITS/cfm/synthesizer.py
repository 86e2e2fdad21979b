"""The synthesizer of v3 and v4, host side: semantic tokens to mel spectrograms to audio.

What computes its parts is chosen in ``sovits/encoders.py``, ``choose.py`` and by whoever made the vocoder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.cfm.choose import BaseMatrices, choose_condition, choose_estimator
from GPT_SoVITS.cfm.chunks import Chunks, join, plan_chunks
from GPT_SoVITS.cfm.condition import condition_of
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.estimator import drained
from GPT_SoVITS.cfm.sampler import Flow, Sampling
from GPT_SoVITS.cfm.shapes import CONDITION, ESTIMATOR, UNUSED
from GPT_SoVITS.execution import Holding, SamplerHolding, products_in_words
from GPT_SoVITS.features.spectrogram import denormalise_mel
from GPT_SoVITS.layers.products import Change
from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.encoders import Choice
from GPT_SoVITS.sovits.synthesizer import ContentEncoder, InputError

Array = np.ndarray[Any, np.dtype[Any]]


class VocoderOfMel(Protocol):
    """What this needs to know of a vocoder; see :class:`GPT_SoVITS.vocoders.mel_vocoder.MelVocoder`."""

    sampling_rate: int
    samples_per_frame: int
    halo: int
    description: str
    needs_compiling: bool
    nbytes: int

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield the audio of mel (bins, T) piece by piece."""
        ...


@dataclass(frozen=True)
class MelPrompt:
    """What every chunk begins with: the end of the reference, P frames.

    Attributes:
        mel: Normalised mel spectrogram, (P, bins).
        condition: What its tokens and text became, (P, text).
    """

    mel: Array
    condition: Array


class MelSynthesizer(ContentEncoder):
    """A loaded SoVITS checkpoint of v3 or v4 with its vocoder.

    Args:
        config: Sizes of what all versions share.
        cfm: Sizes of the flow-matching decoder.
        arrays: Weights under official names, weight norm folded.
        vocoder: Makes the audio; belongs to the version.
        buckets: Lengths to compile for.
        dtype: numpy float type of weights and computation.
        encoders: What runs all but the vocoder: ``auto``, ``host`` or ``graph``.
        holding: How the host holds weights: ``fp32`` or ``fp16``; sums are float32 always.
        sampler: How it holds those of the sampler's steps; None for the same.
        threads: Of the host's products; 0 for as many as the process may use.
        base: Matrices of the published weights that these were made from, see ``choose_estimator``.
        changed: Official keys in which these differ from them.
        changes: Official key to what is yet to be added to its array.

    Attributes:
        base: What another synthesizer from the same published weights may share; None where graphs compute.

    Raises:
        WeightsError: the weights do not fit the sizes.
    """

    def __init__(
        self,
        config: SovitsConfig,
        cfm: CfmConfig,
        arrays: Mapping[str, Array],
        vocoder: VocoderOfMel,
        *,
        buckets: Buckets | None = None,
        dtype: type = np.float32,
        encoders: Choice = "auto",
        holding: Holding = "fp32",
        sampler: SamplerHolding | None = None,
        threads: int = 0,
        base: BaseMatrices | None = None,
        changed: Collection[str] = (),
        changes: Mapping[str, Change] | None = None,
    ) -> None:
        own = (*CONDITION, *UNUSED, ESTIMATOR)
        shared = {key: array for key, array in arrays.items() if not key.startswith(own)}
        super().__init__(
            config, shared, buckets=buckets, dtype=dtype, encoders=encoders, holding=holding, threads=threads
        )
        self.cfm, self.vocoder = cfm, vocoder
        self._sampler: SamplerHolding = sampler or holding
        self._condition = choose_condition(cfm, arrays, dtype, encoders, holding, threads)
        self.estimator, self.base = choose_estimator(
            cfm, arrays, dtype, encoders, self._sampler, threads, base, changed, changes
        )
        self.nbytes = self.encoders.nbytes + self._condition.nbytes + self.estimator.nbytes + vocoder.nbytes

    @property
    def shared_bytes(self) -> dict[int, int]:
        """Bytes of each part that other synthesizers may hold as well, by its identity."""
        vocoder = {id(self.vocoder): self.vocoder.nbytes}
        return vocoder if self.base is None else vocoder | {id(self.base): self.base.products.nbytes}

    @property
    def vocoder_description(self) -> str:
        """What makes audio of mel spectrograms, in words."""
        return self.vocoder.description

    @property
    def sampler_description(self) -> str:
        """What the sampler multiplies, in words."""
        return products_in_words(self._sampler, is_graph=self.encoders.needs_compiling)

    def mel_condition(self, content: Array, timbre: Array, tokens: int, speed: float = 1.0) -> Array:
        """Return the flow's condition (T, text) of content (hidden, frames) at speed 1 of that many tokens."""
        return condition_of(self._condition, self.cfm, content, timbre, tokens, speed)

    def prompt(self, mel: Array, condition: Array) -> MelPrompt:
        """Return what chunks begin with: normalised mel (bins, T) and condition (T, text) of the reference."""
        count = min(mel.shape[1], len(condition))
        kept = slice(max(count - self.cfm.frames.longest_reference, 0), count)
        return MelPrompt(np.ascontiguousarray(mel.T[kept]), np.ascontiguousarray(condition[kept]))

    def chunks(self, frames: int, prompt: MelPrompt) -> Chunks:
        """Cut so many frames of a text into chunks that fit beside the prompt."""
        sizes = self.cfm.frames
        return plan_chunks(frames, sizes.chunk - len(prompt.mel), sizes.overlap)

    def flow(self, condition: Array, prompt: MelPrompt, noise: Array, sampling: Sampling) -> Flow:
        """Return the flow of one chunk: condition (T, text) and noise (T, bins) of the frames after the prompt."""
        silent = np.zeros_like(prompt.mel)
        whole = np.concatenate([prompt.condition, condition])
        return Flow(self.estimator, whole[None], prompt.mel[None], np.concatenate([silent, noise])[None], sampling)

    def noise_frames(self, condition: Array, prompt: MelPrompt) -> int:
        """Frames of noise that :meth:`audio_parts` needs for a condition (T, text): those of all chunks together."""
        return self.chunks(len(condition), prompt).total

    def audio_parts(
        self, condition: Array, prompt: MelPrompt, noise: Array, sampling: Sampling
    ) -> Generator[None, None, Array]:
        """Speak a condition (T, text): audio (samples,), the generator's value, yielding between parts of the work.

        Chunks are independent of one another but for the vocoder, so they are sampled one after the other.

        Args:
            condition: From :meth:`mel_condition`.
            prompt: What every chunk begins with.
            noise: Standard normal numbers, (:meth:`noise_frames`, bins); chunks share those of the frames they share.
            sampling: How to sample.
        """
        chunks = self.chunks(len(condition), prompt)
        if noise.shape != (chunks.total, self.cfm.mel):
            raise InputError(f"noise of shape {noise.shape}, expected {(chunks.total, self.cfm.mel)}")
        mels = []
        for frames, drawn in zip(chunks.of(condition), chunks.cut(noise), strict=True):
            flow = self.flow(frames, prompt, drawn, sampling)
            while not flow.finished:
                yield from flow.step_parts()
            mels.append(flow.mel[0, len(prompt.mel) :])
        rate = self.vocoder.samples_per_frame
        spoken = (len(mels) - 1) * chunks.length + chunks.spoken(rate)
        mel = denormalise_mel(np.concatenate(mels).T)[:, : spoken + self.vocoder.halo]
        parts = []
        for part in self.vocoder.stream(mel):
            parts.append(part)
            yield
        return join(np.concatenate(parts)[: spoken * rate], chunks, rate)

    def decode(
        self,
        codes: Array,
        text: Array,
        timbre: Array,
        prompt: MelPrompt,
        draw: Callable[[int], Array],
        sampling: Sampling,
        speed: float = 1.0,
    ) -> Array:
        """Speak semantic tokens (N,); returns audio (samples,).

        Agrees with the official ``using_vocoder_synthesis_batched_infer`` for one text.

        Args:
            codes: Semantic tokens.
            text: Phoneme ids (L,) of the tokens' text.
            timbre: (gin,) from :meth:`condition`.
            prompt: From :meth:`prompt`.
            draw: Given a number of frames, returns standard normal numbers (frames, bins).
            sampling: How to sample.
            speed: Speaking speed; 2 is twice as fast.
        """
        content = self.content(codes, self.phonemes(text), timbre)
        condition = self.mel_condition(content, timbre, len(codes), speed)
        noise = draw(self.noise_frames(condition, prompt))
        return drained(self.audio_parts(condition, prompt, noise, sampling))

    def warm_up_steps(self, references: Sequence[int]) -> Iterator[tuple[str, Callable[[], object]]]:
        """What has to be run once, in words, and what runs it.

        Args:
            references: Frames (50 per second) of references whose timbre and tokens will be computed.
        """
        timbre = np.zeros(self.config.gin_channels, np.float32)
        content = np.zeros((self.config.hidden_channels, 2), np.float32)
        yield "condition", partial(self.mel_condition, content, timbre, 1)
        for frames in references:
            yield f"reference, {frames} frames", partial(self._warm_up_reference, frames)
        yield "flow", self.try_step
        yield "vocoder", self._warm_up_vocoder

    def _warm_up_reference(self, frames: int) -> None:
        self.timbre(np.zeros((self.config.reference_bins, frames), np.float32))
        self.extract_tokens(np.zeros((self.config.ssl_dim, frames), np.float32))

    def try_step(self) -> Array:
        """Take one step from nothing; returns mel frames (1, T, mel).

        As many as a chunk has where its length has to be compiled for, else a few.
        """
        sizes = self.cfm.frames
        count = sizes.chunk if self.encoders.needs_compiling else sizes.overlap
        empty = MelPrompt(np.zeros((0, self.cfm.mel), np.float32), np.zeros((0, self.cfm.text), np.float32))
        frames, noise = (np.zeros((count, width), np.float32) for width in (self.cfm.text, self.cfm.mel))
        flow = self.flow(frames, empty, noise, Sampling(1))
        flow.step()
        return flow.mel

    def _warm_up_vocoder(self) -> None:
        for _ in self.vocoder.stream(np.zeros((self.cfm.mel, self.cfm.frames.overlap), np.float32)):
            pass

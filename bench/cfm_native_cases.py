"""The cases of :mod:`bench.cfm` as this project computes them on a CPU: float16 weights, float32 sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import cfm_inputs as inputs
from bench.make_weights import DEPTH
from convert.keymap import map_official
from GPT_SoVITS.cfm.chunks import Chunks
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.sampler import Sampling
from GPT_SoVITS.cfm.synthesizer import MelPrompt, MelSynthesizer
from GPT_SoVITS.execution import SamplerHolding
from GPT_SoVITS.features.spectrogram import denormalise_mel
from GPT_SoVITS.native import library
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder

Run = Callable[[], list[npt.NDArray[Any]]]
_threads = 0


def set_threads(count: int) -> None:
    """Use this many threads."""
    global _threads
    _threads = count
    assert library.load().handle is not None


def vocoder(fixtures: str, name: str) -> MelVocoder:
    """Return a vocoder of full size by its fixture's name."""
    arrays, config = inputs.vocoder(fixtures, name)
    if name.startswith("bigvgan"):
        return choose_bigvgan(BigVganConfig.from_official(config), map_official("bigvgan", arrays).arrays, "native")
    return choose_hifigan(HifiGanConfig.from_official(config), map_official("hifigan", arrays).arrays, "native")


def _spoken(name: str) -> Callable[[str], Run]:
    def make(fixtures: str) -> Run:
        speak, mel = vocoder(fixtures, name), inputs.mel()
        return lambda: [speak(mel)]

    return make


def voice(fixtures: str, depth: int = DEPTH, sampler: SamplerHolding = "fp16") -> MelSynthesizer:
    """Return v4 of full width and so many transformer blocks."""
    arrays, config = inputs.sovits(fixtures, depth)
    half = {key: array.astype(np.float16) if array.dtype == np.float32 else array for key, array in arrays.items()}
    mapped = map_official("sovits", half).arrays
    known = {key: array for key, array in mapped.items() if not key.startswith("enc_q.")}
    return MelSynthesizer(
        SovitsConfig.from_official(config), CfmConfig.from_official(config), known,
        vocoder(fixtures, "hifigan_v4_48khz"), encoders="host", holding="fp16", sampler=sampler,
        threads=_threads,
    )  # fmt: skip


def _step(batch: int, sampler: SamplerHolding = "fp16") -> Callable[[str], Run]:
    def make(fixtures: str) -> Run:
        spoken = voice(fixtures, sampler=sampler)
        x, prompt, text = (
            np.tile(inputs.normal(1, inputs.FRAMES, width, seed=seed), (batch, 1, 1))
            for seed, width in enumerate((spoken.cfm.mel, spoken.cfm.mel, spoken.cfm.text))
        )
        prompt[:, inputs.PROMPT :] = 0.0
        embedded = spoken.estimator.embed(text)

        def run() -> list[npt.NDArray[Any]]:
            moment = spoken.estimator.moment(np.array([0.25]), np.array([0.125]))
            return [spoken.estimator.velocity(x, prompt, embedded, moment)]

        return run

    return make


def sampled(spoken: MelSynthesizer) -> Callable[[], npt.NDArray[Any]]:
    """Return what makes the mel spectrogram (bins, frames) of the sentence with a synthesizer of v4."""
    spectrogram = np.abs(inputs.normal(spoken.config.reference_bins, 250, seed=5))
    prompt_tokens, tokens = inputs.numbers(inputs.PROMPT_TOKENS, 1024, 6), inputs.numbers(inputs.TOKENS, 1024, 7)
    prompt_phones, phones = inputs.numbers(40, 700, 8), inputs.numbers(inputs.PHONEMES, 700, 9)
    reference = inputs.normal(spoken.cfm.mel, inputs.PROMPT, seed=10) * np.float32(0.3)

    def run() -> npt.NDArray[Any]:
        timbre = spoken.condition([spectrogram])
        conditions = [
            spoken.mel_condition(spoken.content(codes, spoken.phonemes(text), timbre), timbre, len(codes))
            for codes, text in ((prompt_tokens, prompt_phones), (tokens, phones))
        ]
        prompt: MelPrompt = spoken.prompt(reference, conditions[0])
        chunks: Chunks = spoken.chunks(len(conditions[1]), prompt)
        noise = inputs.normal(chunks.total, spoken.cfm.mel, seed=11)
        # Without the silence before the text: the official side computes the same frames of one chunk.
        padded = np.zeros((chunks.length, spoken.cfm.text), np.float32)
        padded[: len(conditions[1])] = conditions[1]
        flow = spoken.flow(padded, prompt, noise[: chunks.length], Sampling(inputs.STEPS))
        while not flow.finished:
            flow.step()
        return np.asarray(denormalise_mel(flow.mel[0, len(prompt.mel) :].T)[:, : len(conditions[1])])

    return run


def _sentence(sampler: SamplerHolding = "fp16") -> Callable[[str], Run]:
    def make(fixtures: str) -> Run:
        spoken = voice(fixtures, sampler=sampler)
        mel = sampled(spoken)
        return lambda: [np.concatenate(list(spoken.vocoder.stream(mel())))]

    return make


CASES: dict[str, Callable[[str], Run]] = {
    "dit_step": _step(1),
    "dit_step_of_4": _step(4),
    "bigvgan": _spoken("bigvgan_v2_24khz_100band_256x"),
    "hifigan": _spoken("hifigan_v4_48khz"),
    "sentence": _sentence(),
    "dit_step bf16": _step(1, "bf16"),
    "dit_step_of_4 bf16": _step(4, "bf16"),
    "sentence bf16": _sentence("bf16"),
}

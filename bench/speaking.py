"""The work that synthesis benchmarks time: fixed inputs, and this project's networks run on them without the text part.

Every engine gets the same phonemes, text features, prompt and reference, and speaks the same number of tokens.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.inputs import normal

Arrays = dict[str, npt.NDArray[Any]]

REFERENCE_PHONEMES, PHONEMES, PROMPT = 40, 80, 130
"""A sentence of about twenty Chinese characters after a reference of 5.2 s: the context is 250 to 450 entries."""
TOKENS = 200
"""Eight seconds of speech."""


def make_inputs() -> Arrays:
    """The inputs of all engines; ids are those of real symbols, features have the size of real ones."""
    rng = np.random.default_rng(3)
    return {
        "reference_phonemes": rng.integers(1, 300, REFERENCE_PHONEMES),
        "phonemes": rng.integers(1, 300, PHONEMES),
        "bert": normal(REFERENCE_PHONEMES + PHONEMES, 1024, scale=0.3),
        "prompt": rng.integers(0, 1024, PROMPT),
        "ssl": normal(1, 768, 2 * PROMPT),  # two HuBERT frames make a token
        "reference_32k": normal(1, PROMPT * 1280, scale=0.1),
        "spectrogram": np.abs(normal(1025, 2 * PROMPT, seed=1)),
    }


@dataclass
class Times:
    """Seconds of one piece of text.

    Attributes:
        prefill_s: From phonemes to the first token.
        decode_s: All steps, sampling included.
        steps: How many.
        vocoder_s: From tokens to audio.
        audio_s: Seconds of audio.
        total_s: All together.
        peak: Largest sample, to see that it is sound and not silence.
        step_s: Of each step.
    """

    prefill_s: float
    decode_s: float
    steps: int
    vocoder_s: float
    audio_s: float
    total_s: float
    peak: float
    step_s: list[float]


class Ours:
    """This project's decoder and synthesizer for a pair of weights."""

    def __init__(self, gpt: str, sovits: str, *, precision: str, decode: str, rows: int = 1, threads: int = 0) -> None:
        """Load the weights as the engine does.

        Args:
            gpt: GPT weights.
            sovits: SoVITS weights.
            precision: float32, float16 or int8.
            decode: auto, native or jit.
            rows: Most sequences side by side.
            threads: For the native kernels; 0 takes what there is.
        """
        from GPT_SoVITS import backend
        from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
        from GPT_SoVITS.inference.bundle import load_bundle
        from GPT_SoVITS.inference.features import Features

        backend.configure("CPU")
        weights = WeightsPair(gpt, sovits)
        settings = EngineSettings(
            weights=weights, precision=precision, decode_backend=decode, max_rows=rows, threads=threads
        )
        self.bundle = load_bundle(weights, settings, Features(settings))
        self.inputs = make_inputs()
        self.condition = self.bundle.synthesizer.condition([self.inputs["spectrogram"].astype(np.float32)])

    def _sequence(self) -> Any:
        from GPT_SoVITS.t2s.backend import DecodeInput

        phonemes = np.concatenate([self.inputs["reference_phonemes"], self.inputs["phonemes"]])
        return DecodeInput(phonemes, np.ascontiguousarray(self.inputs["bert"].T), self.inputs["prompt"])

    def _row(self, seed: int) -> Any:
        from GPT_SoVITS.t2s.decoding import Row
        from GPT_SoVITS.t2s.sampling import SamplingParameters, generator

        return Row(self.inputs["prompt"], self.bundle.decoder.config.eos, SamplingParameters(), generator(seed))

    def speak(self, tokens: int = TOKENS) -> Times:
        """One sequence: prefill, tokens, audio."""
        decoder, row = self.bundle.decoder, self._row(0)
        sequence = self._sequence()
        start = time.perf_counter()
        state = decoder.start(1)
        row.accept(decoder.prefill(state, 0, sequence))
        marks = [time.perf_counter()]
        for _ in range(tokens - 1):
            row.accept(decoder.step(state, np.full(state.rows, row.last))[0])
            marks.append(time.perf_counter())
        decoder.finish(state)
        audio = self._audio(np.array(row.tokens[-tokens:]))
        done = time.perf_counter()
        return Times(
            marks[0] - start, marks[-1] - marks[0], tokens - 1, done - marks[-1], len(audio) / self.bundle.sample_rate,
            done - start, float(np.abs(audio).max()), np.diff(marks).tolist(),
        )  # fmt: skip

    def _audio(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        voice = self.bundle.vits
        noise = np.random.default_rng(0).standard_normal(
            (voice.config.inter_channels, len(tokens) * voice.config.frames_per_code), np.float32
        )
        audio: npt.NDArray[np.float32] = voice.decode(tokens, self.inputs["phonemes"], self.condition, noise=noise)
        return audio

    def decode_batch(self, rows: int, tokens: int) -> list[float]:
        """Seconds of each step of that many sequences side by side, sampling included."""
        decoder = self.bundle.decoder
        state = decoder.start(rows)
        sequences = [self._row(seed) for seed in range(rows)]
        for slot, row in enumerate(sequences):
            row.accept(decoder.prefill(state, slot, self._sequence()))
        seconds = []
        feed = np.zeros(state.rows, np.int64)
        for _ in range(tokens):
            start = time.perf_counter()
            feed[:rows] = [row.last for row in sequences]
            logits = decoder.step(state, feed)
            for slot, row in enumerate(sequences):
                row.accept(logits[slot])
            seconds.append(time.perf_counter() - start)
        decoder.finish(state)
        return seconds


_ours: list[Ours] = []


def load(gpt: str, sovits: str, precision: str, decode: str, threads: int, **_: Any) -> dict[str, Any]:
    """Answer of a comparison's worker to ``load``."""
    start = time.perf_counter()
    _ours[:] = [Ours(gpt, sovits, precision=precision, decode=decode, threads=threads)]
    loaded = time.perf_counter()
    _ours[0].speak()
    first = time.perf_counter() - loaded
    return {"load_s": loaded - start, "first_s": first, "backend": _ours[0].bundle.decode_description}


def speak(tokens: int) -> dict[str, Any]:
    """Answer of a comparison's worker to ``speak``."""
    return asdict(_ours[0].speak(tokens))


def beside(path: Path, name: str) -> Path | None:
    """A file or folder beside another, None when it is not there."""
    found = path.parent / name
    return found if found.exists() else None


if __name__ == "__main__":
    from bench.peers.protocol import serve

    serve(load, speak)

"""Whole runs of the official program: from a recording and a text to audio, by the engine's own steps.

Sampling is greedy and the latent noise zero, as in the recorded runs; those of v3 and v4 (``speech_mel.py``) have the
noise of a seed. The decoder is asked without the engine's rule that gives repetitions up. A network that a step needs
is of full size, with the numbers of ``bench.make_weights``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile

from bench import make_weights
from GPT_SoVITS.engine.messages import EngineSettings, Reference, SynthesisRequest, WeightsPair
from GPT_SoVITS.inference import planning
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.inference.references import PreparedReference, References
from GPT_SoVITS.inference.streaming import open_renderer
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator
from tests.inference.driver import silence_after
from tests.networks.decode_loops import infer_panel
from tests.parity.implementations import GRAPH, NATIVE, NATIVE_FP16
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io

FOLDERS = r"speech_v(1|2|2Pro|2ProPlus)"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, GRAPH)
FEATURES_TOLERANCE = {"fp32": 1e-3, "fp16": 5e-3}
AUDIO_TOLERANCE = {"fp32": 1e-4, "fp16": 1e-3, "bf16": 5e-3}
"""Three steps of the 16 bits that the official program hands out. Seen: fp32 5.1e-5, fp16 4.7e-4, bf16 1.9e-3."""

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[Any]]


class _Silence:
    """Draws zeros, as the recorded runs had in place of latent noise."""

    def standard_normal(self, shape: tuple[int, ...], dtype: type) -> Array:
        return np.zeros(shape, dtype)


@dataclass(frozen=True)
class _Recorded(SegmentPlan):
    """A segment whose noise is that of the recorded run."""

    noise_seed: int | None = None

    def noise(self, attempt: int = 1) -> Any:
        return _Silence() if self.noise_seed is None else np.random.default_rng(self.noise_seed)


@dataclass
class _Run:
    """Everything that the cases of a folder share."""

    folder: Path
    bundle: Bundle
    features: Features
    sampling: SamplingParameters
    interval: float
    noise_seed: int | None
    io: Arrays
    report: Report

    def case(self, case: dict[str, Any]) -> None:
        """Compare one recorded run, step by step."""
        request = self.request(case)
        references = References(self.features)
        try:
            prepared = _finished(references.prepare(self.bundle, request.reference))
        finally:
            references.close()
        self.prompt(case["id"], prepared)
        plan = planning.plan(request, self.bundle, prepared)
        self.report.equal(f"{case['id']}_segments", len(plan.segments), case["segments"])
        audio = [self.segment(f"{case['id']}_{number}", segment) for number, segment in enumerate(plan.segments)]
        expected = self.io[f"{case['id']}_audio"].astype(np.float32) / 32768
        self.report.close(f"{case['id']}_audio", np.concatenate(audio), expected, AUDIO_TOLERANCE[self.report.rounding])

    def request(self, case: dict[str, Any]) -> SynthesisRequest:
        """The request that the recorded run answered."""
        path = self.folder / f"{case['reference']}.wav"
        self.report.inputs([case["reference"]])
        soundfile.write(path, self.io[case["reference"]].T.astype(np.float32), case["reference_rate"], "FLOAT")
        reference = Reference(str(path), case.get("prompt_text") or "", case.get("prompt_language") or "all_zh")
        return SynthesisRequest(
            case["text"],
            case["language"],
            reference,
            sampling=self.sampling,
            seed=0,
            speed=case["speed"],
            how_to_cut=case["how_to_cut"],
            fragment_interval=self.interval,
            reading="official",
            sample_steps=case.get("sample_steps", SynthesisRequest.sample_steps),
        )

    def prompt(self, name: str, prepared: PreparedReference) -> None:
        """Compare what the recording and its text became."""
        if f"{name}_prompt_tokens" not in self.io:
            return
        self.report.equal(f"{name}_prompt_tokens", prepared.tokens, self.io[f"{name}_prompt_tokens"])
        if f"{name}_prompt_phones" in self.io:
            self.report.equal(f"{name}_prompt_phones", prepared.phonemes, self.io[f"{name}_prompt_phones"])
            self.bert(f"{name}_prompt_bert", prepared.bert)

    def bert(self, name: str, found: Array) -> None:
        """Compare features of phonemes, where they were recorded."""
        if name not in self.io:
            return
        self.report.close(name, found, self.io[name], FEATURES_TOLERANCE[self.report.precision])

    def segment(self, name: str, plan: SegmentPlan) -> Array:
        """Compare a segment's phonemes, features and tokens; return its audio and the pause after it."""
        given = plan.decode_input(self.features)
        prompt = len(plan.reference.phonemes)
        self.report.equal(f"{name}_phones", plan.phonemes, self.io[f"{name}_phones"])
        self.bert(f"{name}_bert", given.bert[:, prompt:])
        found = infer_panel(self.bundle.decoder, given, self.sampling, generator(0)).semantic
        self.report.equal(f"{name}_tokens", found, self.io[f"{name}_tokens"])
        voice = open_renderer(self.bundle, _Recorded(**vars(plan), noise_seed=self.noise_seed))
        voice.offer(found, ended=True)
        parts = []
        while voice.pending:
            part = voice.work()
            if part is not None:
                parts.append(part)
        return np.concatenate([*parts, silence_after(self.bundle, plan)])


def _finished(steps: Generator[Any, None, T]) -> T:
    """Run a computation that pauses between its pieces to its end."""

    def whole() -> Generator[Any, None, None]:
        results.append((yield from steps))

    results: list[T] = []
    for _ in whole():
        pass
    return results[0]


@lru_cache(maxsize=1)
def _shared_networks() -> tempfile.TemporaryDirectory[str]:
    """The full-size networks of all versions in the official formats; gone when the process ends."""
    kept = tempfile.TemporaryDirectory(prefix="parity-speech-")
    make_weights.hubert(Path(kept.name) / make_weights.HUBERT)
    make_weights.roberta(Path(kept.name) / make_weights.ROBERTA)
    make_weights.verifier(Path(kept.name) / make_weights.VERIFIER)
    return kept


@lru_cache(maxsize=1)
def _pair(version: str) -> tempfile.TemporaryDirectory[str]:
    """The two networks of one version, until another one is asked for."""
    kept = tempfile.TemporaryDirectory(prefix="parity-speech-")
    make_weights.gpt(version, Path(kept.name) / "gpt.ckpt", ending=True)
    make_weights.full_sovits(version, Path(kept.name) / "sovits.pth")
    if version in make_weights.VOCODERS:
        make_weights.vocoder(version, Path(kept.name) / make_weights.VOCODERS[version])
    return kept


def _settings(report: Report, installed: Path) -> EngineSettings:
    folder, graphs = Path(_shared_networks().name), report.implementation is GRAPH
    return EngineSettings(
        hubert=str(folder / make_weights.HUBERT),
        roberta=str(folder / make_weights.ROBERTA),
        speaker_verifier=str(folder / make_weights.VERIFIER),
        bigvgan=str(installed / make_weights.VOCODERS["v3"]),
        hifigan=str(installed / make_weights.VOCODERS["v4"]),
        device_target="CPU",
        precision="float32" if report.precision == "fp32" else "float16",
        cfm_products="bfloat16" if report.implementation.rounds else "float32",
        decode_backend="jit" if graphs else "native",
        vocoder_backend="jit" if graphs else "native",
        max_rows=1,
        warm_up=False,
    )


def run(folder: Path, report: Report) -> None:
    """Compare the cases of a folder of recorded runs."""
    config, io = load_config(folder), load_io(folder)
    cases = [case for case in config["cases"] if any(report.wants(name) for name in io if name.startswith(case["id"]))]
    if not cases:
        return
    installed = Path(_pair(config["version"]).name)
    settings = _settings(report, installed)
    features = Features(settings)
    bundle = load_bundle(WeightsPair(str(installed / "gpt.ckpt"), str(installed / "sovits.pth")), settings, features)
    sampling = SamplingParameters(**config["sampling"])
    shared = installed, bundle, features, sampling, config["fragment_interval"], config.get("noise_seed"), io, report
    for case in cases:
        _Run(*shared).case(case)

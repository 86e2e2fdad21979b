"""Self-test: builds every network at full size, runs it, and says how long it took.

    python -m GPT_SoVITS.selftest [--model v2Pro] [--device-target CPU]

Installed official weights are used where they are found; else weights of the published shapes are made up, which
tests everything but the sound. Exactness is another command's subject: ``python -m tests.parity tests/data/parity``.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert import open_weights
from convert.defaults import default_config
from convert.errors import CheckpointError
from convert.expected import expected_keys
from GPT_SoVITS import _commands, backend, compiled
from GPT_SoVITS.cfm.choose import choose_estimator
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.sampler import Sampling, sample
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_network import SpeakerConfig
from GPT_SoVITS.resources.locate import locate
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.versions import SPOKEN, version_of
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder

Array = npt.NDArray[Any]
REPEATS = 3


@dataclass(frozen=True)
class Source:
    """Where a network's numbers come from: its configuration, its arrays, and in words."""

    config: dict[str, Any]
    arrays: dict[str, Array]
    words: str


def made_up(kind: str, version: str) -> Source:
    """Weights of the published shapes: small normal numbers that depend on the key alone."""
    config = copy.deepcopy(dict(default_config(kind, version)))
    if kind == "sovits":
        config["model"]["version"] = version
    arrays = {}
    for key, shape in expected_keys(kind, config).items():
        rng = np.random.default_rng(zlib.crc32(key.encode()))
        fan_in = max(int(np.prod(shape[1:])), 1)
        value = rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(fan_in))
        # Scales and variances of normalisations are around one, as in any trained network.
        arrays[key] = np.abs(value) + 1 if key.endswith(("running_var", "norm.weight", "gamma")) else value
    return Source(config, arrays, "made up")


def installed(kind: str, version: str, resource: str) -> Source:
    """Weights of an installed resource, made-up ones when it is not installed."""
    folder = locate(resource)
    if folder is None:
        return made_up(kind, version)
    files = [file.name for file in load_manifest().get(resource).files]
    path = folder / next((name for name in files if name.endswith((".pth", ".ckpt", ".bin"))), files[0])
    weights = open_weights(path.parent if path.name == "pytorch_model.bin" else path)
    return Source(dict(weights.config), dict(weights.arrays), path.name)


def _wave(seconds: float) -> Array:
    return np.random.default_rng(0).standard_normal(int(16000 * seconds)).astype(np.float32) * np.float32(0.05)


def _hubert(source: Source) -> Callable[[], Array]:
    network = Hubert(HubertConfig.from_official(source.config), source.arrays)
    return lambda: network(_wave(5.0))


def _roberta(source: Source) -> Callable[[], Array]:
    network = Roberta(RobertaConfig.from_official(source.config), source.arrays)
    ids = np.arange(1, 61)[None]
    return lambda: network(ids)


def _speaker(source: Source) -> Callable[[], Array]:
    network = SpeakerVerifier(SpeakerConfig(), source.arrays)
    return lambda: network(_wave(5.0))


def _t2s(source: Source) -> Callable[[], Array]:
    config = T2SConfig.from_official(source.config)
    decoder = JitBackend.from_arrays(config, source.arrays)
    sequence = DecodeInput(np.arange(1, 101), np.zeros((config.bert_dim, 100), np.float32), np.arange(100))

    def run() -> Array:
        state = decoder.start(1)
        decoder.prefill(state, 0, sequence)
        logits = [decoder.step(state, np.zeros(state.rows, np.int64))[0] for _ in range(20)]
        decoder.finish(state)
        return np.stack(logits)

    return run


def _mel_sovits(source: Source) -> Callable[[], Array]:
    """One step of a whole chunk; audio is the vocoder's, which has its own line."""
    cfm = CfmConfig.from_official(source.config)
    estimator, _ = choose_estimator(cfm, source.arrays)
    rng = np.random.default_rng(1)
    noise, condition = (
        rng.standard_normal((1, cfm.frames.chunk, width)).astype(np.float32) for width in (cfm.mel, cfm.text)
    )
    prompt = np.zeros((1, 0, cfm.mel), np.float32)
    return lambda: sample(estimator, condition, prompt, noise, Sampling(1))


def _bigvgan(source: Source) -> Callable[[], Array]:
    return _vocoder(choose_bigvgan(BigVganConfig.from_official(source.config), source.arrays), 94)


def _hifigan(source: Source) -> Callable[[], Array]:
    return _vocoder(choose_hifigan(HifiGanConfig.from_official(source.config), source.arrays), 100)


def _vocoder(vocoder: MelVocoder, frames: int) -> Callable[[], Array]:
    mel = np.random.default_rng(1).uniform(-10, 0, (100, frames)).astype(np.float32)
    return lambda: vocoder(mel)


def _sovits(source: Source) -> Callable[[], Array]:
    config = SovitsConfig.from_official(source.config)
    network = Synthesizer(config, source.arrays)
    spectrogram = np.abs(np.random.default_rng(1).standard_normal((config.reference_bins, 250))).astype(np.float32)
    speakers = [np.zeros(config.speaker_embedding_dim, np.float32)] if config.is_pro else []

    def run() -> Array:
        condition = network.condition([spectrogram], speakers)
        return network.decode(np.arange(100), np.arange(1, 81), condition, noise_scale=0.0)

    return run


@dataclass(frozen=True)
class Case:
    """A network of the self-test: its name, what it is run on, how it is built and where its weights would lie."""

    name: str
    work: str
    kind: str
    resource: str
    build: Callable[[Source], Callable[[], Array]]


def cases(version: str) -> list[Case]:
    """The networks that a model version speaks with."""
    known = version_of(version)
    found = [
        Case("HuBERT", "5 s reference", "hubert", "hubert", _hubert),
        Case("RoBERTa", "60 characters", "bert", "roberta", _roberta),
        Case(f"GPT {version}", "prefill 200, 20 tokens", "t2s", known.gpt, _t2s),
    ]
    if known.mel is None:
        found.append(Case(f"SoVITS {version}", "reference, 4 s of audio", "sovits", known.sovits, _sovits))
    else:
        vocoder = {"bigvgan": _bigvgan, "hifigan": _hifigan}[known.vocoder]
        found.append(Case(f"SoVITS {version}", "one step of a chunk", "sovits", known.sovits, _mel_sovits))
        found.append(Case("vocoder", "1 s of audio", known.vocoder, known.vocoder_resource, vocoder))
    if known.uses_speaker_verifier:
        found.append(Case("ERes2NetV2", "5 s reference", "eres2netv2", "speaker-verifier", _speaker))
    return found


def run_case(case: Case, version: str) -> tuple[str, bool]:
    """Build and run one network; return the line to print and whether its results are sound."""
    start = time.perf_counter()
    source = installed(case.kind, version, case.resource)
    run = case.build(source)
    built = time.perf_counter()
    first = run()
    compiled = time.perf_counter()
    seconds, same = [], True
    for _ in range(REPEATS):
        began = time.perf_counter()
        again = run()
        seconds.append(time.perf_counter() - began)
        same &= bool(np.array_equal(first, again))
    finite = bool(np.isfinite(first).all())
    verdict = "ok" if finite and same else ("not finite" if not finite else "differs between runs")
    times = f"load {built - start:5.1f} s  compile {compiled - built:5.1f} s  run {min(seconds):6.3f} s"
    return f"{case.name:16s} {case.work:24s} {times}  {verdict:10s} weights: {source.words}", finite and same


def main(arguments: list[str] | None = None) -> int:
    """Run the self-test; 0 when every network's results are finite and repeatable."""
    parser = argparse.ArgumentParser(prog=_commands.module("GPT_SoVITS.selftest"), description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", choices=SPOKEN, default="v2", help="model version (default v2)")
    parser.add_argument("--device-target", choices=("Ascend", "CPU"), help="default: Ascend where it works, else CPU")
    parser.add_argument("--device", type=int, help="number of the NPU")
    options = parser.parse_args(arguments)
    chosen = backend.configure(options.device_target, options.device)
    print(f"[Device] MindSpore context set: device_target={chosen.device_target}, device_id={chosen.device_id}")
    print(f"({chosen.reason}; {Path(sys.executable).name} {sys.version.split()[0]})")
    sound = compiled.check_convolution_speed()
    if not chosen.is_ascend:
        print(f"convolutions: {compiled.convolution_gflops():.0f} GFLOP/s")
    for case in cases(options.model):
        try:
            line, ok = run_case(case, options.model)
        except CheckpointError as error:
            line, ok = f"{case.name:16s} {error}", False
        print(line, flush=True)
        sound &= ok
    print("self-test passed" if sound else "self-test FAILED")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())

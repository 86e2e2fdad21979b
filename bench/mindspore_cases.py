"""The benchmark cases in MindSpore: the graphs that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import inputs
from GPT_SoVITS import backend, compiled
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_network import SpeakerConfig
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.graphs import GraphEncoders
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from tests.parity.weights import load_config, network_arrays

Run = Callable[[], list[npt.NDArray[Any]]]


def set_threads(count: int) -> None:
    """Threads come from OMP_NUM_THREADS, which the parent sets; here only the device is chosen."""
    backend.configure("CPU")


def _arrays(kind: str, fixtures: str, folder: str) -> Mapping[str, npt.NDArray[Any]]:
    return network_arrays(kind, Path(fixtures) / folder / "manifest.json")


def _graph(cell: Any, *arrays: npt.NDArray[Any]) -> Run:
    graph = compiled.compile_cell(cell)

    def run() -> list[npt.NDArray[Any]]:
        result = graph(*(compiled.to_tensor(array) for array in arrays))
        return [(result[0] if isinstance(result, tuple) else result).asnumpy()]

    return run


def _synthesizer(fixtures: str) -> tuple[Synthesizer, SovitsConfig]:
    config = SovitsConfig.from_official(load_config(Path(fixtures) / "s2_v2"))
    # The portable networks, also where the native ones would be taken.
    return Synthesizer(config, _arrays("sovits", fixtures, "s2_v2"), encoders="graph", vocoder="jit"), config


def _generator(fixtures: str) -> Run:
    synthesizer, config = _synthesizer(fixtures)
    frames = inputs.normal(1, config.inter_channels, inputs.GENERATOR_FRAMES)[0]
    condition = inputs.normal(1, config.gin_channels, 1, seed=1)[0, :, 0]
    return lambda: [synthesizer.vocoder(frames, condition)]


def _flow(fixtures: str) -> Run:
    synthesizer, config = _synthesizer(fixtures)
    frames = inputs.normal(1, config.inter_channels, inputs.GENERATOR_FRAMES)
    mask = np.ones((1, 1, inputs.GENERATOR_FRAMES), np.float32)
    encoders = synthesizer.encoders
    assert isinstance(encoders, GraphEncoders)
    return _graph(encoders.network.flow, frames, mask, inputs.normal(1, config.gin_channels, 1, seed=1))


def _reference_encoder(fixtures: str) -> Run:
    synthesizer, config = _synthesizer(fixtures)
    spectrogram = np.abs(inputs.normal(1, config.reference_bins, inputs.REFERENCE_FRAMES))[0]
    return lambda: [synthesizer.timbre(spectrogram)]


def _decoder(fixtures: str) -> JitBackend:
    config = T2SConfig.from_official(load_config(Path(fixtures) / "t2s_v2"))
    return JitBackend.from_arrays(config, _arrays("t2s", fixtures, "t2s_v2"))


def _input(prompt: int) -> DecodeInput:
    phonemes, tokens, bert = inputs.sequence(prompt)
    return DecodeInput(phonemes, bert, tokens)


def _prefill(fixtures: str) -> Run:
    decoder = _decoder(fixtures)
    state = decoder.start(1)
    sequence = _input(inputs.PROMPT)

    def run() -> list[npt.NDArray[Any]]:
        logits = decoder.prefill(state, 0, sequence)
        state.leave(0)
        return [logits]

    return run


def _decode_step(fixtures: str) -> Run:
    decoder = _decoder(fixtures)
    state = decoder.start(1)
    decoder.prefill(state, 0, _input(inputs.CONTEXT - inputs.TEXT))
    lengths, positions, token = state.lengths.copy(), state.positions.copy(), np.zeros(1, np.int64)

    def run() -> list[npt.NDArray[Any]]:
        state.lengths[:], state.positions[:] = lengths, positions  # the same step again
        return [decoder.step(state, token)]

    return run


def _hubert(fixtures: str) -> Run:
    config = HubertConfig.from_official(load_config(Path(fixtures) / "hubert_base"))
    network = Hubert(config, _arrays("hubert", fixtures, "hubert_base"))
    wave = inputs.normal(1, inputs.HUBERT_SAMPLES, scale=0.1)[0]
    return lambda: [network(wave)]


def _roberta(fixtures: str) -> Run:
    config = RobertaConfig.from_official(load_config(Path(fixtures) / "bert_large"))
    network = Roberta(config, _arrays("bert", fixtures, "bert_large"))
    ids = np.random.default_rng(0).integers(100, 8000, (1, inputs.CHARACTERS))
    return lambda: [network(ids)]


def _speaker_verifier(fixtures: str) -> Run:
    network = SpeakerVerifier(SpeakerConfig(), _arrays("eres2netv2", fixtures, "eres2netv2"))
    wave = inputs.normal(inputs.VERIFIER_SAMPLES, scale=0.1)
    return lambda: [network(wave)]


CASES: dict[str, Callable[[str], Run]] = {
    "prefill": _prefill,
    "decode_step": _decode_step,
    "flow": _flow,
    "generator": _generator,
    "reference_encoder": _reference_encoder,
    "hubert": _hubert,
    "roberta": _roberta,
    "speaker_verifier": _speaker_verifier,
}

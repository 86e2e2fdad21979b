"""The benchmark cases in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import BertConfig, BertModel, HubertConfig, HubertModel

from bench import inputs, torch_networks
from GPT_SoVITS.features.fbank import fbank
from tests.parity.weights import generate, load_config, network_arrays

Run = Callable[[], list[npt.NDArray[Any]]]


def set_threads(count: int) -> None:
    """Use this many threads inside operators."""
    torch.set_num_threads(count)


def _weights(kind: str, fixtures: str, folder: str) -> dict[str, torch.Tensor]:
    arrays = network_arrays(kind, Path(fixtures) / folder / "manifest.json")
    return {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in arrays.items()}


def _inference(run: Callable[[], torch.Tensor]) -> Run:
    def timed() -> list[npt.NDArray[Any]]:
        with torch.inference_mode():
            return [run().numpy()]

    return timed


def _generator(fixtures: str) -> Run:
    w, config = _weights("sovits", fixtures, "s2_v2"), inputs.model_config(fixtures, "s2_v2")
    w = {key: value for key, value in w.items() if key.startswith("dec.")}
    z = torch.from_numpy(inputs.normal(1, config["inter_channels"], inputs.GENERATOR_FRAMES))
    ge = torch.from_numpy(inputs.normal(1, config["gin_channels"], 1, seed=1))
    return _inference(lambda: torch_networks.generator(w, config, z, ge))


def _flow(fixtures: str) -> Run:
    w, config = _weights("sovits", fixtures, "s2_v2"), inputs.model_config(fixtures, "s2_v2")
    w = {key: value for key, value in w.items() if key.startswith("flow.")}
    z = torch.from_numpy(inputs.normal(1, config["inter_channels"], inputs.GENERATOR_FRAMES))
    ge = torch.from_numpy(inputs.normal(1, config["gin_channels"], 1, seed=1))
    return _inference(lambda: torch_networks.flow(w, config, z, ge))


def _reference_encoder(fixtures: str) -> Run:
    w, config = _weights("sovits", fixtures, "s2_v2"), inputs.model_config(fixtures, "s2_v2")
    w = {key: value for key, value in w.items() if key.startswith("ref_enc.")}
    bins = w["ref_enc.spectral.0.fc.weight"].shape[1]
    spec = torch.from_numpy(np.abs(inputs.normal(1, bins, inputs.REFERENCE_FRAMES)))
    return _inference(lambda: torch_networks.reference_encoder(w, config, spec))


class _Sequence:
    """Embedded text and prompt of a sequence, and its prefill."""

    def __init__(self, fixtures: str, prompt: int) -> None:
        self.w, self.config = _weights("t2s", fixtures, "t2s_v2"), inputs.model_config(fixtures, "t2s_v2")
        phonemes, tokens, bert = (torch.from_numpy(array) for array in inputs.sequence(prompt))
        self.phonemes, self.tokens, self.bert = phonemes[None], tokens[None], bert.T[None].contiguous()
        self.mask = torch.from_numpy(inputs.prefill_mask(inputs.TEXT, prompt))

    def prefill(self) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
        text = torch_networks.embed_text(self.w, self.phonemes, self.bert)
        return torch_networks.prefill(
            self.w, self.config, text, torch_networks.embed_tokens(self.w, self.tokens), self.mask
        )


def _prefill(fixtures: str) -> Run:
    sequence = _Sequence(fixtures, inputs.PROMPT)
    return _inference(lambda: sequence.prefill()[0])


def _decode_step(fixtures: str) -> Run:
    sequence = _Sequence(fixtures, inputs.CONTEXT - inputs.TEXT)
    with torch.inference_mode():
        caches = sequence.prefill()[1]
    token = torch.zeros((1, 1), dtype=torch.int64)

    def step() -> torch.Tensor:
        embedded = torch_networks.embed_tokens(sequence.w, token, sequence.tokens.shape[1])
        return torch_networks.decode_step(sequence.w, sequence.config, embedded, caches)[0]

    return _inference(step)


def _state(fixtures: str, folder: str, prefixes: tuple[str, ...]) -> dict[str, torch.Tensor]:
    state = {}
    for key, value in generate(Path(fixtures) / folder / "manifest.json").items():
        name = next((key[len(prefix) :] for prefix in prefixes if key.startswith(prefix)), key)
        name = name.replace(".weight_g", ".parametrizations.weight.original0")
        name = name.replace(".weight_v", ".parametrizations.weight.original1")
        state[name] = torch.from_numpy(value)
    return state


def _hubert(fixtures: str) -> Run:
    network = HubertModel(HubertConfig(**load_config(Path(fixtures) / "hubert_base"))).eval()
    network.load_state_dict(_state(fixtures, "hubert_base", ("hubert.",)))
    wave = torch.from_numpy(inputs.normal(1, inputs.HUBERT_SAMPLES, scale=0.1))
    return _inference(lambda: network(wave).last_hidden_state)


def _roberta(fixtures: str) -> Run:
    config = load_config(Path(fixtures) / "bert_large")
    network = BertModel(BertConfig(**config), add_pooling_layer=False).eval()
    state = {
        k: v for k, v in _state(fixtures, "bert_large", ("bert.",)).items() if not k.startswith(("cls.", "pooler."))
    }
    network.load_state_dict(state, strict=False)
    # As the engines use it: the output of the layer third from the end is the feature.
    network.encoder.layer = network.encoder.layer[: config["num_hidden_layers"] - 2]
    ids = torch.from_numpy(np.random.default_rng(0).integers(100, 8000, (1, inputs.CHARACTERS)))
    return _inference(lambda: network(ids).last_hidden_state)


def _speaker_verifier(fixtures: str) -> Run:
    w = _weights("eres2netv2", fixtures, "eres2netv2")
    features = torch.from_numpy(fbank(inputs.normal(inputs.VERIFIER_SAMPLES, scale=0.1)))[None]
    return _inference(lambda: torch_networks.speaker_verifier(w, features))


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

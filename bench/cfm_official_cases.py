"""The cases of :mod:`bench.cfm` in the official program, whose folder ``GPT_SOVITS_OFFICIAL`` names."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench import cfm_inputs as inputs

OFFICIAL = Path(os.environ["GPT_SOVITS_OFFICIAL"])
Run = Callable[[], list[npt.NDArray[Any]]]


def _import_official() -> None:
    """Let its modules be found, and its package be the one of that name: it is a folder without ``__init__.py``."""
    package = types.ModuleType("GPT_SoVITS")
    package.__path__ = [str(OFFICIAL / "GPT_SoVITS")]
    sys.modules["GPT_SoVITS"] = package
    sys.path[:0] = [str(OFFICIAL / "GPT_SoVITS"), str(OFFICIAL / "GPT_SoVITS" / "BigVGAN"), str(OFFICIAL)]


_import_official()


def set_threads(count: int) -> None:
    """Use this many threads inside operators."""
    torch.set_num_threads(count)


def _filled(network: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    state = {key: torch.from_numpy(np.ascontiguousarray(array)) for key, array in arrays.items()}
    missing = network.load_state_dict(state, strict=False).missing_keys
    assert not [key for key in missing if "inv_freq" not in key and "filter" not in key], missing
    return network.eval()


def _inference(run: Callable[[], torch.Tensor]) -> Run:
    def timed() -> list[npt.NDArray[Any]]:
        with torch.inference_mode():
            return [run().numpy()]

    return timed


def _hifigan_network(fixtures: str) -> Any:
    from module.models import Generator

    arrays, config = inputs.vocoder(fixtures, "hifigan_v4_48khz")
    network = Generator(**config)
    network.remove_weight_norm()
    return _filled(network, arrays)


def _hifigan(fixtures: str) -> Run:
    network, mel = _hifigan_network(fixtures), torch.from_numpy(inputs.mel())[None]
    return _inference(lambda: network(mel)[0, 0])


def _bigvgan(fixtures: str) -> Run:
    from BigVGAN import bigvgan
    from BigVGAN.env import AttrDict

    arrays, config = inputs.vocoder(fixtures, "bigvgan_v2_24khz_100band_256x")
    network = _filled(bigvgan.BigVGAN(AttrDict(config)), arrays)
    network.remove_weight_norm()
    mel = torch.from_numpy(inputs.mel())[None]
    return _inference(lambda: network(mel)[0, 0])


def _voice(fixtures: str) -> Any:
    from module.models import SynthesizerTrnV3

    arrays, config = inputs.sovits(fixtures)
    model = {key: value for key, value in config["model"].items() if key != "dit_depth"}
    return _filled(SynthesizerTrnV3(1025, 32, n_speakers=300, **model), arrays)


def _step(batch: int) -> Callable[[str], Run]:
    def make(fixtures: str) -> Run:
        estimator = _voice(fixtures).cfm.estimator
        x, prompt, text = (
            torch.from_numpy(np.tile(inputs.normal(1, inputs.FRAMES, width, seed=seed), (batch, 1, 1)))
            for seed, width in enumerate((100, 100, 512))
        )
        prompt[:, inputs.PROMPT :] = 0.0
        x, prompt, text = (each.transpose(1, 2).contiguous() for each in (x, prompt, text))
        lengths = torch.full((batch,), inputs.FRAMES)
        time, length = torch.full((batch,), 0.25), torch.full((batch,), 0.125)
        cached: list[Any] = [None, None]

        def run() -> torch.Tensor:
            velocity, *cached[:] = estimator(
                x, prompt, lengths, time, length, text, infer=True, text_cache=cached[0], dt_cache=cached[1]
            )
            return velocity

        return _inference(run)

    return make


def sampled(voice: Any) -> Callable[[], torch.Tensor]:
    """Return what makes the mel spectrogram (1, bins, frames) of the sentence with a synthesizer of v4."""
    spectrogram = torch.from_numpy(np.abs(inputs.normal(704, 250, seed=5)))[None]
    spectrogram = torch.nn.functional.pad(spectrogram, (0, 0, 0, 1025 - 704))
    prompt_tokens, tokens, prompt_phones, phones = (
        torch.from_numpy(inputs.numbers(count, below, seed))
        for count, below, seed in (
            (inputs.PROMPT_TOKENS, 1024, 6), (inputs.TOKENS, 1024, 7), (40, 700, 8), (inputs.PHONEMES, 700, 9),
        )
    )  # fmt: skip
    reference = torch.from_numpy(inputs.normal(100, inputs.PROMPT, seed=10) * np.float32(0.3))[None]

    def run() -> torch.Tensor:
        known, timbre = voice.decode_encp(prompt_tokens[None, None], prompt_phones[None], spectrogram)
        spoken, timbre = voice.decode_encp(tokens[None, None], phones[None], spectrogram, timbre)
        length = min(known.shape[2], inputs.PROMPT)
        condition = torch.zeros(1, known.shape[1], inputs.FRAMES)
        condition[:, :, :length] = known[:, :, known.shape[2] - length :]
        condition[:, :, length : length + spoken.shape[2]] = spoken
        noise = np.zeros((inputs.FRAMES, 100), np.float32)
        noise[length:] = inputs.normal(inputs.FRAMES - length, 100, seed=11)
        torch.randn = lambda *_shape, **_given: torch.from_numpy(noise.T[None].copy())
        mel = voice.cfm.inference(
            condition.transpose(1, 2), torch.LongTensor([inputs.FRAMES]), reference[:, :, -length:], inputs.STEPS,
            inference_cfg_rate=0,
        )  # fmt: skip
        return (mel[:, :, length : length + spoken.shape[2]] + 1) / 2 * 14 - 12

    return run


def _sentence(fixtures: str) -> Run:
    mel, vocoder = sampled(_voice(fixtures)), _hifigan_network(fixtures)
    return _inference(lambda: vocoder(mel())[0, 0])


CASES: dict[str, Callable[[str], Run]] = {
    "dit_step": _step(1),
    "dit_step_of_4": _step(4),
    "bigvgan": _bigvgan,
    "hifigan": _hifigan,
    "sentence": _sentence,
}
CASES |= {f"{name} bf16": CASES[name] for name in ("dit_step", "dit_step_of_4", "sentence")}
"""What ours computes with bfloat16 is compared with the same."""

"""``s2_v3``, ``s2_v4``: condition, estimator and sampler against ``SynthesizerTrnV3``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.cfm.choose import choose_estimator, estimator_arrays
from GPT_SoVITS.cfm.condition import Condition, HostCondition, condition_matrices, condition_of
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.estimator import Estimator
from GPT_SoVITS.cfm.host import HostEstimator, matrices
from GPT_SoVITS.cfm.sampler import Sampling, sample
from GPT_SoVITS.cfm.shapes import CONDITION, ESTIMATOR, UNUSED
from GPT_SoVITS.features.spectrogram import MEL_V3, MEL_V4, mel_spectrogram, normalise_mel, spectrogram
from GPT_SoVITS.layers.products import Layers, PlainProducts, Products
from GPT_SoVITS.native.attention import NativeAttention
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.sovits import host
from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.encoders import Encoders
from GPT_SoVITS.sovits.host import HostEncoders
from tests.parity.implementations import GRAPH, HOST, NATIVE, NATIVE_BF16, NATIVE_FP16
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]
FOLDERS = r"s2_v(3|4)"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, NATIVE_BF16, HOST, GRAPH)
QUICK = (NATIVE, NATIVE_FP16, HOST, GRAPH)
TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 2e-2}
"""Seen: fp32 1.4e-5, fp16 4.8e-3."""
SPEEDS = {"fea_todo": 1.0, "fea_todo_speed125": 1.25, "fea_todo_speed080": 0.8}
SAMPLINGS = {
    "cfm_4": Sampling(4),
    "cfm_8": Sampling(8),
    "cfm_4_cfg05": Sampling(4, guidance=0.5),
    "cfm_4_temp08": Sampling(4, temperature=0.8),
}
INPUTS = ("codes", "text", "prompt_codes", "prompt_text", "ref_wave32k", "ref_wave_mel", "noise", "est_batch_lens")
LEAST_LEARNED_STEP = 1e-2
"""A smaller length of a step is told to the network as 0 in training."""


@dataclass(frozen=True)
class _Networks:
    """What a v3 or v4 checkpoint holds, computed by one implementation."""

    sizes: CfmConfig
    encoders: Encoders
    condition: Condition
    estimator: Estimator


def run(folder: Path, report: Report) -> None:
    """Compare every array of the folder: all within the tolerance, losses within a thousandth of themselves."""
    io, config = load_io(folder), load_config(folder)
    arrays = network_arrays("sovits", folder / "manifest.json")
    blocks = [int(key.split(".")[3]) for key in arrays if key.startswith(f"{ESTIMATOR}transformer_blocks.")]
    config["model"]["dit_depth"] = max(blocks) + 1
    report.inputs(name for name in INPUTS if name in io)
    report.inputs(name for name in io if name.startswith("cfmtrain_") and "loss" not in name)
    networks = _networks(CfmConfig.from_official(config), SovitsConfig.from_official(config), arrays, report)
    _condition(networks, io, report)
    if "cfm_4" in io:
        _flow(networks.estimator, io, report)
    mel = mel_spectrogram(io["ref_wave_mel"], MEL_V3 if networks.sizes.version == "v3" else MEL_V4)
    report.close("mel_prompt", normalise_mel(mel)[:, :, : io["mel_prompt"].shape[2]], io["mel_prompt"])


def _networks(sizes: CfmConfig, voice: SovitsConfig, arrays: Arrays, report: Report) -> _Networks:
    encoder = {key: array for key, array in arrays.items() if not key.startswith((*CONDITION, *UNUSED, ESTIMATOR))}
    condition = {key: array for key, array in arrays.items() if key.startswith(CONDITION)}
    estimator = estimator_arrays(arrays)
    if report.implementation is GRAPH:
        from GPT_SoVITS.cfm.graphs import GraphCondition, GraphEstimator
        from GPT_SoVITS.sovits.graphs import GraphEncoders

        encoders = GraphEncoders(voice, encoder, Buckets(), np.float32)
        return _Networks(sizes, encoders, GraphCondition(sizes, condition), GraphEstimator(sizes, estimator, (128,)))
    return _Networks(
        sizes,
        HostEncoders(voice, encoder, _hold(host.matrices(voice, encoder), report)),
        HostCondition(sizes, _hold(condition_matrices(sizes, condition), report)),
        _estimator(sizes, arrays, report),
    )


def _estimator(sizes: CfmConfig, arrays: Arrays, report: Report) -> Estimator:
    if report.implementation is NATIVE_BF16:
        return choose_estimator(sizes, arrays, choice="host", holding="bf16")[0]
    own = estimator_arrays(arrays)
    return HostEstimator(sizes, own, _hold(matrices(sizes, own), report), _attention(sizes, report))


def _hold(layers: Layers, report: Report) -> Products:
    handle = load().handle
    if report.implementation is HOST:
        return PlainProducts(layers)
    assert handle is not None
    return NativeProducts(handle, layers, "fp32" if report.precision == "fp32" else "fp16")


def _attention(sizes: CfmConfig, report: Report) -> NativeAttention | None:
    handle = load().handle
    return None if report.implementation is HOST or handle is None else NativeAttention(handle, sizes.heads)


def _close(report: Report, name: str, actual: Array, io: Arrays) -> None:
    report.close(name, actual, io[name], TOLERANCE[report.rounding])


def _condition(networks: _Networks, io: Arrays, report: Report) -> None:
    encoders = networks.encoders
    timbre = encoders.timbre(spectrogram(io["ref_wave32k"])[0, :704])
    _close(report, "ge", timbre[None, :, None], io)

    def condition(codes: str, text: str, speed: float = 1.0) -> Array:
        tokens = io[codes][0, 0].astype(np.int32)
        content = encoders.content(tokens, encoders.phonemes(io[text][0].astype(np.int32)), timbre)
        return condition_of(networks.condition, networks.sizes, content, timbre, len(tokens), speed).T[None]

    _close(report, "fea_ref", condition("prompt_codes", "prompt_text"), io)
    for name, speed in SPEEDS.items():
        _close(report, name, condition("codes", "text", speed), io)


def _rows(signal: Array) -> Array:
    return signal.transpose(0, 2, 1)


def _flow(estimator: Estimator, io: Arrays, report: Report) -> None:
    prompt, noise = _rows(io["mel_prompt"]), _rows(io["noise"])
    length = prompt.shape[1]
    condition = _rows(np.concatenate([io["fea_ref"][:, :, :length], io["fea_todo"]], axis=2))
    text = estimator.embed(condition)
    _close(report, "est0_text_embed", text, io)
    whole, x = np.zeros_like(noise), noise.copy()
    whole[:, :length], x[:, :length] = prompt, 0.0
    for step in range(2):
        moment = estimator.moment(np.array([step / 4]), np.array([0.25]))
        velocity = estimator.velocity(x, whole, text, moment)
        _close(report, f"est{step}_out", velocity, io)
        x = x + np.float32(0.25) * velocity
        x[:, :length] = 0.0
    _close(report, "est0_dt", moment.step, io)
    short = report.quick and report.implementation is not NATIVE
    for name, sampling in SAMPLINGS.items():
        if (short and name != "cfm_4") or (report.quick and name == "cfm_8"):
            continue  # more steps are the same steps
        _close(report, name, _rows(sample(estimator, condition, prompt, noise, sampling)), io)
    if short:  # the same weights again, natively in float32 alone
        return
    _batch(estimator, condition, whole, noise, io, report)
    for name, loss in _losses(estimator, io).items():
        report.close(name, loss, io[name], atol=0.0, rtol=1e-3)


def _batch(estimator: Estimator, condition: Array, prompt: Array, noise: Array, io: Arrays, report: Report) -> None:
    both = np.concatenate([noise, noise[:, ::-1]]), np.concatenate([prompt, prompt[:, :, ::-1]])
    text = estimator.embed(np.concatenate([condition, condition[:, ::-1]]))
    moment = estimator.moment(np.array([0.25, 0.7]), np.array([0.0, 0.125]))
    _close(report, "est_batch_out", estimator.velocity(*both, text, moment, io["est_batch_lens"]), io)


def _losses(estimator: Estimator, io: Arrays) -> dict[str, Array]:
    """Losses of training, plain and from two half steps (``CFM.forward``), with the fixture's random numbers."""
    target, start = _rows(io["cfmtrain_x1"]), _rows(io["cfmtrain_x0"])
    times, lengths, prompts = io["cfmtrain_t"], io["cfmtrain_x_lens"], io["cfmtrain_prompt_lens"]
    known = np.arange(target.shape[1])[None, :, None] < prompts[:, None, None]
    flow = target - start
    x = np.where(known, np.float32(0.0), start + times[:, None, None] * flow)
    prompt, text = np.where(known, target, np.float32(0.0)), estimator.embed(_rows(io["cfmtrain_mu"]))

    def velocity(place: Array, moments: Array, steps: Array) -> Array:
        return estimator.velocity(place, prompt, text, estimator.moment(moments, steps), lengths)

    def loss(estimate: Array, wanted: Array) -> Array:
        parts = [
            np.mean((estimate[i, prompts[i] : lengths[i]] - wanted[i, prompts[i] : lengths[i]]) ** 2)
            for i in range(len(x))
        ]
        return np.asarray(np.mean(parts), np.float32)

    steps = np.float32(0.5) ** io["cfmtrain_base"].astype(np.float32)
    told = np.where(steps < LEAST_LEARNED_STEP, np.float32(0.0), steps)
    first = velocity(x, times, told)
    second = velocity(x + steps[:, None, None] * first, times + steps, told)
    return {
        "cfmtrain_loss_plain": loss(velocity(x, times, np.zeros_like(times)), flow),
        "cfmtrain_loss_bootstrap": loss(velocity(x, times, 2 * steps), (first + second) / 2),
    }

"""``train_cfm_v3``, ``train_cfm_v4``: a LoRA training step of a small network against the official program's.

The official ``SynthesizerTrnV3.forward`` with ``peft``, in evaluation mode (no dropout), on a batch of its own collate
function, with the random numbers of the folder: ``plain``, and ``bootstrap``, which learns from two short steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tests.parity.implementations import GRAPH
from tests.parity.report import Report
from tests.parity.training import ratio
from tests.parity.weights import Arrays, generate, load_config, load_io

if TYPE_CHECKING:
    from GPT_SoVITS.cfm.config import CfmConfig
    from GPT_SoVITS.training.cfm.batch import FlowStep, MelBatch
    from GPT_SoVITS.training.cfm.layered import LayeredFlow
    from GPT_SoVITS.training.cfm.network import MelNetwork

FOLDERS = r"train_cfm_v(3|4)"
IMPLEMENTATIONS = (GRAPH,)
RATE, BETAS, EPSILON = 1e-3, (0.8, 0.99), 1e-9
RELATIVE = 1e-4
"""Of losses; seen 2e-6."""
NORMS = 1e-3
"""Of the norm of every gradient; seen 4e-4, with weight norm, and 3e-5 elsewhere."""
ELEMENTS = 1e-4
"""Of a gradient's largest element; seen 2.5e-5."""
MOVED = 1e-3
"""Part of the learning rate by which a parameter may be elsewhere after the optimiser's step, beside what the error
of its gradient explains."""
RECORDINGS = 2


@dataclass(frozen=True)
class _Step:
    """The graphs of a step, and what they are given."""

    network: MelNetwork
    flow: LayeredFlow
    given: tuple[Any, Any, Any]
    condition: Any
    start: Arrays


def run(folder: Path, report: Report) -> None:
    """Compare the condition, both losses, all gradients, what the optimiser makes of them, and what is exported."""
    from GPT_SoVITS.training.cfm.batch import Draws, FlowStep

    io, recorded = load_io(folder), json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    network, sizes = _network(folder)
    inputs = generate(folder / "manifest_inputs.json")
    report.inputs([*(f"text{i}" for i in range(RECORDINGS)), "prompts", "times", "exponents"])
    batch = _batch(io, inputs, sizes)
    step = _prepared(network, batch)
    report.close("condition", step.condition.asnumpy().swapaxes(1, 2)[:, :, ::8], io["condition"])
    for kind, exponents in (("plain", None), ("bootstrap", io["exponents"])):
        draws = Draws(io["prompts"], io["times"], inputs["noise"].swapaxes(1, 2), exponents)
        _compare(kind, step, FlowStep(batch, draws, sizes), io, recorded[kind], report)
    _exported(network, recorded["exported"], report)


def _prepared(network: MelNetwork, batch: MelBatch) -> _Step:
    from GPT_SoVITS.compiled import compile_cell, to_tensor
    from GPT_SoVITS.training.cfm.layered import LayeredFlow
    from GPT_SoVITS.training.cfm.lora import is_half
    from GPT_SoVITS.training.cfm.network import Content

    timbre, content = compile_cell(Content(network))(*map(to_tensor, batch.content_inputs()))
    given = content, timbre, to_tensor(batch.places)
    named = network.trained(lora=True)
    rank = min(next(each for name, each in named if is_half(name)).shape)
    flow = LayeredFlow(network, rank, half=False)
    return _Step(
        network,
        flow,
        given,
        flow.condition(*given, to_tensor(batch.keys)),
        {name: np.array(each.asnumpy()) for name, each in named},
    )


def _network(folder: Path) -> tuple[MelNetwork, CfmConfig]:
    """The network of the folder, with the pairs of its LoRA."""
    from GPT_SoVITS.cfm.config import CfmConfig
    from GPT_SoVITS.layers.parameters import overwrite
    from GPT_SoVITS.sovits.config import SovitsConfig
    from GPT_SoVITS.training.cfm.lora import adapt, official_name, pairs
    from GPT_SoVITS.training.cfm.network import MelNetwork
    from GPT_SoVITS.training.kernels import use_native_kernels

    config = load_config(folder)
    sizes = replace(CfmConfig.from_official(config), **config["cfm"])
    network = MelNetwork(SovitsConfig.from_official(config), sizes)
    network.load(generate(folder / "manifest.json"))
    use_native_kernels(network)
    lora = generate(folder / "manifest_lora.json")
    rank = len(next(array for key, array in lora.items() if "lora_A" in key))
    adapt(network.cfm.estimator, rank, np.random.default_rng(0))
    for name, half in pairs(network):
        overwrite(half, lora.pop(official_name(name)))
    assert not lora
    return network, sizes


def _batch(io: Arrays, inputs: Arrays, sizes: CfmConfig) -> MelBatch:
    from GPT_SoVITS.training.cfm.batch import MelClip, collate

    clips = [
        MelClip(
            ssl=inputs[f"ssl{i}"][0], spectrogram=inputs[f"spec{i}"], mel=inputs[f"mel{i}"], phonemes=io[f"text{i}"]
        )
        for i in range(RECORDINGS)
    ]
    return collate(clips, sizes)


def _target(step: _Step, flow: FlowStep) -> npt.NDArray[Any]:
    from GPT_SoVITS.compiled import to_tensor

    if flow.short is None:
        return flow.velocity
    first = step.flow.velocity(step.condition, *map(to_tensor, flow.first_half())).asnumpy()
    second = step.flow.velocity(step.condition, *map(to_tensor, flow.second_half(first))).asnumpy()
    return np.asarray((first + second) / np.float32(2.0))


def _compare(kind: str, step: _Step, flow: FlowStep, io: Arrays, recorded: dict[str, Any], report: Report) -> None:
    from GPT_SoVITS.compiled import to_tensor
    from GPT_SoVITS.layers.parameters import overwrite
    from GPT_SoVITS.training.optim.adamw import AdamW, Group

    named = step.network.trained(lora=True)
    for name, each in named:
        overwrite(each, step.start[name])
    arrays = flow.weights(), _target(step, flow), *flow.inputs()
    outputs, gradients = step.flow(*step.given, *map(to_tensor, arrays))
    loss = ratio(float(outputs[0].asnumpy()), recorded["loss"])
    report.close(f"{kind}_loss", loss, np.ones(()), RELATIVE)
    found = {_official(name): array.asnumpy() for (name, _), array in zip(named, gradients, strict=True)}
    learnt = {name: norm for name, norm in recorded["norms"].items() if norm is not None}
    report.equal(f"{kind}_learnt", sorted(found), sorted(learnt))
    for name, norm in learnt.items():
        report.close(f"{kind}_norm:{name}", ratio(float(np.linalg.norm(found[name])), norm), np.ones(()), NORMS)
    AdamW([Group(named)], BETAS, EPSILON).step(RATE, gradients)
    after = {_official(name): each.asnumpy() for name, each in named}
    for name in (name.removeprefix(f"{kind}_grad:") for name in io if name.startswith(f"{kind}_grad:")):
        expected = io[f"{kind}_grad:{name}"]
        tolerance = ELEMENTS * float(np.abs(expected).max())
        report.close(f"{kind}_grad:{name}", found[name], expected, tolerance)
        # The first step goes by the gradient over its own size, which of the smallest ones is not known well.
        unknown = np.minimum(tolerance / (np.abs(expected) + EPSILON), 2.0)
        report.close(f"{kind}_after:{name}", after[name], io[f"{kind}_after:{name}"], (MOVED + unknown) * RATE)


def _official(name: str) -> str:
    from GPT_SoVITS.training.cfm.lora import is_half, official_name

    return official_name(name) if is_half(name) else name


def _exported(network: MelNetwork, expected: list[str], report: Report) -> None:
    """Compare the keys of a LoRA file; those of the codebook come from the published file, as they are."""
    from GPT_SoVITS.training.cfm.trainer import lora_weights

    counters = {key for key in expected if key.startswith("quantizer.") and not key.endswith(".embed")}
    report.equal("exported", sorted({*lora_weights(network), *counters}), sorted(expected))

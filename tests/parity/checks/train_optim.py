"""``train_optim``: the optimisers step by step, and the learning rates of both trainings."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from GPT_SoVITS.training.optim.schedules import EpochDecay, gpt_rate
from tests.parity.implementations import GRAPH
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_io

if TYPE_CHECKING:
    import mindspore as ms

FOLDERS = "train_optim"
IMPLEMENTATIONS = (GRAPH,)
TOLERANCE = 1e-6
"""Of parameters up to 3; seen 3e-8."""
Named = list[tuple[str, "ms.Parameter"]]


def run(folder: Path, report: Report) -> None:
    """Compare every parameter after every step, and every learning rate."""
    io, recorded = load_io(folder), json.loads((folder / "schedules.json").read_text(encoding="utf-8"))
    names = recorded["scaled_adam"]["params_order"]
    report.inputs(name for name in io if name.startswith(("init:", "grad:")))
    for case in recorded["scaled_adam"]["cases"]:
        if case["name"] == "clip5" or not report.quick:  # the others' graphs are the same, and their steps are in it
            _scaled_adam(case, names, io, report)
    _adamw(names, io, report)
    _rates(recorded, io, report)


def _parameters(names: Sequence[str], io: Arrays) -> Named:
    import mindspore as ms

    return [(name, ms.Parameter(ms.Tensor(io[f"init:{name}"]), name=name)) for name in names]


def _follow(prefix: str, named: Named, io: Arrays, step: Callable[[int, list[Any]], None], report: Report) -> None:
    from GPT_SoVITS.compiled import to_tensor

    count = len(io[f"grad:{named[0][0]}"])
    seen: dict[str, list[Any]] = {name: [] for name, _ in named}
    for i in range(count):
        step(i, [to_tensor(io[f"grad:{name}"][i]) for name, _ in named])
        for name, parameter in named:
            seen[name].append(np.array(parameter.asnumpy()))
    for name, values in seen.items():
        report.close(f"{prefix}:{name}", np.stack(values), io[f"{prefix}:{name}"], TOLERANCE)


def _scaled_adam(case: dict[str, Any], names: Sequence[str], io: Arrays, report: Report) -> None:
    from GPT_SoVITS.training.optim.scaled_adam import ScaledAdam, Settings

    named = _parameters(names, io)
    optimiser = ScaledAdam(named, Settings(clipping_period=case["clipping_update_period"]))
    rates = io[f"{case['name']}:lr_used"]

    def step(i: int, gradients: list[Any]) -> None:
        optimiser.accumulate(gradients)
        optimiser.step(float(rates[i]))

    _follow(case["name"], named, io, step, report)


def _adamw(names: Sequence[str], io: Arrays, report: Report) -> None:
    from GPT_SoVITS.training.optim.adamw import AdamW, Group

    named = _parameters(names, io)
    optimiser = AdamW([Group(named[:3]), Group(named[3:], 0.4)])
    _follow("adamw", named, io, lambda _, gradients: optimiser.step(1e-4, gradients), report)


def _rates(recorded: dict[str, Any], io: Arrays, report: Report) -> None:
    steps = recorded["warmup_cosine_s1"]
    report.equal("warmup_cosine_s1", [gpt_rate(i) for i in range(50)], [s["lr_of_group_before"] for s in steps])
    report.equal("official:lr_used", [gpt_rate(i) for i in range(24)], io["official:lr_used"])
    report.inputs(["clip5:lr_used"])
    base, low = EpochDecay(1e-4, 0.999875), EpochDecay(4e-5, 0.999875)
    fresh = [[epoch, base.rate(epoch), low.rate(epoch)] for epoch in range(1, 51)]
    report.equal("s2_lr_fresh", fresh, recorded["s2_lr_fresh_start_epoch1"])
    resumed = [[e, base.rate_resumed(e, 9), low.rate_resumed(e, 9)] for e in range(9, 19)]
    report.equal("s2_lr_resumed", resumed, recorded["s2_lr_resume_at_epoch_9_after_saving_epoch_8"])

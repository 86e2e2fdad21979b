"""The training loop that all trainers share: seeded, budgeted in processor minutes, resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

Figures = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn.

    Attributes:
        minutes: Processor minutes in all, those of earlier runs included.
        rate: Highest learning rate; it falls along a cosine.
        floor: Share of it that is left at the end. The noise of the last steps is what a large one leaves behind.
        average: Share of the moving average of the weights that a step keeps; 0 for none.
        warm_up: Steps until it is reached.
        clip: Largest norm of the gradient.
        betas: Of AdamW.
        decay: Weight decay of AdamW.
    """

    minutes: float
    rate: float = 1e-3
    warm_up: int = 100
    clip: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    decay: float = 0.01
    floor: float = 0.01
    average: float = 0.0

    def rate_at(self, spent: float, step: int) -> float:
        """Return the learning rate after so many minutes and steps."""
        falling = self.floor + (1 - self.floor) * (0.5 + 0.5 * cos(pi * min(1.0, spent / self.minutes)))
        return self.rate * falling * min(1.0, (step + 1) / self.warm_up)


class Average:
    """The moving average of a network's weights, which is quieter than they are.

    Args:
        network: As it begins.
        keep: Share of the average that a step keeps. The first steps keep less, so that the beginning is forgotten.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self._network, self._keep, self._steps = network, keep, 0
        self.weights = {name: value.clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in what a step has changed."""
        self._steps += 1
        keep = min(self._keep, self._steps / (self._steps + 10))
        for name, value in self._network.state_dict().items():
            self.weights[name].lerp_(value, 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the average for a while."""
        own = {name: value.clone() for name, value in self._network.state_dict().items()}
        self._network.load_state_dict(self.weights)
        try:
            yield
        finally:
            self._network.load_state_dict(own)


class Stateful(Protocol):
    """What a checkpoint can hold."""

    def state_dict(self) -> dict[str, Any]:
        """Return its state."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        ...


def tell(*words: object) -> None:
    """Print with the time of day, at once."""
    print(time.strftime("%H:%M:%S"), *words, flush=True)


def train(
    network: nn.Module,
    batches: Iterator[Any],
    loss: Callable[[Any], tuple[Tensor, Figures]],
    path: Path,
    plan: Plan,
    check: Callable[[], str] = str,
    learnt: nn.Module | None = None,
    beside: Stateful | None = None,
) -> None:
    """Train until the budget is spent; goes on where the checkpoint at ``path`` ends.

    Args:
        network: What the checkpoint holds.
        batches: Endless.
        loss: Loss of a batch, and figures to report the mean of.
        path: Checkpoint: ``network``, its ``average``, ``optimiser``, ``step`` and ``spent`` (minutes); written once a
            minute.
        plan: Budget and optimiser.
        check: Called once a minute; what it says is reported.
        learnt: The part that learns, where that is not all.
        beside: What learns beside it and on its own, such as discriminators; the checkpoint holds it as ``beside``.
    """
    parameters = list((learnt or network).parameters())
    optimiser = torch.optim.AdamW(parameters, plan.rate, betas=plan.betas, weight_decay=plan.decay)
    average = Average(network, plan.average) if plan.average else None
    step, before = 0, 0.0
    if path.exists():
        state = torch.load(path)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        step, before = state["step"], state["spent"]
        if average is not None:
            average.weights = state.get("average", state["network"])
        if beside is not None:
            beside.load_state_dict(state["beside"])
    began, told, figures = time.process_time(), int(before), list[Figures]()
    while True:
        spent = before + (time.process_time() - began) / 60
        if spent - told >= 1 or spent >= plan.minutes:
            told = int(spent)
            tell(f"{spent:.1f} min, step {step}:", _means(figures), _checked(network, average, check))
            figures = []
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "spent": spent}
            if average is not None:
                state["average"] = average.weights
            if beside is not None:
                state["beside"] = beside.state_dict()
            torch.save(state, path)
        if spent >= plan.minutes:
            return
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(spent, step)
        value, measured = loss(next(batches))
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(parameters, plan.clip)
        optimiser.step()
        if average is not None:
            average.update()
        step += 1
        figures.append(measured)


def _checked(network: nn.Module, average: Average | None, check: Callable[[], str]) -> str:
    """Return what the check says of the network that would be exported."""
    network.eval()
    try:
        with average.in_place() if average is not None else nullcontext():
            return check()
    finally:
        network.train()


def _means(figures: list[Figures]) -> Figures:
    return {name: round(float(np.mean([f[name] for f in figures])), 4) for name in (figures[0] if figures else ())}


def seeded(seed: int) -> np.random.Generator:
    """Fix PyTorch's random numbers and its single thread; return a generator for everything else."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    return np.random.default_rng(seed)


def restore(network: nn.Module, path: Path) -> None:
    """Load the weights of a checkpoint: their average where it has one."""
    state = torch.load(path)
    network.load_state_dict(state.get("average", state["network"]))
    network.eval()


def in_groups(lengths: np.ndarray, budget: float, rng: np.random.Generator, blur: float = 0.1) -> Iterator[np.ndarray]:
    """Yield groups of indices of about equal lengths whose padded sum is within the budget; endless.

    Args:
        lengths: Of the items.
        budget: Largest number of items times the longest of them.
        rng: Shuffles.
        blur: Lengths are taken to be up to this share longer when sorted, so that groups differ from round to round.
    """
    while True:
        order = np.argsort(lengths * (1 + blur * rng.random(len(lengths))))
        groups, current, longest = [], list[int](), 0.0
        for index in order:
            longest = max(longest, lengths[index])
            if current and longest * (len(current) + 1) > budget:
                groups.append(current)
                current, longest = [], lengths[index]
            current.append(int(index))
        groups.append(current)
        for group in rng.permutation(len(groups)):
            yield np.array(groups[group])

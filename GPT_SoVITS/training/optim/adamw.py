"""AdamW (Loshchilov and Hutter, 2019) as ``torch.optim.AdamW`` computes it, one compiled graph for all parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.training.optim.state import read, write, zeros_like

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Group:
    """Parameters that share a learning rate.

    Attributes:
        parameters: Name and parameter.
        factor: Their rate over the base rate.
    """

    parameters: Sequence[tuple[str, ms.Parameter]]
    factor: float = 1.0


class _Update(nn.Cell):
    """One step over all parameters; rates (groups,), decays (groups,), powers (2,), epsilon (), then gradients."""

    def __init__(
        self,
        parameters: Sequence[ms.Parameter],
        groups: Sequence[int],
        means: Sequence[ms.Parameter],
        squares: Sequence[ms.Parameter],
        betas: tuple[float, float],
    ) -> None:
        super().__init__()
        self.targets = ms.ParameterTuple(parameters)
        self.means, self.squares = ms.ParameterTuple(means), ms.ParameterTuple(squares)
        self.groups, self.count, self.group_count = tuple(groups), len(parameters), max(groups) + 1
        self.beta1, self.beta2 = betas
        self.adam = ops.Adam()

    def construct(self, rates: Tensor, keeps: Tensor, powers: Tensor, epsilon: Tensor, *gradients: Tensor) -> Tensor:
        power1, power2 = powers[0], powers[1]
        rate_of: tuple[Tensor, ...] = ()
        keep_of: tuple[Tensor, ...] = ()
        for group in range(self.group_count):  # an index into a tensor is many nodes of a graph: once for each group
            rate_of += (rates[group],)
            keep_of += (keeps[group],)
        for i in range(self.count):
            ops.assign(self.targets[i], self.targets[i] * keep_of[self.groups[i]])
            self.adam(
                self.targets[i],
                self.means[i],
                self.squares[i],
                power1,
                power2,
                rate_of[self.groups[i]],
                self.beta1,
                self.beta2,
                epsilon,
                gradients[i],
            )
        return rates


class AdamW:
    """Steps over groups of parameters; state can be read and written for checkpoints.

    Args:
        groups: Parameters and their factors.
        betas: Decay of the running mean and of the running square.
        epsilon: Added to the root of the running square.
        weight_decay: Share of the learning rate by which parameters shrink.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        betas: tuple[float, float] = (0.8, 0.99),
        epsilon: float = 1e-9,
        weight_decay: float = 0.01,
    ) -> None:
        named = [(name, p, i) for i, group in enumerate(groups) for name, p in group.parameters]
        self.names = [name for name, _, _ in named]
        self.parameters = [p for _, p, _ in named]
        self._factors = np.array([group.factor for group in groups])
        self._betas, self._epsilon, self._decay = betas, epsilon, weight_decay
        self._means, self._squares = zeros_like(self.parameters, "mean"), zeros_like(self.parameters, "square")
        self.steps = 0
        cell = _Update(self.parameters, [i for _, _, i in named], self._means, self._squares, betas)
        self._update = compile_cell(cell)

    def step(self, rate: float, gradients: Sequence[Tensor]) -> None:
        """Take a step with one gradient for each parameter, in their order."""
        self.steps += 1
        rates = self._factors * rate
        powers = np.array(self._betas) ** self.steps
        # The operator adds epsilon before it corrects the running square, PyTorch behind.
        epsilon = np.float32(self._epsilon * np.sqrt(1 - powers[1]))
        numbers = (rates, 1 - rates * self._decay, powers, epsilon)
        self._update(*(to_tensor(np.asarray(n, np.float32)) for n in numbers), *gradients)

    def state(self) -> dict[str, Array]:
        """Return copies of the running mean and square of each parameter, and the number of steps."""
        return {
            "steps": np.array(self.steps),
            **read("mean", self.names, self._means),
            **read("square", self.names, self._squares),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from what :meth:`state` returned.

        Raises:
            KeyError: the state is that of other parameters.
        """
        self.steps = int(state["steps"].item())
        write("mean", self.names, self._means, state)
        write("square", self.names, self._squares, state)

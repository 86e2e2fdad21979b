"""ScaledAdam (Daniel Povey, icefall): updates in proportion to a parameter's own size, whose scale is learnt too.

Agrees with ``AR/modules/optim.py`` of the official program. Parameters of equal shape are stacked and updated together.
Two of its habits are kept: the clipping factor reaches the gradients of the scales and no others, and at the first step
nothing is clipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.training.optim.state import blank, read, write

Array = np.ndarray[Any, np.dtype[Any]]
_KINDS = ("gradient", "delta", "square", "rms", "scale_square", "scale_gradients")
_FROM_ZERO_CORRECTION = 0.99
"""Above this the official code leaves the running square uncorrected."""


@dataclass(frozen=True)
class Settings:
    """Constants of the optimiser; the defaults are those of the official training.

    Attributes:
        betas: Decay of the momentum and of the running square.
        clipping_scale: Gradients above this many times the median norm are clipped.
        scalar_rate: Learning rate of scales and of parameters of one element, over the usual one.
        epsilon: Added to roots.
        smallest: Root mean square below which a parameter's scale shrinks no further.
        largest: The same for growing.
        largest_scalar: Bound of parameters of one element.
        size_period: Steps from one update of the scales to the next.
        clipping_period: Steps whose norms the median is taken of.
    """

    betas: tuple[float, float] = (0.9, 0.95)
    clipping_scale: float = 2.0
    scalar_rate: float = 0.1
    epsilon: float = 1e-8
    smallest: float = 1e-5
    largest: float = 3.0
    largest_scalar: float = 10.0
    size_period: int = 4
    clipping_period: int = 1000


class _Stacks(nn.Cell):
    """Parameters of one shape (n elements) and their state, stacked to (count, n)."""

    def __init__(self, shape: tuple[int, ...], parameters: Sequence[ms.Parameter], settings: Settings) -> None:
        super().__init__()
        self.shape, self.count, self.size = shape, len(parameters), int(np.prod(shape, dtype=np.int64))
        self.settings = settings
        self.targets = ms.ParameterTuple(parameters)
        label = "x".join(map(str, shape)) or "scalar"
        rows, full = (self.count, 1), (self.count, self.size)
        self.gradient, self.delta, self.square = (blank(f"{label}.{kind}", full) for kind in _KINDS[:3])
        self.rms, self.scale_square = (blank(f"{label}.{kind}", rows) for kind in _KINDS[3:5])
        self.scale_gradients = blank(f"{label}.{_KINDS[5]}", (self.count, settings.size_period))

    def stack(self, tensors: Sequence[Tensor]) -> Tensor:
        """Tensors of the shape -> (count, n)."""
        return ops.cat([tensor.reshape((1, self.size)) for tensor in tensors], 0)

    def over_row(self, column: Tensor) -> Tensor:
        """(count, 1) -> (count, n)."""
        return ops.tile(column, (1, self.size))

    def root_mean_square(self, rows: Tensor) -> Tensor:
        """(count, n) -> (count, 1)."""
        return ops.sqrt((rows * rows).mean(1, keep_dims=True))

    def _scale_step(self, rows: Tensor, numbers: Tensor) -> Tensor:
        """Learn the scale of each parameter; return what that adds to the momentum (count, n), and keep the state.

        ``numbers`` as in :meth:`update`; ``due`` is 1 where the scales are updated at this step and else 0.
        """
        s, rate, clip, due, correction = self.settings, numbers[0], numbers[1], numbers[2], numbers[4]
        period = numbers[5 : 5 + s.size_period]
        place = ops.tile(period.reshape((1, -1)), (self.count, 1))
        own = (rows * self.gradient).sum(1, keepdims=True) * clip
        history = self.scale_gradients * (1.0 - place) + ops.tile(own, (1, s.size_period)) * place
        rms = self.rms * (1.0 - due) + self.root_mean_square(rows) * due
        decay = s.betas[1] ** s.size_period
        learnt = self.scale_square * decay + (history * history).mean(1, keep_dims=True) * (1.0 - decay)
        square = self.scale_square * (1.0 - due) + learnt * due
        step = history.sum(1, keepdims=True) / (ops.sqrt(learnt) + s.epsilon) * (correction * s.scalar_rate * -rate)
        step = step * (rms >= s.smallest).astype(ms.float32)
        large = (rms > s.largest).astype(ms.float32)
        step = step * (1.0 - large) + large * (rate * (-s.scalar_rate * s.size_period))
        ops.assign(self.scale_gradients, history)
        ops.assign(self.rms, rms)
        ops.assign(self.scale_square, square)
        return rows * self.over_row(step * ((1.0 - s.betas[0]) * due))

    def update(self, numbers: Tensor) -> None:
        """Take a step; numbers are rate, clip, due, correction of the square, of the scales, and the period's place."""
        s, rate, correction = self.settings, numbers[0], numbers[3]
        rows = self.stack(self.targets)
        delta = self.delta * s.betas[0]
        if self.size > 1:
            delta = delta + self._scale_step(rows, numbers)
        square = self.square * s.betas[1] + self.gradient * self.gradient * (1.0 - s.betas[1])
        if self.size > 1:
            direction = self.gradient / (ops.sqrt(square * correction) + s.epsilon)
            pace = ops.maximum(self.rms, s.smallest) * (rate * (s.betas[0] - 1.0))
            delta = delta + direction * self.over_row(pace)
        else:
            direction = self.gradient / (ops.sqrt(square * numbers[5 + s.size_period]) + s.epsilon)
            delta = delta + direction * (rate * (s.scalar_rate * (s.betas[0] - 1.0)))
            rows = ops.clip_by_value(rows, -s.largest_scalar, s.largest_scalar)
        moved = rows + delta
        for i in range(self.count):
            ops.assign(self.targets[i], moved[i].reshape(self.shape))
        ops.assign(self.delta, delta)
        ops.assign(self.square, square)
        ops.assign(self.gradient, ops.zeros_like(self.gradient))


class _Begin(nn.Cell):
    """Records the sizes of all parameters before the first step."""

    def __init__(self, stacks: Sequence[_Stacks]) -> None:
        super().__init__()
        self.stacks = nn.CellList(stacks)

    def construct(self) -> int:
        for stack in self.stacks:
            ops.assign(stack.rms, stack.root_mean_square(stack.stack(stack.targets)))
        return 0


class _Accumulate(nn.Cell):
    """Adds one gradient for each parameter, in the order of the stacks, to what is there."""

    def __init__(self, stacks: Sequence[_Stacks]) -> None:
        super().__init__()
        self.stacks = nn.CellList(stacks)

    def construct(self, *gradients: Tensor) -> int:
        place = 0
        for stack in self.stacks:
            ops.assign_add(stack.gradient, stack.stack(gradients[place : place + stack.count]))
            place += stack.count
        return 0


class _Forget(nn.Cell):
    """Sets what was accumulated to zero, whatever it was."""

    def __init__(self, stacks: Sequence[_Stacks]) -> None:
        super().__init__()
        self.stacks = nn.CellList(stacks)

    def construct(self) -> int:
        for stack in self.stacks:
            ops.assign(stack.gradient, ops.zeros_like(stack.gradient))
        return 0


class _Norms(nn.Cell):
    """Sum of squares of each stack's gradients, plain and times the parameters' sizes; (2, stacks)."""

    def __init__(self, stacks: Sequence[_Stacks]) -> None:
        super().__init__()
        self.stacks = nn.CellList(stacks)

    def construct(self) -> Tensor:
        plain, sized = [], []
        for stack in self.stacks:
            rows = (stack.gradient * stack.gradient).sum(1, keepdims=True)
            plain.append(rows.sum())
            sized.append(rows.sum() if stack.size == 1 else total(rows * stack.rms * stack.rms))
        return ops.stack((ops.stack(plain), ops.stack(sized)))


class _Update(nn.Cell):
    """One step over all stacks, with the numbers of :meth:`_Stacks.update`."""

    def __init__(self, stacks: Sequence[_Stacks]) -> None:
        super().__init__()
        self.stacks = nn.CellList(stacks)

    def construct(self, numbers: Tensor) -> Tensor:
        for stack in self.stacks:
            stack.update(numbers)
        return numbers


class ScaledAdam:
    """Accumulates gradients and takes steps.

    Args:
        parameters: Name and parameter, in the order of the gradients.
        settings: Constants.
    """

    def __init__(self, parameters: Sequence[tuple[str, ms.Parameter]], settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        shapes: dict[tuple[int, ...], list[int]] = {}
        for index, (_, parameter) in enumerate(parameters):
            shapes.setdefault(tuple(parameter.shape), []).append(index)
        ordered = sorted(shapes.items())  # the official order, which its state dict shows
        self._order = [index for _, indices in ordered for index in indices]
        self._stacks = [_Stacks(shape, [parameters[i][1] for i in found], self._settings) for shape, found in ordered]
        self._names = ["|".join(parameters[i][0] for i in found) for _, found in ordered]
        self._norms = np.zeros(self._settings.clipping_period, np.float32)
        self._threshold = np.inf
        self.steps = 0
        kinds = (_Begin, _Accumulate, _Norms, _Update, _Forget)
        graphs = [compile_cell(kind(self._stacks)) for kind in kinds]
        self._begin, self._accumulate, self._measure, self._update, self._forget = graphs

    def accumulate(self, gradients: Sequence[Tensor]) -> None:
        """Add gradients, in the order of the parameters."""
        self._accumulate(*(gradients[i] for i in self._order))

    def step(self, rate: float, accepts: Callable[[float], bool] = lambda norm: True) -> float:
        """Take a step with the accumulated gradients, forget them, and return their norm.

        Args:
            rate: Learning rate.
            accepts: Is asked with the norm whether to take the step; gradients are forgotten in any case.
        """
        if self.steps == 0:
            self._begin()
        plain, sized = self._measure().asnumpy().astype(np.float64).sum(1)
        if not accepts(float(np.sqrt(plain))):
            self._forget()
            return float(np.sqrt(plain))
        clip = self._clip(float(np.sqrt(sized))) if self.steps else 1.0
        self._update(to_tensor(self._numbers(rate, clip)))
        self.steps += 1
        return float(np.sqrt(plain))

    def _clip(self, norm: float) -> float:
        """Return the factor for gradients of this norm and remember it."""
        period = self._settings.clipping_period
        self._norms[self.steps % period] = norm
        if self.steps % period == 0:
            middle = np.sort(self._norms)[min(period - 1, period // 4 * 2)]
            self._threshold = self._settings.clipping_scale * float(middle)
        return 1.0 if self.steps < period else min(1.0, self._threshold / (norm + 1e-20))

    def _numbers(self, rate: float, clip: float) -> Array:
        """Return what depends on the step, in the order of :meth:`_Stacks.update`."""
        s, step = self._settings, self.steps
        bias = 1 - s.betas[1] ** (step + 1)
        scales = 1 - s.betas[1] ** (s.size_period * ((step + 1) // s.size_period))
        due = float(step > 0 and step % s.size_period == s.size_period - 1)
        correction = 1 / bias if bias < _FROM_ZERO_CORRECTION else 1.0
        place = np.eye(s.size_period)[step % s.size_period]
        return np.array([rate, clip, due, correction, np.sqrt(scales), *place, 1 / bias], np.float32)

    def state(self) -> dict[str, Array]:
        """Return copies of everything that a continued training needs, accumulated gradients included."""
        found = {"steps": np.array(self.steps), "norms": self._norms.copy(), "threshold": np.array(self._threshold)}
        for kind in _KINDS:
            found |= read(kind, self._names, [getattr(stack, kind) for stack in self._stacks])
        return found

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from what :meth:`state` returned.

        Raises:
            KeyError: the state is that of other parameters.
        """
        self.steps, self._threshold = int(state["steps"].item()), float(state["threshold"].item())
        self._norms = np.array(state["norms"], np.float32)
        for kind in _KINDS:
            write(kind, self._names, [getattr(stack, kind) for stack in self._stacks], state)

"""Euler steps of the flow from noise to a normalised mel spectrogram (``CFM.inference`` of the official program)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.cfm.estimator import Estimator, drained
from GPT_SoVITS.versions import SAMPLE_STEPS

Array = np.ndarray[Any, np.dtype[Any]]
LEAST_STEPS, MOST_STEPS = SAMPLE_STEPS
LEAST_GUIDANCE = 1e-5
"""A smaller guidance rate is none."""


class SamplingError(ValueError):
    """What is asked of the sampler makes no sense; the message says what would."""


@dataclass(frozen=True)
class Sampling:
    """How to sample.

    Attributes:
        steps: Euler steps, 1 to 128; the official program offers 4 to 128 and takes 32 where nothing is said.
        temperature: Standard deviation of the noise.
        guidance: Weight of the difference from an unconditioned estimate; the official inference always has 0. Any
            other costs a second estimate for every step.
    """

    steps: int = 32
    temperature: float = 1.0
    guidance: float = 0.0

    def __post_init__(self) -> None:
        if not LEAST_STEPS <= self.steps <= MOST_STEPS:
            raise SamplingError(f"{self.steps} steps; expected {LEAST_STEPS} to {MOST_STEPS}")
        if not (0.0 <= self.temperature < np.inf and 0.0 <= self.guidance < np.inf):
            raise SamplingError("temperature and guidance are finite numbers of at least 0")


class Flow:
    """A batch on its way from noise to mel spectrograms, a step at a time, so that others get their turn between.

    Args:
        estimator: Estimates the velocity.
        condition: (B, T, text).
        prompt: Normalised mel of the reference that every row begins with, (B, P, mel) with P <= T.
        noise: Standard normal numbers, (B, T, mel); those of the first P frames have no effect.
        sampling: How to sample.
        keys: See :meth:`GPT_SoVITS.cfm.estimator.Estimator.velocity`.
    """

    def __init__(
        self,
        estimator: Estimator,
        condition: Array,
        prompt: Array,
        noise: Array,
        sampling: Sampling,
        keys: Array | None = None,
    ) -> None:
        batch, count, _ = condition.shape
        if noise.shape[:2] != (batch, count) or prompt.shape[0] != batch or prompt.shape[1] > count:
            raise SamplingError(
                f"a condition of shape {condition.shape} does not go with noise of shape {noise.shape} "
                f"and a prompt of shape {prompt.shape}"
            )
        self._estimator, self.sampling, self._keys = estimator, sampling, keys
        self._prompt_length = prompt.shape[1]
        self._prompt = np.zeros(noise.shape, np.float32)
        self._prompt[:, : self._prompt_length] = prompt
        self._x = np.asarray(noise, np.float32) * np.float32(sampling.temperature)
        self._x[:, : self._prompt_length] = 0.0
        self._condition = condition
        self._text = estimator.embed(condition)
        self._unconditioned: Array | None = None
        self._done, self._time = 0, 0.0

    @property
    def finished(self) -> bool:
        """Whether all steps have been taken."""
        return self._done == self.sampling.steps

    @property
    def mel(self) -> Array:
        """Where the flow is: normalised mel, (B, T, mel), zero in the prompt."""
        return self._x

    def step(self) -> None:
        """Take one step."""
        drained(self.step_parts())

    def step_parts(self) -> Generator[None, None, None]:
        """Take one step, yielding between bounded parts of it."""
        if self.finished:
            raise SamplingError("all steps have been taken")
        length = 1.0 / self.sampling.steps
        moment = self._estimator.moment(np.array([self._time]), np.array([length]))
        velocity = yield from self._estimator.velocity_parts(self._x, self._prompt, self._text, moment, self._keys)
        if self.sampling.guidance > LEAST_GUIDANCE:
            if self._unconditioned is None:
                self._unconditioned = self._estimator.embed(np.zeros_like(self._condition))
            nothing = np.zeros_like(self._prompt)
            blind = yield from self._estimator.velocity_parts(self._x, nothing, self._unconditioned, moment, self._keys)
            velocity = velocity + (velocity - blind) * np.float32(self.sampling.guidance)
        self._x = self._x + np.float32(length) * velocity
        self._x[:, : self._prompt_length] = 0.0
        self._time += length
        self._done += 1


def sample(
    estimator: Estimator,
    condition: Array,
    prompt: Array,
    noise: Array,
    sampling: Sampling,
    keys: Array | None = None,
) -> Array:
    """Take all steps at once; see :class:`Flow`. Returns normalised mel (B, T, mel), zero in the prompt."""
    flow = Flow(estimator, condition, prompt, noise, sampling, keys)
    while not flow.finished:
        flow.step()
    return flow.mel

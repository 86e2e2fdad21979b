"""Choosing the next semantic token from logits, in numpy.

Agrees with the official ``AR/models/utils.py`` (``logits_to_probs``, ``sample``), one row at a time, except that every
row draws from its own generator: a sequence does not depend on what it is batched with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SMALLEST_TEMPERATURE = 1e-5
_SMALLEST_DRAW = np.float32(1e-30)


class SamplingError(ValueError):
    """A sampling parameter is out of range."""


@dataclass(frozen=True)
class SamplingParameters:
    """How the next token is chosen.

    Attributes:
        top_k: Keep the k best tokens; 1 is greedy, None keeps all.
        top_p: Keep the best tokens while their probabilities add up to at most this; None or 1 and above keep all.
        temperature: Divides the logits; values below 1e-5 count as 1e-5.
        repetition_penalty: Divides positive and multiplies negative logits of tokens already in the sequence.
    """

    top_k: int | None = 15
    top_p: float | None = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35

    def __post_init__(self) -> None:
        if self.top_k is not None and self.top_k < 1:
            raise SamplingError(f"top_k is {self.top_k}, expected at least 1, or None to keep every token")
        if self.top_p is not None and not self.top_p >= 0:
            raise SamplingError(f"top_p is {self.top_p}, expected 0 or more")
        if not 0 <= self.temperature < np.inf:
            raise SamplingError(f"temperature is {self.temperature}, expected 0 or more")
        if not 0 < self.repetition_penalty < np.inf:
            raise SamplingError(f"repetition_penalty is {self.repetition_penalty}, expected more than 0")


def generator(seed: int) -> np.random.Generator:
    """Return the random generator of one sequence."""
    return np.random.Generator(np.random.PCG64(seed))


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max())
    return exponentials / exponentials.sum()


def _penalise(logits: np.ndarray, previous: np.ndarray, penalty: float) -> None:
    scores = logits[previous]
    logits[previous] = np.where(scores < 0, scores * penalty, scores / penalty)


def _outside_nucleus(logits: np.ndarray, top_p: float) -> np.ndarray:
    """Ids to remove: those at which the running sum exceeds ``top_p``, never the best one."""
    order = np.argsort(-logits, kind="stable")
    total = np.cumsum(_softmax(logits[order]), dtype=np.float64).astype(np.float32)
    remove = total > np.float32(top_p)
    remove[0] = False
    return order[remove]


def logits_to_probs(logits: np.ndarray, previous: np.ndarray, parameters: SamplingParameters) -> np.ndarray:
    """Return the probabilities (V,) float32 to sample from.

    Order: repetition penalty, top-p on the untempered logits, temperature, top-k (ties with the k-th stay), softmax.

    Args:
        logits: (V,) float32. The penalty is written into it: the decode loop's test for the end token sees it.
        previous: (N,) ids of the sequence so far.
        parameters: How the next token is chosen.
    """
    if parameters.repetition_penalty != 1.0 and previous.size:
        _penalise(logits, previous, parameters.repetition_penalty)
    scores = logits
    if parameters.top_p is not None and parameters.top_p < 1.0:
        scores = scores.copy()
        scores[_outside_nucleus(logits, parameters.top_p)] = -np.inf
    scores = scores / np.float32(max(parameters.temperature, _SMALLEST_TEMPERATURE))
    if parameters.top_k is not None and parameters.top_k < scores.size:
        pivot = np.partition(scores, -parameters.top_k)[-parameters.top_k]
        scores = np.where(scores < pivot, np.float32(-np.inf), scores)
    return _softmax(scores)


def draw(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw one id: the largest of the probabilities divided by exponential random numbers."""
    # A draw of exactly 0 (one in 2**23) would turn a removed token into 0 / 0, which argmax prefers to anything.
    exponential = np.maximum(rng.standard_exponential(probabilities.size, dtype=np.float32), _SMALLEST_DRAW)
    return int(np.argmax(probabilities / exponential))


def sample(logits: np.ndarray, previous: np.ndarray, parameters: SamplingParameters, rng: np.random.Generator) -> int:
    """Choose one id from logits (V,), which the repetition penalty changes in place."""
    return draw(logits_to_probs(logits, previous, parameters), rng)

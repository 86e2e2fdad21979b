"""Sequences while they are decoded: the official rules on which tokens are chosen and where a sequence ends.

The engine's scheduler drives rows itself. The official loops over whole sequences, which comparisons with the official
program need, are in the tests (``tests/networks/decode_loops.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from GPT_SoVITS.t2s.sampling import SamplingParameters, sample

MAX_STEPS = 1500
"""A sequence ends after this many tokens, 60 s of speech."""
STEPS_WITHOUT_END = 11
"""The end token cannot be chosen in the first steps, so that there are about 0.4 s to hear."""
NO_EARLY_STOP = -1


class Ending(Enum):
    """Why a sequence ended."""

    END_TOKEN = auto()
    EARLY_STOP = auto()
    MAX_STEPS = auto()


@dataclass(frozen=True)
class Generation:
    """A finished sequence as the official functions return it.

    Attributes:
        tokens: (N,) int64, prompt and generated tokens, the end token removed.
        idx: Index of the last step; 0 for decoding without a prompt.
        ending: Why it ended.
    """

    tokens: np.ndarray
    idx: int
    ending: Ending

    @property
    def semantic(self) -> np.ndarray:
        """The tokens to speak: the last ``idx`` ones, all when ``idx`` is 0, as every official caller takes them.

        After an early stop the first generated token is not among them.
        """
        return self.tokens[-self.idx :]


class Row:
    """One sequence while it is decoded: its tokens, its random generator, its end.

    The owner calls :meth:`accept` after every prefill or step, then :meth:`result`.
    """

    def __init__(
        self,
        prompt: np.ndarray,
        eos: int,
        parameters: SamplingParameters,
        rng: np.random.Generator,
        early_stop_num: int = NO_EARLY_STOP,
    ) -> None:
        self.eos, self.parameters, self.rng, self.early_stop_num = eos, parameters, rng, early_stop_num
        self.prompt_length = len(prompt)
        self.idx = -1
        self.ending: Ending | None = None
        self._tokens = np.empty(len(prompt) + MAX_STEPS, np.int64)
        self._tokens[: len(prompt)] = prompt
        self._length = len(prompt)

    @property
    def tokens(self) -> np.ndarray:
        """Prompt and generated tokens so far (a view)."""
        return self._tokens[: self._length]

    @property
    def last(self) -> int:
        """The token chosen last, to be fed to the next step."""
        return int(self._tokens[self._length - 1])

    def accept(self, logits: np.ndarray) -> Ending | None:
        """Choose a token from logits (vocab,) and return why the sequence ends, None while it goes on.

        The end token ends a sequence when it is drawn and also when it merely has the largest penalised logit.
        """
        self.idx += 1
        scores = logits[: self.eos if self.idx < STEPS_WITHOUT_END else None].astype(np.float32)
        token = sample(scores, self.tokens, self.parameters, self.rng)
        self._tokens[self._length] = token
        self._length += 1
        generated = self._length - self.prompt_length
        if token == self.eos or int(scores.argmax()) == self.eos:
            self.ending = Ending.END_TOKEN
        elif self.early_stop_num != NO_EARLY_STOP and generated > self.early_stop_num:
            self.ending = Ending.EARLY_STOP
        elif self.idx == MAX_STEPS - 1:
            self.ending = Ending.MAX_STEPS
        return self.ending

    def result(self, *, always_drop_last: bool) -> Generation:
        """Return the ended sequence; the last token goes with the end token, or always."""
        if self.ending is None:
            raise RuntimeError("the sequence has not ended yet")
        drop = always_drop_last or self.ending is Ending.END_TOKEN
        tokens = self.tokens[: self._length - drop].copy()
        return Generation(tokens, self.idx if self.prompt_length else 0, self.ending)

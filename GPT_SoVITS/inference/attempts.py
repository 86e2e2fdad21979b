"""Attempts at a segment: their random numbers, and whether what came out of one is usable.

The text-to-semantic network fails in known ways: it does not find the end, it swallows most of the text, it repeats
itself. All three show in the tokens, before any audio is made; another seed usually cures them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.t2s.decoding import Ending, Generation

TOKENS_PER_PHONEME = 2.3
"""Where there is no prompt to tell how fast the voice speaks: about 11 phonemes a second, 25 tokens a second."""
TRAILING_SILENCE_TOKENS = 15
"""Tokens at the end of a prompt that are the appended silence of 0.6 s."""
_SLOWEST, _FASTEST = 6.0, 1.3  # tokens per phoneme that a prompt is believed

TOO_FEW = 0.4
"""Fewer tokens than this part of the expected: at 25 syllables a second nobody speaks."""
TOO_MANY, TOO_MANY_MORE = 3.0, 50
"""More tokens than this multiple of the expected and so many more."""
LIMIT, LIMIT_MORE = 4.0, 150
"""Decoding ends after this multiple of the expected tokens and so many more; the official limit is 1500 for all."""

LONGEST_PERIOD = 64
"""Tokens (2.6 s) that a loop may be long to be recognised."""
_REPEATS = 3
_SHORTEST_LOOP = 30
_LONGEST_HOLD = 75  # 3 s; pauses are shorter
_TOKENS_OF_PAUSES = 3
_TAIL = 4 * LONGEST_PERIOD


class Purpose(IntEnum):
    """What random numbers are drawn for; each purpose has its own stream."""

    TOKENS = 0
    NOISE = 1


def generator_for(seed: int, segment: int, attempt: int, purpose: Purpose) -> np.random.Generator:
    """Return the random generator of one segment's attempt: same arguments, same numbers, whatever else is spoken.

    Args:
        seed: The request's, 0 or more.
        segment: Index of the segment among all of the request's.
        attempt: 1 for the first.
        purpose: What for.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, segment, attempt, int(purpose)))))


def tokens_per_phoneme(prompt_tokens: int, prompt_phonemes: int) -> float:
    """Estimate how many tokens a voice speaks per phoneme, from its prompt where it has one."""
    spoken = prompt_tokens - TRAILING_SILENCE_TOKENS
    if not prompt_phonemes or spoken <= 0:
        return TOKENS_PER_PHONEME
    return min(max(spoken / prompt_phonemes, _FASTEST), _SLOWEST)


def token_limit(expected: int) -> int:
    """Return after how many tokens an attempt is given up as one that does not find its end."""
    return int(LIMIT * expected) + LIMIT_MORE


def loop_period(tokens: NDArray[Any]) -> int | None:
    """Return the period of a repetition in tokens (N,), None when there is none.

    A repetition is the same stretch at least three times in a row and at least 30 tokens (1.2 s) in all; with no more
    than three different tokens, which pauses are made of, 75 tokens (3 s).
    """
    for period in range(1, min(LONGEST_PERIOD, len(tokens) // _REPEATS) + 1):
        start, length = _longest_run(tokens[period:] == tokens[:-period])
        repeated = tokens[start : start + length + period]
        if len(repeated) < max(_REPEATS * period, _SHORTEST_LOOP):
            continue
        if len(repeated) >= _LONGEST_HOLD or len(np.unique(repeated)) > _TOKENS_OF_PAUSES:
            return period
    return None


def _longest_run(equal: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], equal, [False]))))
    if not edges.size:
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    longest = int(lengths.argmax())
    return int(edges[2 * longest]), int(lengths[longest])


class Expecting(Protocol):
    """A segment whose length is roughly known."""

    @property
    def expected_tokens(self) -> int:
        """About how many semantic tokens it takes."""


def judge(generation: Generation, segment: Expecting) -> str | None:
    """Return why the tokens of a finished attempt are unusable, None when nothing is wrong with them."""
    tokens, expected = generation.semantic, segment.expected_tokens
    if (period := loop_period(tokens)) is not None:
        return f"repeats itself every {period / 25:.2f} s"
    if generation.ending is not Ending.END_TOKEN:
        return f"no end after {len(tokens)} tokens, about {expected} were expected"
    if len(tokens) < TOO_FEW * expected:
        return f"only {len(tokens)} tokens, about {expected} were expected"
    if len(tokens) > TOO_MANY * expected + TOO_MANY_MORE:
        return f"{len(tokens)} tokens, only about {expected} were expected"
    return None


def judge_so_far(tokens: NDArray[Any]) -> str | None:
    """Return why an attempt that is still under way should be given up, None to go on.

    Worth asking every 32 tokens or so; looks at the newest tokens only and takes less than a millisecond.

    Args:
        tokens: (N,) generated so far, without the prompt.
    """
    period = loop_period(tokens[-_TAIL:])
    return None if period is None else f"repeats itself every {period / 25:.2f} s"


def doubt(generation: Generation, segment: Expecting) -> float:
    """Rate an unusable attempt against others: the one with the least doubt is spoken when no attempt is usable."""
    tokens, expected = generation.semantic, max(segment.expected_tokens, 1)
    length = abs(float(np.log(max(len(tokens), 1) / expected)))
    return length + (1.0 if loop_period(tokens) is not None else 0.0)

"""How often float16 and int8 weights choose the token that float32 chooses, on full-size weights.

    python -m bench.agreement [--precision fp16 int8] [--sequences 4] [--steps 150] [--gpt-fixture t2s_v2] [--json]

Teacher-forced: every precision is fed what float32 sampled, so that one step's disagreement does not count again in
the next. ``greedy`` compares the largest logits, ``sampled`` the tokens drawn with the engine's settings and the same
random numbers. ``free`` then lets each precision follow its own tokens: how many steps until it first leaves float32's.
The weights are random, drawn in two ways: ``normal`` (bench.decode) and the parity fixture's, both rounded to float16
as official files hold them. Trained weights may well choose more clearly, or less: the figures are no hearing test.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.decode import FULL, random_arrays, random_sequence
from bench.figures import markdown
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.sampling import SamplingParameters, generator, sample
from tests.parity.weights import generate, load_config

Array = npt.NDArray[Any]
FIXTURES = Path(__file__).parents[1] / "tests" / "data" / "parity"
SETTINGS = SamplingParameters()
TEXT, PROMPT = 60, 130


@dataclass(frozen=True)
class Weights:
    """Weights to compare precisions on."""

    name: str
    config: T2SConfig
    arrays: Mapping[str, Array]


@dataclass
class Course:
    """What sequences went through.

    Attributes:
        logits: Before each choice, (steps, rows, vocab).
        fed: Tokens chosen or given, (steps, rows).
    """

    logits: Array
    fed: Array


@dataclass(frozen=True)
class Agreement:
    """Of one precision with float32.

    Attributes:
        greedy: Share of steps with the same largest logit.
        sampled: Share of steps at which the same token is drawn.
        error: Largest difference of logits relative to the largest logit.
        free: Steps until a sequence that follows its own tokens first differs, each sequence's.
        steps: Steps of a sequence.
    """

    greedy: float
    sampled: float
    error: float
    free: list[int]
    steps: int


def weights(fixture: str) -> Iterator[Weights]:
    """Yield the two sets, one at a time in memory."""
    yield Weights("normal", FULL, random_arrays(FULL))
    config = T2SConfig.from_official(load_config(FIXTURES / fixture))
    arrays = generate(FIXTURES / fixture / "manifest.json")
    yield Weights(fixture, config, {key: value.astype(np.float16) for key, value in arrays.items()})


def choose(logits: Array, previous: list[int], config: T2SConfig, rng: np.random.Generator) -> int:
    """Return a token drawn as the engine draws it; never the end, so that all sequences are of one length."""
    scores = logits.copy()
    scores[config.eos] = -np.inf
    return sample(scores, np.array(previous), SETTINGS, rng)


def run(backend: NativeBackend, sequences: int, steps: int, given: Array | None = None) -> Course:
    """Decode sequences side by side; with ``given`` (steps, rows) they are fed these tokens, else what they choose."""
    config, state = backend.config, backend.start(sequences)
    inputs = [random_sequence(config, TEXT + 7 * row, PROMPT, seed=row) for row in range(sequences)]
    logits = np.stack([backend.prefill(state, row, one) for row, one in enumerate(inputs)])
    previous = [one.prompt.tolist() for one in inputs]
    rngs = [generator(row) for row in range(sequences)]
    seen, fed = np.empty((steps, *logits.shape), np.float32), np.empty((steps, sequences), np.int64)
    for step in range(steps):
        seen[step] = logits
        for row in range(sequences):
            own = choose(logits[row], previous[row], config, rngs[row])
            fed[step, row] = own if given is None else given[step, row]
            previous[row].append(int(fed[step, row]))
        logits = backend.step(state, fed[step])
    backend.finish(state)
    return Course(seen, fed)


def drawn(course: Course, sequences: int, config: T2SConfig) -> Array:
    """Tokens (steps, rows) that would be drawn at each step from these logits, after the tokens that were fed."""
    found = np.empty_like(course.fed)
    for row in range(sequences):
        previous, rng = random_sequence(config, TEXT + 7 * row, PROMPT, seed=row).prompt.tolist(), generator(row)
        for step, token in enumerate(course.fed[:, row]):
            found[step, row] = choose(course.logits[step, row], previous, config, rng)
            previous.append(int(token))
    return found


def first_difference(one: Array, other: Array) -> int:
    """Return how many tokens agree before the first that does not."""
    different = np.flatnonzero(one != other)
    return int(different[0]) if different.size else len(one)


def compare(given: Weights, precisions: list[Precision], sequences: int, steps: int) -> dict[str, Agreement]:
    """Return each precision's agreement with float32."""
    library = load()
    assert library.handle is not None
    exact_backend = NativeBackend(library.handle, given.config, given.arrays, "fp32")
    exact = run(exact_backend, sequences, steps)
    exact_backend.close()
    found: dict[str, Agreement] = {}
    for precision in precisions:
        backend = NativeBackend(library.handle, given.config, given.arrays, precision)
        forced = run(backend, sequences, steps, exact.fed)
        free = run(backend, sequences, steps)
        backend.close()
        found[precision] = Agreement(
            greedy=float((forced.logits.argmax(-1) == exact.logits.argmax(-1)).mean()),
            sampled=float((drawn(forced, sequences, given.config) == exact.fed).mean()),
            error=float(np.abs(forced.logits - exact.logits).max() / np.abs(exact.logits).max()),
            free=[first_difference(free.fed[:, row], exact.fed[:, row]) for row in range(sequences)],
            steps=steps,
        )
    return found


def table(found: dict[str, dict[str, Agreement]]) -> str:
    """Return the results as a table."""
    rows = [
        [
            name, precision, f"{100 * one.greedy:.1f} %", f"{100 * one.sampled:.1f} %", f"{one.error:.0e}",
            f"{', '.join(map(str, one.free))} of {one.steps}",
        ]
        for name, precisions in found.items()
        for precision, one in precisions.items()
    ]  # fmt: skip
    return markdown(["weights", "precision", "greedy", "sampled", "largest error", "free"], rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit status is 1 where there is no native library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", default=["fp16", "int8"], choices=["fp16", "int8"])
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--gpt-fixture", default="t2s_v2", choices=["t2s_v1", "t2s_v2"])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    library = load()
    if library.handle is None:
        print(library.description)
        return 1
    found = {
        one.name: compare(one, options.precision, options.sequences, options.steps)
        for one in weights(options.gpt_fixture)
    }
    if options.json:
        print(json.dumps(found, indent=1, default=vars))
    else:
        print(table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

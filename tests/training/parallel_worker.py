"""One process of a training that several share, started by ``msrun``; the first writes what all have come to.

msrun --worker_num 2 --local_worker_num 2 python -m tests.training.parallel_worker KIND FOLDER OUT [FIRST STATE]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convert.official import find
from convert.reader import load
from convert.weights import open_weights
from GPT_SoVITS.training import randomness
from GPT_SoVITS.training.cfm import trainer as cfm_trainer
from GPT_SoVITS.training.cfm.trainer import MelTrainer
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.gpt.trainer import GptTrainer
from GPT_SoVITS.training.options import SEED, GptOptions, MelOptions, SovitsOptions
from GPT_SoVITS.training.processes import ALONE, Processes, join
from GPT_SoVITS.training.sovits import trainer as sovits_trainer
from GPT_SoVITS.training.sovits.trainer import SovitsTrainer
from GPT_SoVITS.training.trainer import StepResult

Array = np.ndarray[Any, np.dtype[Any]]
JOINED = {"gpt": 16, "sovits": 2, "mel": 2}
"""Recordings of a batch of all processes together."""
STEPS = {"gpt": 14, "sovits": 4, "mel": 8}
"""Of the GPT two epochs, two steps of the optimiser; of v4 three that learn long steps."""


class Dealt:
    """Deals out to one process its rows of what a single one would draw for the joined batch."""

    def __init__(self, random: np.random.Generator, group: Processes) -> None:
        self._random, self._group = random, group

    def _rows(self, count: int, draw: Callable[[int], Array]) -> Array:
        return draw(count * self._group.size)[self._group.rank :: self._group.size]

    def standard_normal(self, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Return the rows of a batch (B, C, T), or the one row (F, mel)."""
        if len(shape) == 2:
            row: Array = self._rows(1, lambda rows: self._random.standard_normal((rows, *shape), dtype))[0]
            return row
        return self._rows(shape[0], lambda rows: self._random.standard_normal((rows, *shape[1:]), dtype))

    def random(self, count: int | None = None, dtype: Any = np.float64) -> Any:
        """Return one number for each row, or one that all processes share."""
        if count is None:
            return self._random.random()
        return self._rows(count, lambda rows: self._random.random(rows, dtype))

    def integers(self, low: int, high: int, count: int) -> Array:
        """Return one whole number for each row."""
        return self._rows(count, lambda rows: self._random.integers(low, high, rows))


def _trainer(kind: str, root: Path, group: Processes) -> Any:
    """Return a trainer of small networks without dropout."""
    own: dict[str, Any] = {"batch_size": JOINED[kind] // group.size, "dropout": 0.0, "dropout_pool": 64, "bucket": 32}
    given = (root / "voice", "voice", root)
    folder = Folder(root / "voice", "v2")
    weights = open_weights(root / f"{kind}.pth", training=True)
    if kind == "gpt":
        return GptTrainer(weights, folder, GptOptions(*given, **own), group)
    if kind == "mel":
        return MelTrainer(weights, folder, MelOptions(*given, **own, lora_rank=16), group)
    judging = {key: tensor.array() for key, tensor in find(load(root / "judging.pth")).weights.items()}
    return SovitsTrainer(weights, judging, folder, SovitsOptions(*given, **own), group)


def row(result: StepResult) -> list[float]:
    """Losses and gradient norm of a step."""
    return [*(value for name, value in result.losses.items() if name != "top_3_accuracy"), result.gradient_norm or 0.0]


def trained(
    kind: str,
    root: Path,
    group: Processes = ALONE,
    first: int = 0,
    last: int | None = None,
    state: Mapping[str, Array] | None = None,
) -> tuple[Array, Any]:
    """Train; return losses and gradient norms of the steps, and the trainer."""

    def dealt(seed: int, step: int, purpose: randomness.Purpose, part: int = 0) -> Any:
        random = randomness.generator(SEED, step, purpose, part)
        return random if purpose is randomness.Purpose.LORA else Dealt(random, group)

    for module in (sovits_trainer, cfm_trainer):
        vars(module)["generator"] = randomness.generator if kind == "gpt" else dealt
    trainer = _trainer(kind, root, group)
    if state is not None:
        trainer.restore(state)
    length = trainer.epoch_steps(1)
    steps = range(first, STEPS[kind] if last is None else last)
    results = [trainer.step(Position(1 + step // length, step % length, step)) for step in steps]
    return np.array([row(result) for result in results]), trainer


def main() -> None:
    """Train, half of the steps or the other half, and write steps and state."""
    kind, root, out, *more = sys.argv[1:]
    group = join("CPU")
    if more:
        told, trainer = trained(kind, Path(root), group, int(more[0]), state=dict(np.load(more[1])))
    else:
        told, trainer = trained(kind, Path(root), group, last=STEPS[kind] // 2)
    if group.leads:
        arrays = {name: np.atleast_1d(array) for name, array in trainer.state().items()}
        np.savez(out, **arrays)
        np.save(f"{out}.told.npy", told)


if __name__ == "__main__":
    main()

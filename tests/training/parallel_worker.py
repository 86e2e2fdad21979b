"""One process of a training that several share, started by ``msrun``; the first writes what all have come to.

msrun --worker_num 2 --local_worker_num 2 python -m tests.training.parallel_worker FOLDER OUT [FIRST STATE]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from convert.weights import open_weights
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.gpt.trainer import GptTrainer
from GPT_SoVITS.training.options import GptOptions
from GPT_SoVITS.training.processes import ALONE, Processes, join

JOINED, STEPS = 16, 14
"""Recordings of a batch of all processes together; two epochs, two steps of the optimiser."""


def trained(root: Path, group: Processes = ALONE, first: int = 0, last: int = STEPS, state: Path | None = None) -> Any:
    """Train a small GPT without dropout; return losses and gradient norms of its steps, and the trainer."""
    options = GptOptions(
        root / "voice", "voice", root, batch_size=JOINED // group.size, dropout=0.0, dropout_pool=64, bucket=32
    )
    trainer = GptTrainer(open_weights(root / "gpt.ckpt", training=True), Folder(root / "voice", "v2"), options, group)
    if state is not None:
        trainer.restore(dict(np.load(state)))
    length = trainer.epoch_steps(1)
    results = [trainer.step(Position(1 + step // length, step % length, step)) for step in range(first, last)]
    return np.array([[result.losses["total"], result.gradient_norm or 0.0] for result in results]), trainer


def main() -> None:
    """Train, half of the steps or the other half, and write steps and state."""
    root, out, *more = sys.argv[1:]
    group = join("CPU")
    first, state = (int(more[0]), Path(more[1])) if more else (0, None)
    told, trainer = trained(Path(root), group, first, STEPS if more else STEPS // 2, state)
    if group.leads:
        arrays = {name: np.atleast_1d(array) for name, array in trainer.state().items()}
        np.savez(out, **arrays)
        np.save(f"{out}.told.npy", told)


if __name__ == "__main__":
    main()

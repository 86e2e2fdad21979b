"""Trains a text-to-semantic decoder as the official Lightning module does."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convert.torch_writer import save
from convert.weights import Weights
from GPT_SoVITS.compiled import to_tensor
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.data.gpt import GptRecordings
from GPT_SoVITS.training.data.sampling import GptOrder
from GPT_SoVITS.training.gpt.batch import Draw, GptBatch, collate
from GPT_SoVITS.training.gpt.layered import LayeredGradient
from GPT_SoVITS.training.gpt.losses import Embedded
from GPT_SoVITS.training.gradients import Gradients
from GPT_SoVITS.training.optim.scaled_adam import ScaledAdam
from GPT_SoVITS.training.optim.schedules import gpt_rate
from GPT_SoVITS.training.options import GptOptions
from GPT_SoVITS.training.parameters import arrays, fill, halved, named
from GPT_SoVITS.training.processes import ALONE, Processes
from GPT_SoVITS.training.randomness import DropoutPools, Purpose, generator
from GPT_SoVITS.training.scaling import LossScaler
from GPT_SoVITS.training.trainer import StepResult

Array = np.ndarray[Any, np.dtype[Any]]
DROPOUT = 0.1
"""Everywhere, whatever the configuration says: the official code has it built in."""
ACCUMULATED = 4
"""The optimiser steps at every fourth batch of an epoch but the first."""
_NETWORK, _OPTIMISER, _SCALER = "network/", "optimiser/", "scaler/"


class GptTrainer:
    """See :class:`GPT_SoVITS.training.trainer.Trainer`.

    Args:
        weights: Published or fine-tuned weights to begin with.
        folder: Training folder.
        options: What the user chose.
        group: The processes that train together.

    Raises:
        DatasetError: nothing can be trained on.
        WeightsError: the weights do not fit.
    """

    stage = "s1"

    def __init__(self, weights: Weights, folder: Folder, options: GptOptions, group: Processes = ALONE) -> None:
        self._group = group
        self._options, self._folder, self._config = options, folder, copy.deepcopy(dict(weights.config))
        config = T2SConfig.from_official(weights.config)
        self._network = Text2SemanticDecoder(config)
        load_arrays(self._network, weights.arrays)
        self._recordings = GptRecordings(folder, config)
        wanted = options.batch_size // 2 if options.prefer else options.batch_size
        self._size = max(min(wanted, len(self._recordings) // 4), 1)
        self._order = GptOrder(self._recordings.seconds, self._size, group=group)
        self._scaler = LossScaler(options.precision)
        embedded, parameters = Embedded(self._network), named(self._network)
        rate = DROPOUT if options.dropout is None else options.dropout
        places = [(cell, rate) for _, cell in embedded.cells_and_names() if isinstance(cell, Dropout)]
        self._pools = DropoutPools(places, options.dropout_pool)
        self._optimiser = ScaledAdam(parameters)
        run = LayeredGradient(embedded, options.prefer, self._scaler.active)
        self._gradient = Gradients(run, self._scaler, group)
        self._batches: tuple[int, list[list[int]]] = (0, [])

    def _epoch(self, epoch: int) -> list[list[int]]:
        if self._batches[0] != epoch:
            self._batches = (epoch, self._order.batches(epoch - 1))
        return self._batches[1]

    def epoch_steps(self, epoch: int) -> int:
        """Return the batches of an epoch, the same for each."""
        return len(self._order)

    def _batch(self, position: Position) -> GptBatch:
        draw: Draw | None = None
        if self._options.prefer:
            random = generator(self._group.seed(self._options.seed), position.step, Purpose.REJECTED)
            draw = lambda low, high: int(random.integers(low, high))  # noqa: E731
        config = self._network.config
        examples = [self._recordings[i] for i in self._epoch(position.epoch)[position.index]]
        return collate(examples, config.eos, config.bert_dim, draw, self._options.fit, self._size)

    def step(self, position: Position) -> StepResult:
        """Accumulate the gradients of a batch, and step the optimiser when it is due; the norm is that of its steps."""
        self._pools.draw(self._group.seed(self._options.seed), position.step)
        batch = self._batch(position)
        outputs, gradients = self._gradient(*(to_tensor(array) for array in batch.inputs()))
        loss, entropy, preference, asked, right = self._group.mean([float(output.asnumpy()) for output in outputs])
        losses = {"total": loss, "cross_entropy": entropy}
        if self._options.prefer:
            losses["preference"] = preference
        self._scaler.checked(losses)
        self._optimiser.accumulate(gradients)
        # The official schedule goes on at steps that the scaler leaves out.
        rate, norm, overflowed = gpt_rate(self._optimiser.steps + self._scaler.skipped), None, False
        if position.index > 0 and position.index % ACCUMULATED == 0:
            norm = self._optimiser.step(rate, self._scaler.accepts)
            overflowed = self._scaler.update()
        losses["top_3_accuracy"] = right / max(asked, 1.0)
        return StepResult(losses, rate, norm, self._scaler.told(), overflowed)

    def settings(self) -> Mapping[str, Any]:
        """Return what a continued training must share."""
        return {
            "stage": self.stage,
            "recordings": len(self._recordings),
            "processes": self._group.size,
            "if_dpo": self._options.prefer,
            **self._options.shared(),
        }

    def state(self) -> dict[str, Array]:
        """Return weights and optimiser."""
        optimiser = {f"{_OPTIMISER}{key}": value for key, value in self._optimiser.state().items()}
        return arrays(self._network, _NETWORK) | optimiser | self._scaler.state(_SCALER)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what :meth:`state` returned."""
        fill(self._network, state, _NETWORK)
        own = {key.removeprefix(_OPTIMISER): value for key, value in state.items() if key.startswith(_OPTIMISER)}
        self._optimiser.restore(own)
        self._scaler.restore(state, _SCALER)

    def export(self, epoch: int, step: int) -> Path:
        """Write ``<name>-e<epoch>.ckpt`` as the official training does."""
        path = self._options.weights_dir / f"{self._options.name}-e{epoch}.ckpt"
        weight = halved(arrays(self._network, "model."))
        save({"weight": weight, "config": self._config, "info": f"GPT-e{epoch}"}, path)
        return path

    def sample(self) -> None:
        """Return nothing: tokens cannot be heard."""

    def skipped(self) -> Mapping[str, int]:
        """Return how many recordings are not trained on, by reason."""
        return self._folder.skipped.summary()

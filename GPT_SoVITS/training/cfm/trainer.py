"""Trains the flow-matching decoder of v3 and v4 as the official ``s2_train_v3_lora.py`` and ``s2_train_v3.py`` do."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import Tensor

from convert.torch_writer import HEADS, save
from convert.weights import Weights
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.embedding import position_rates
from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.training.cfm.batch import FlowStep, MelBatch, collate, draw
from GPT_SoVITS.training.cfm.layered import LayeredFlow
from GPT_SoVITS.training.cfm.lora import WRAPPED, adapt, is_half, official_name
from GPT_SoVITS.training.cfm.network import DECODER, Content, MelNetwork
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.data.mel import MelRecordings
from GPT_SoVITS.training.data.sampling import MEL_BOUNDARIES
from GPT_SoVITS.training.data.sovits import spectrogram_config
from GPT_SoVITS.training.gradients import Gradients
from GPT_SoVITS.training.half import arrange
from GPT_SoVITS.training.optim.adamw import AdamW, Group
from GPT_SoVITS.training.optim.norm import GradientNorm
from GPT_SoVITS.training.optim.schedules import EpochDecay
from GPT_SoVITS.training.optim.state import read, write
from GPT_SoVITS.training.options import MelOptions
from GPT_SoVITS.training.parameters import arrays, halved
from GPT_SoVITS.training.processes import ALONE, Processes
from GPT_SoVITS.training.randomness import DropoutPools, Purpose, generator
from GPT_SoVITS.training.samples import Sample
from GPT_SoVITS.training.scaling import LossScaler
from GPT_SoVITS.training.sovits.encoders import WITHOUT_GRADIENT
from GPT_SoVITS.training.trainer import StepResult

Array = np.ndarray[Any, np.dtype[Any]]
FROZEN = ("enc_p.", "ssl_proj.")
"""Beginnings of the parameters beside the decoder's that no training changes; a LoRA file leaves them out."""
_NETWORK, _OPTIMISER, _SCALER = "network", "optimiser/", "scaler/"


def fingerprint(weights: Mapping[str, Array]) -> int:
    """Return a number that tells sets of weights apart."""
    found = 0
    for key in sorted(weights):
        found = zlib.crc32(np.ascontiguousarray(weights[key]).data, zlib.crc32(key.encode(), found))
    return found


def lora_weights(network: MelNetwork) -> dict[str, Array]:
    """Return what an official LoRA file holds: the pairs, all that is not frozen, and a constant."""
    everything = arrays(network)
    kept = {key: value for key, value in everything.items() if not key.startswith((*FROZEN, DECODER))}
    kept[f"{WRAPPED}estimator.rotary_embed.inv_freq"] = position_rates(network.sizes.head_dim)
    return kept | {official_name(key): value for key, value in everything.items() if is_half(key)}


class MelTrainer:
    """See :class:`GPT_SoVITS.training.trainer.Trainer`.

    Args:
        weights: Published weights to begin with.
        folder: Training folder.
        options: What the user chose.
        group: The processes that train together.

    Raises:
        DatasetError: nothing can be trained on.
        WeightsError: weights do not fit.
        ConfigError, CfmConfigError: the configuration is not that of such a synthesizer.
    """

    stage = "s2"

    def __init__(self, weights: Weights, folder: Folder, options: MelOptions, group: Processes = ALONE) -> None:
        self._group = group
        self._options, self._folder = options, folder
        self._config = copy.deepcopy(dict(weights.config))
        self._sizes = CfmConfig.from_official(self._config)
        self._base = fingerprint(weights.arrays)
        self._network = MelNetwork(SovitsConfig.from_official(self._config), self._sizes)
        self._counters = self._network.load(weights.arrays)
        if options.lora_rank:
            drawn = generator(options.seed, 0, Purpose.LORA)
            adapt(self._network.cfm.estimator, options.lora_rank, drawn)
        self._scaler = LossScaler(options.precision)
        arrange(self._network, self._scaler.active, WITHOUT_GRADIENT)
        self._recordings = MelRecordings(folder, spectrogram_config(self._config), self._sizes)
        self._order = self._recordings.order(options.batch_size, MEL_BOUNDARIES, group)
        self._pools = DropoutPools(self._network.places_of_dropout(options.dropout), options.dropout_pool)
        train = self._config["train"]
        self._decay = EpochDecay(float(train["learning_rate"]), float(train["lr_decay"]))
        betas = float(train["betas"][0]), float(train["betas"][1])
        trained = self._network.trained(bool(options.lora_rank))
        self._names, self._parameters = [name for name, _ in trained], [each for _, each in trained]
        self._optimiser = AdamW([Group(trained)], betas, float(train["eps"]))
        self._content = compile_cell(Content(self._network))
        self._flow = LayeredFlow(self._network, options.lora_rank, self._scaler.active)
        self._gradient = Gradients(self._flow, self._scaler, group)
        self._norm = compile_cell(GradientNorm())
        self._batches: tuple[int, list[list[int]]] = (0, [])

    def epoch_steps(self, epoch: int) -> int:
        """Return the batches of an epoch, the same for each."""
        return len(self._order)

    def _batch(self, position: Position) -> MelBatch:
        if self._batches[0] != position.epoch:
            self._batches = (position.epoch, self._order.batches(position.epoch))
        clips = [self._recordings[i] for i in self._batches[1][position.index]]
        clips.sort(key=lambda clip: -clip.spectrogram.shape[1])
        return collate(clips, self._sizes, self._options.fit, self._options.fit)

    def step(self, position: Position) -> StepResult:
        """Learn one batch's velocity, that of the straight way or that of two short steps of the network itself."""
        seed, rate = self._group.seed(self._options.seed), self._decay.rate(position.epoch)
        batch = self._batch(position)
        self._pools.draw(seed, position.step)
        timbre, content = self._content(*map(to_tensor, batch.content_inputs()))
        prompts, noise = (generator(seed, position.step, purpose) for purpose in (Purpose.SLICE, Purpose.NOISE))
        flow = FlowStep(batch, draw(batch, prompts, noise), self._sizes)
        given = content, timbre, to_tensor(batch.places)
        target = flow.velocity
        if flow.short is not None:
            target = self._two_steps(flow, self._flow.condition(*given, to_tensor(batch.keys)), position)
        learning = flow.weights(), target, *flow.inputs()
        outputs, gradients = self._gradient(*given, *map(to_tensor, learning))
        losses = self._scaler.checked({"total": self._group.mean([float(outputs[0].asnumpy())])[0]})
        norm = float(self._norm(*gradients).asnumpy())
        if self._scaler.accepts(norm):
            self._optimiser.step(rate, gradients)
        overflowed = self._scaler.update()
        return StepResult(losses, rate, norm, self._scaler.told(), overflowed)

    def _two_steps(self, flow: FlowStep, condition: Tensor, position: Position) -> Array:
        """Return the mean velocity of two short steps, each with dropouts of its own."""
        halves: list[Array] = []
        seed = self._group.seed(self._options.seed)
        for number in (1, 2):
            self._pools.draw(seed, position.step, number)
            inputs = flow.first_half() if number == 1 else flow.second_half(halves[0])
            halves.append(self._flow.velocity(condition, *map(to_tensor, inputs)).asnumpy())
        self._pools.draw(seed, position.step)
        return np.asarray((halves[0] + halves[1]) / np.float32(2.0))

    def settings(self) -> Mapping[str, Any]:
        """Return what a continued training must share."""
        return {
            "stage": self.stage,
            "version": self._sizes.version,
            "lora_rank": self._options.lora_rank,
            "pretrained": self._base,
            "recordings": len(self._recordings),
            "processes": self._group.size,
            **self._options.shared(),
        }

    def state(self) -> dict[str, Array]:
        """Return what has been learnt, and the optimiser's state; everything else is in the published weights."""
        optimiser = {f"{_OPTIMISER}{key}": value for key, value in self._optimiser.state().items()}
        return read(_NETWORK, self._names, self._parameters) | optimiser | self._scaler.state(_SCALER)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what :meth:`state` returned."""
        write(_NETWORK, self._names, self._parameters, state)
        self._optimiser.restore({key.removeprefix(_OPTIMISER): value for key, value in state.items()})
        self._scaler.restore(state, _SCALER)

    def export(self, epoch: int, step: int) -> Path:
        """Write ``<name>_e<epoch>_s<step>_l<rank>.pth`` as ``savee`` does, or all weights where there is no LoRA."""
        rank, version = self._options.lora_rank, self._sizes.version
        suffix = f"_l{rank}" if rank else ""
        path = self._options.weights_dir / f"{self._options.name}_e{epoch}_s{step}{suffix}.pth"
        model = {key: value for key, value in self._config["model"].items() if key != "dit_depth"}
        learnt = lora_weights(self._network) if rank else arrays(self._network)
        content = {
            "weight": halved(learnt | self._counters),
            "config": self._config | {"model": model},
            "info": f"{epoch}epoch_{step}iteration",
        }
        save(content | ({"lora_rank": rank} if rank else {}), path, HEADS[version] if rank else b"PK")
        return path

    def sample(self) -> Sample | None:
        """Return None: a step makes no sound."""
        return None

    def skipped(self) -> Mapping[str, int]:
        """Return how many recordings are not trained on, by reason."""
        return self._folder.skipped.summary()

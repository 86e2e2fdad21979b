"""Trains a synthesizer against its discriminators as the official ``s2_train.py`` does."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from convert.torch_writer import HEADS, save
from convert.weights import Weights
from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.data.sampling import BOUNDARIES
from GPT_SoVITS.training.data.sovits import SovitsRecordings, spectrogram_config
from GPT_SoVITS.training.gradients import Gradients, whole_graph
from GPT_SoVITS.training.optim.adamw import AdamW, Group
from GPT_SoVITS.training.optim.norm import GradientNorm
from GPT_SoVITS.training.optim.schedules import EpochDecay
from GPT_SoVITS.training.options import SovitsOptions
from GPT_SoVITS.training.parameters import arrays, fill, halved, named
from GPT_SoVITS.training.processes import ALONE, Processes
from GPT_SoVITS.training.randomness import DropoutPools, Purpose, generator
from GPT_SoVITS.training.samples import Sample
from GPT_SoVITS.training.scaling import LossScaler
from GPT_SoVITS.training.sovits.batch import SovitsBatch, collate
from GPT_SoVITS.training.sovits.discriminator import width_of
from GPT_SoVITS.training.sovits.loading import build
from GPT_SoVITS.training.sovits.losses import DiscriminatorLoss, GeneratorLoss
from GPT_SoVITS.training.sovits.synthesizer import Synthesizer
from GPT_SoVITS.training.trainer import StepResult

Array = np.ndarray[Any, np.dtype[Any]]
SLOW = ("enc_p.text_embedding.", "enc_p.encoder_text.", "enc_p.mrte.")
"""Beginnings of the parameters that ``text_low_lr_rate`` is for, a group each."""
_SCALER = "scaler/"
_PARTS = ("synthesizer/", "discriminators/", "synthesizer_optimiser/", "discriminators_optimiser/")


class Audio(nn.Cell):
    """The slices' audio alone; the graph leaves out what only losses need."""

    def __init__(self, synthesizer: Synthesizer) -> None:
        super().__init__()
        self.synthesizer = synthesizer

    def construct(self, *inputs: Tensor) -> Tensor:
        return self.synthesizer(*inputs)[0]


def groups(parameters: Sequence[tuple[str, ms.Parameter]], slow: float) -> list[Group]:
    """Return the optimiser's groups in the official order: everything else, then the three slow parts."""
    usual = [(name, p) for name, p in parameters if not name.startswith(SLOW)]
    parts = [[(name, p) for name, p in parameters if name.startswith(prefix)] for prefix in SLOW]
    return [Group(usual), *(Group(part, slow) for part in parts)]


class SovitsTrainer:
    """See :class:`GPT_SoVITS.training.trainer.Trainer`.

    Args:
        weights: Published weights to begin with, posterior encoder included.
        discriminators: Published weights of the discriminators, official key to array.
        folder: Training folder.
        options: What the user chose.
        group: The processes that train together.

    Raises:
        DatasetError: nothing can be trained on.
        WeightsError: weights do not fit.
        ConfigError: the configuration is not that of such a synthesizer.
    """

    stage = "s2"

    def __init__(
        self,
        weights: Weights,
        discriminators: Mapping[str, Array],
        folder: Folder,
        options: SovitsOptions,
        group: Processes = ALONE,
    ) -> None:
        self._group = group
        self._options, self._folder, self._config = options, folder, copy.deepcopy(dict(weights.config))
        if options.dropout is not None:
            self._config["model"]["p_dropout"] = options.dropout
        train = self._config["train"]
        self._scaler = LossScaler(options.precision)
        networks = build(self._config, width_of(discriminators), self._scaler.active)
        self._synthesizer, self._discriminators = networks
        self._counters = self._synthesizer.load(weights.arrays)
        self._discriminators.load(discriminators)
        self._spectrogram = spectrogram_config(self._config)
        self._recordings = SovitsRecordings(folder, self._spectrogram, self._synthesizer.is_pro)
        self._order = self._recordings.order(options.batch_size, BOUNDARIES, group)
        self._pools = DropoutPools(self._synthesizer.places_of_dropout(options.dropout), options.dropout_pool)
        self._decay = EpochDecay(float(train["learning_rate"]), float(train["lr_decay"]))
        betas, epsilon = (float(train["betas"][0]), float(train["betas"][1])), float(train["eps"])
        judged = [(name, p) for name, p in named(self._discriminators)]
        self._optimiser = AdamW(groups(self._synthesizer.trained(), options.text_low_lr_rate), betas, epsilon)
        self._judging_optimiser = AdamW([Group(judged)], betas, epsilon)
        self._audio = compile_cell(Audio(self._synthesizer))
        loss = GeneratorLoss(
            self._synthesizer,
            self._discriminators,
            self._spectrogram,
            mel_weight=float(train["c_mel"]),
            kl_weight=float(train["c_kl"]),
        )
        self._gradient = Gradients(whole_graph(loss, self._optimiser.parameters, self._scaler), self._scaler, group)
        judging_loss = DiscriminatorLoss(self._discriminators)
        judging = whole_graph(judging_loss, self._judging_optimiser.parameters, self._scaler)
        self._judging_gradient = Gradients(judging, self._scaler, group)
        self._norm = compile_cell(GradientNorm())
        self._sample: Sample | None = None
        self._batches: tuple[int, list[list[int]]] = (0, [])

    def epoch_steps(self, epoch: int) -> int:
        """Return the batches of an epoch, the same for each."""
        return len(self._order)

    def _batch(self, position: Position) -> SovitsBatch:
        if self._batches[0] != position.epoch:
            self._batches = (position.epoch, self._order.batches(position.epoch))
        clips = [self._recordings[i] for i in self._batches[1][position.index]]
        clips.sort(key=lambda clip: -clip.spectrogram.shape[1])
        seed = self._group.seed(self._options.seed)
        slices, noise = (generator(seed, position.step, purpose) for purpose in (Purpose.SLICE, Purpose.NOISE))
        return collate(
            clips,
            self._synthesizer.sizes.segment_frames,
            self._spectrogram,
            lambda shape: noise.standard_normal(shape, np.float32),
            slices.random(len(clips), np.float32),
            self._synthesizer.config.inter_channels,
            self._options.fit,
            self._options.fit,
        )

    def _judge(self, inputs: Sequence[Tensor], rate: float) -> float:
        """Step the discriminators; return their loss. Their gradients are gone before the synthesizer's come."""
        judged, gradients = self._judging_gradient(inputs[-2], self._audio(*inputs[:-2]))
        (loss,) = self._group.mean([float(judged[0].asnumpy())])
        self._scaler.checked({"discriminators": loss})
        self._advance(self._judging_optimiser, rate, gradients)
        return loss

    def step(self, position: Position) -> StepResult:
        """Step the discriminators, then the synthesizer against what they have become."""
        self._pools.draw(self._group.seed(self._options.seed), position.step)
        batch, rate = self._batch(position), self._decay.rate(position.epoch)
        inputs = [to_tensor(array) for array in batch.inputs()]
        losses = {"discriminators": self._judge(inputs, rate)}
        outputs, gradients = self._gradient(*inputs)
        names = ("total", "adversarial", "feature", "mel", "kl")
        values = self._group.mean([float(output.asnumpy()) for output in outputs[:5]])
        losses |= dict(zip(names, values, strict=True))
        self._scaler.checked(losses)
        norm = self._advance(self._optimiser, rate, gradients)
        overflowed = self._scaler.update()
        self._sample = Sample(
            real=batch.wave[0, 0],
            generated=np.array(outputs[5].asnumpy()[0, 0]),
            real_mel=batch.mel[0],
            generated_mel=np.array(outputs[6].asnumpy()[0]),
            sample_rate=self._spectrogram.sample_rate,
        )
        return StepResult(losses, rate, norm, self._scaler.told(), overflowed)

    def _advance(self, optimiser: AdamW, rate: float, gradients: Sequence[Tensor]) -> float:
        """Step an optimiser unless the gradients are beyond float16; return their norm."""
        norm = float(self._norm(*gradients).asnumpy())
        if self._scaler.accepts(norm):
            optimiser.step(rate, gradients)
        return norm

    def settings(self) -> Mapping[str, Any]:
        """Return what a continued training must share."""
        return {
            "stage": self.stage,
            "version": self._synthesizer.config.version,
            "recordings": len(self._recordings),
            "processes": self._group.size,
            "text_low_lr_rate": self._options.text_low_lr_rate,
            **self._options.shared(),
        }

    def _states(self) -> tuple[dict[str, Array], ...]:
        networks = (arrays(self._synthesizer), arrays(self._discriminators))
        return (*networks, self._optimiser.state(), self._judging_optimiser.state())

    def state(self) -> dict[str, Array]:
        """Return weights and optimisers of both networks."""
        return {
            f"{prefix}{key}": value
            for prefix, own in zip(_PARTS, self._states(), strict=True)
            for key, value in own.items()
        } | self._scaler.state(_SCALER)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what :meth:`state` returned."""
        fill(self._synthesizer, state, _PARTS[0])
        fill(self._discriminators, state, _PARTS[1])
        for prefix, optimiser in ((_PARTS[2], self._optimiser), (_PARTS[3], self._judging_optimiser)):
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            optimiser.restore(own)
        self._scaler.restore(state, _SCALER)

    def export(self, epoch: int, step: int) -> Path:
        """Write ``<name>_e<epoch>_s<step>.pth`` as ``savee`` does: no posterior encoder, the version in the head."""
        version = self._synthesizer.config.version
        path = self._options.weights_dir / f"{self._options.name}_e{epoch}_s{step}.pth"
        weight = {k: v for k, v in arrays(self._synthesizer).items() if not k.startswith("enc_q.")} | self._counters
        content = {"weight": halved(weight), "config": self._config, "info": f"{epoch}epoch_{step}iteration"}
        save(content, path, HEADS.get(version, b"PK"))
        return path

    def sample(self) -> Sample | None:
        """Return the first slice of the last step."""
        return self._sample

    def skipped(self) -> Mapping[str, int]:
        """Return how many recordings are not trained on, by reason."""
        return self._folder.skipped.summary()

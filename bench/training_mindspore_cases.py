"""Training steps in MindSpore: the graphs that training runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt
from mindspore import Tensor, nn, ops

from bench import training_inputs as given
from GPT_SoVITS import backend
from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.layers.memory import give_memory_back
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weight_norm import NormedConv1d
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.training.gpt.layered import LayeredGradient
from GPT_SoVITS.training.gpt.losses import Embedded
from GPT_SoVITS.training.kernels import use_native_kernels
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.sovits.discriminator import Discriminators
from GPT_SoVITS.training.sovits.losses import DiscriminatorLoss, feature_loss, generator_loss
from GPT_SoVITS.training.sovits.upsampling import NormedUpsample
from tests.parity.weights import load_config

Run = Callable[[], list[npt.NDArray[Any]]]


def set_threads(count: int) -> None:
    """Threads come from OMP_NUM_THREADS, which the parent sets; here only the device is chosen."""
    backend.configure("CPU")


def processor_seconds() -> float:
    """What computing took. The calling thread is left out: it only waits, in a loop that gives the processor away."""
    return time.process_time() - time.thread_time()


def _gpt(fixtures: str, small: bool) -> Run:
    """Loss and gradients of the decoder, without dropout and optimiser."""
    config, arrays = given.decoder(Path(fixtures) / "t2s_v2", small)
    decoder = Text2SemanticDecoder(T2SConfig.from_official(config))
    load_arrays(decoder, arrays)
    del arrays  # as training does, which begins with copies of the published weights
    give_memory_back()
    batch = given.gpt_batch(decoder.config.eos, decoder.config.bert_dim)
    step = LayeredGradient(Embedded(decoder), prefer=False, half=False)
    inputs = [to_tensor(array) for array in batch.inputs()]

    def run() -> list[npt.NDArray[Any]]:
        outputs, gradients = step(*inputs)
        return [outputs[0].asnumpy(), gradients[0].asnumpy()]

    return run


class _Fooling(nn.Cell):  # type: ignore[misc]
    """The generator's part of a step: audio, and how far it is from fooling the discriminators."""

    def __init__(self, generator: Generator, discriminators: Discriminators) -> None:
        super().__init__()
        self.generator, self.discriminators = generator, discriminators

    def construct(self, frames: Tensor, condition: Tensor, wave: Tensor) -> tuple[Tensor, Tensor]:
        audio = self.generator(frames, condition)
        _, real = self.discriminators(wave)
        judgements, generated = self.discriminators(audio)
        loss = generator_loss(judgements) + feature_loss(real, generated) + ops.abs(audio - wave).mean()
        return loss, audio


def _gan(fixtures: str, small: bool) -> Run:
    """Audio, the discriminators' gradients, and the generator's: what a step of S2 spends most of its time on."""
    config = SovitsConfig.from_official(load_config(Path(fixtures) / "s2_v2")).generator
    generator, discriminators = Generator(config, NormedConv1d, NormedUpsample), Discriminators("v2")
    for network in (generator, discriminators):
        shapes = {name: tuple(parameter.shape) for name, parameter in named(network)}
        load_arrays(network, given.weights(shapes))
        use_native_kernels(network)
    arrays = given.slices(config.input_channels, config.condition_channels, small)
    frames, condition, wave = (to_tensor(array) for array in arrays)
    speak = compile_cell(generator)
    judge = compile_gradient(DiscriminatorLoss(discriminators), [p for _, p in named(discriminators)])
    fool = compile_gradient(_Fooling(generator, discriminators), [p for _, p in named(generator)])

    def run() -> list[npt.NDArray[Any]]:
        audio = speak(frames, condition)
        judged, others = judge(wave, audio)
        loss, first = judged[0].asnumpy(), others[0].asnumpy()
        del judged, others  # in training the optimiser has had them by now
        outputs, gradients = fool(frames, condition, wave)
        return [loss, outputs[0].asnumpy(), first, gradients[0].asnumpy()]

    return run


CASES: dict[str, Callable[[str], Run]] = {
    "gpt": partial(_gpt, small=False),
    "gan": partial(_gan, small=False),
    "gpt_small": partial(_gpt, small=True),
    "gan_small": partial(_gan, small=True),
}

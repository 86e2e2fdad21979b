"""A synthesizer small enough to compile in seconds, with random weights under official names."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.graphs import GraphEncoders
from GPT_SoVITS.sovits.network import SynthesizerNetwork

Array = np.ndarray[Any, np.dtype[Any]]

GENERATOR = GeneratorConfig(
    input_channels=8,
    initial_channels=16,
    upsample_rates=(5, 2),
    upsample_kernel_sizes=(11, 2),
    resblock_kernel_sizes=(3, 5),
    resblock_dilation_sizes=((1, 2), (1, 3)),
    condition_channels=12,
)
SMALL = SovitsConfig(
    version="v2",
    inter_channels=8,
    hidden_channels=8,
    filter_channels=16,
    n_heads=2,
    n_layers=2,
    kernel_size=3,
    gin_channels=12,
    codes_per_second=25,
    phoneme_count=20,
    reference_bins=10,
    sampling_rate=500,
    generator=GENERATOR,
    ssl_dim=6,
    codebook_size=15,
    style_hidden=8,
    mrte_hidden=12,
    mrte_heads=4,
    flow_count=2,
    flow_layers=2,
    speaker_embedding_dim=9,
)
SMALL_PRO = replace(SMALL, version="v2Pro", mrte_hidden=8)
PADDED = Buckets(codes=(16,), phonemes=(16,), frames=(40,), reference=(32,), features=(40,), windows=(32, 40))


def random_arrays(config: SovitsConfig, seed: int = 0) -> dict[str, Array]:
    """Return weights of moderate size for every parameter, in official shapes."""
    rng = np.random.default_rng(seed)
    shapes = {name: tuple(p.shape) for name, p in SynthesizerNetwork(config).parameters_and_names()}
    inputs = config.generator.initial_channels
    for stage, kernel in enumerate(config.generator.upsample_kernel_sizes):
        outputs = config.generator.channels(stage)
        shapes[f"dec.ups.{stage}.weight"] = (inputs, outputs, kernel)
        inputs = outputs
    return {name: (rng.standard_normal(shape) * _spread(shape)).astype(np.float32) for name, shape in shapes.items()}


def _spread(shape: tuple[int, ...]) -> float:
    return 1.0 / float(np.sqrt(np.prod(shape[1:]))) if len(shape) > 1 else 0.3


def encoder_arrays(config: SovitsConfig) -> dict[str, Array]:
    """Those of :func:`random_arrays` that are not the generator's."""
    return {key: array for key, array in random_arrays(config).items() if not key.startswith("dec.")}


@cache
def compiled_encoders(config: SovitsConfig) -> GraphEncoders:
    """The steps before the generator as graphs of padded lengths, which all tests of a process share."""
    return GraphEncoders(config, encoder_arrays(config), PADDED, np.float32)

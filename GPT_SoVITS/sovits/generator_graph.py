"""The generator as a compiled graph: what runs it on Ascend, and without native code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.layers.parameters import held_bytes, load_arrays
from GPT_SoVITS.sovits.config import GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.sovits.network import arrange

Array = np.ndarray[Any, np.dtype[Any]]


class GeneratorGraph:
    """The portable runner, compiled per window length; see :class:`GPT_SoVITS.sovits.vocoder.FramesToAudio`."""

    def __init__(self, generator: Generator) -> None:
        self.nbytes = held_bytes(generator)
        self._graph = compiled.compile_cell(generator)

    @classmethod
    def from_arrays(
        cls, config: SovitsConfig, arrays: Mapping[str, Array], prefix: str, dtype: type = np.float32
    ) -> GeneratorGraph:
        """Build the generator and load its weights.

        Args:
            config: Sizes of the synthesizer.
            arrays: Its arrays under official names, weight norm folded.
            prefix: What the names of the generator's begin with.
            dtype: numpy float type of weights and computation.

        Raises:
            WeightsError: the arrays do not fit the sizes.
        """
        return cls.from_generator(config.generator, arrays, prefix, dtype)

    @classmethod
    def from_generator(
        cls, config: GeneratorConfig, arrays: Mapping[str, Array], prefix: str, dtype: type = np.float32
    ) -> GeneratorGraph:
        """The same from the sizes of the generator alone."""
        generator = Generator(config)
        arranged = arrange(config, {key: value for key, value in arrays.items() if key.startswith(prefix)}, prefix)
        load_arrays(generator, {key.removeprefix(prefix): value for key, value in arranged.items()}, dtype)
        return cls(generator)

    def __call__(self, frames: Array, condition: Array, mask: Array | None = None) -> Array:
        """Frames (1, C, T), condition (1, gin, 1), optional mask (1, 1, T) -> (1, 1, samples)."""
        inputs = [frames, condition] if mask is None else [frames, condition, mask]
        audio: Array = self._graph(*(compiled.to_tensor(array) for array in inputs)).asnumpy()
        return audio

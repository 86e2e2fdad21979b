"""Raises a wave's rate and fills in what the lower rate could not hold (``tools/audio_sr.py``)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.bandwidth.network import BandwidthNetwork, network_matrices, shapes
from GPT_SoVITS.bandwidth.spectrum import analyse, synthesise
from GPT_SoVITS.features.resample import resample
from GPT_SoVITS.layers.weights import check_shapes
from GPT_SoVITS.sovits.encoders import hold

Array = np.ndarray[Any, np.dtype[Any]]
WINDOW = 600
"""Frames (a second) that are computed at a time."""


class BandwidthExtension:
    """See :meth:`parts`. Runs on the host on every machine.

    Args:
        config: Sizes.
        arrays: Official arrays.
        threads: Of products; 0 for as many as the process may use.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """

    def __init__(self, config: BandwidthConfig, arrays: Mapping[str, Array], threads: int = 0) -> None:
        check_shapes("the bandwidth extension", shapes(config), arrays)
        self.config = config
        self.network = BandwidthNetwork(config, arrays, hold(network_matrices(arrays), "fp32", threads))

    @property
    def rate(self) -> int:
        """Hz of what comes out."""
        return self.config.rate

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return self.network.nbytes

    def parts(self, wave: Array, rate: int) -> Generator[None, None, Array]:
        """Raise a wave (n,) of ``rate`` Hz to :attr:`rate`, the generator's value, yielding between parts of the work.

        The result has as many samples as the raised wave: what the last incomplete hop lacks is silent.
        """
        raised = resample(np.asarray(wave, np.float32), rate, self.rate)
        amplitude, phase = analyse(raised, self.config)
        found = []
        for start in range(0, len(amplitude), WINDOW):
            stop, halo = min(start + WINDOW, len(amplitude)), self.config.halo
            first, last = max(start - halo, 0), min(stop + halo, len(amplitude))
            own = slice(start - first, stop - first)
            found.append([part[own] for part in self.network(amplitude[first:last], phase[first:last])])
            yield
        wide, turned = (np.concatenate(parts) for parts in zip(*found, strict=True))
        audio = synthesise(wide, turned, self.config)[: len(raised)]
        return np.pad(audio, (0, len(raised) - len(audio)))

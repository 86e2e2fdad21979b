"""``ap_bwe_24kto48k``: what raises v3 to 48 kHz, small.

Recorded by running ``amp_pha_stft``, ``APNet_BWE_Model`` and ``amp_pha_istft`` (``tools/AP_BWE_main``, commit 48b1a01)
one after the other on a wave with noise in all bins: phases of bins without sound are rounding noise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.bandwidth.extension import BandwidthExtension
from GPT_SoVITS.bandwidth.spectrum import analyse, synthesise
from tests.parity.report import Report
from tests.parity.weights import load_config, load_io, network_arrays

FOLDERS = r"ap_bwe_24kto48k"
SPECTRUM, TURNED = 2e-4, 1e-3
"""Largest difference of log amplitudes, and of points on the circle; seen: 2e-5, 1.3e-4."""


def run(folder: Path, report: Report) -> None:
    """Compare every array; phases as points on the circle, where -pi and pi are one."""
    io, config = load_io(folder), BandwidthConfig.from_official(load_config(folder))
    report.inputs(["wave"])
    found = BandwidthExtension(config, network_arrays("ap_bwe", folder / "manifest.json"))
    amplitude, phase = analyse(io["wave"], config)
    report.close("amplitude", amplitude.T, io["amplitude"], SPECTRUM)
    _close(report, "phase", phase.T, io["phase"])
    wide, turned = found.network(io["amplitude"].T, io["phase"].T)
    report.close("amplitude_wide", wide.T, io["amplitude_wide"], SPECTRUM)
    _close(report, "phase_wide", turned.T, io["phase_wide"])
    report.close("audio", synthesise(wide, turned, config), io["audio"], 1e-5)


def _close(report: Report, name: str, phase: Any, expected: Any) -> None:
    points, recorded = (np.stack([np.cos(angles), np.sin(angles)]) for angles in (phase, expected))
    report.close(name, points, recorded, TURNED)

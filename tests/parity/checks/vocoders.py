"""``bigvgan_v2_24khz_100band_256x``, ``hifigan_v4_48khz``: the vocoders of v3 and v4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.sovits import reference_generator
from GPT_SoVITS.vocoders import reference_bigvgan
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.filters import low_pass
from tests.parity.implementations import GRAPH, HOST, NATIVE
from tests.parity.report import Report
from tests.parity.weights import Arrays, load_config, load_io, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]
FOLDERS = r"(bigvgan|hifigan)_\w+"
IMPLEMENTATIONS = (NATIVE, HOST, GRAPH)
CHANNELS = 64
"""Of the first residual block, in the fixture."""


def run(folder: Path, report: Report) -> None:
    """Compare every array of the folder within 1e-4."""
    io = load_io(folder)
    report.inputs(["mel"])
    if folder.name.startswith("bigvgan"):
        _bigvgan(folder, io, report)
    else:
        _hifigan(folder, io, report)


def _hifigan(folder: Path, io: Arrays, report: Report) -> None:
    arrays = network_arrays("hifigan", folder / "manifest.json")
    config = HifiGanConfig.from_official(load_config(folder))
    if report.implementation is HOST:
        audio = reference_generator.generate(config.generator, arrays, io["mel"][0], np.zeros(1, np.float32))
        first = reference_generator.convolve(io["mel"][0], arrays, "conv_pre")
        report.close("conv_pre", first[None], io["conv_pre"])
    else:
        form = "native" if report.implementation is NATIVE else "jit"
        audio = choose_hifigan(config, arrays, form)(io["mel"][0])
    report.close("audio", audio[None, None], io["audio"])


def _bigvgan(folder: Path, io: Arrays, report: Report) -> None:
    arrays = network_arrays("bigvgan", folder / "manifest.json")
    config = BigVganConfig.from_official(load_config(folder))
    for name in ("filter_up", "filter_down"):
        report.close(name, low_pass()[None, None], io[name])
    if report.implementation is HOST:
        last, audio = reference_bigvgan.stages(config, arrays, io["mel"][0])
        report.close("act_post", last[None], io["act_post"])
    else:
        form = "native" if report.implementation is NATIVE else "jit"
        audio = choose_bigvgan(config, arrays, form)(io["mel"][0])
    report.close("audio", audio[None, None], io["audio"])
    if report.implementation is GRAPH:
        _bigvgan_steps(config, arrays, io, report)


def _bigvgan_steps(config: BigVganConfig, arrays: Arrays, io: Arrays, report: Report) -> None:
    """The intermediate results that callers have no use for."""
    from GPT_SoVITS.compiled import compile_cell, to_tensor
    from GPT_SoVITS.layers.parameters import load_arrays
    from GPT_SoVITS.vocoders.bigvgan_cells import BigVgan, arrange

    network = BigVgan(config)
    load_arrays(network, arrange(config, arrays))
    first = compile_cell(network.conv_pre)(to_tensor(io["mel"]))
    raised = compile_cell(network.ups[0][0])(first)
    block = compile_cell(network.resblocks[0])(raised)
    report.close("conv_pre", first.asnumpy(), io["conv_pre"])
    report.close("ups0", raised.asnumpy(), io["ups0"])
    report.close("resblock0_first64", block.asnumpy()[:, :CHANNELS], io["resblock0_first64"])

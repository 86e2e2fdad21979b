"""Process environment that has to be right before MindSpore is imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ONEDNN_ISA = "ONEDNN_MAX_CPU_ISA"
OURS = "GPT_SOVITS_ONEDNN_ISA_CHOSEN"
"""Set where the instruction set is our choice and not the user's, for this process and those it starts."""


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return the instruction-set flags of the first processor, empty where the system does not say."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def prepare() -> None:
    """Choose oneDNN's instruction set unless the user chose one.

    The oneDNN inside MindSpore falls back to its reference convolution, 150-250 times slower, on processors with
    AVX-512; limited to AVX2 it uses its fast kernels.
    """
    if "avx512f" in cpu_flags() and ONEDNN_ISA not in os.environ:
        os.environ.update({ONEDNN_ISA: "AVX2", OURS: "1"})


def prepare_without_convolutions() -> None:
    """Take the limit of :func:`prepare` back where oneDNN will compute products only, before MindSpore is imported.

    Products with AVX-512 are 1.6 times faster (1024 x 512 x 2048, Intel Sapphire Rapids, one thread: 105 against 65
    GFLOP/s). A user's choice is kept.
    """
    if OURS in os.environ and "mindspore" not in sys.modules:
        os.environ[ONEDNN_ISA] = "DEFAULT"

"""Process environment that has to be right before MindSpore is imported."""

from __future__ import annotations

import os
from pathlib import Path

ONEDNN_ISA = "ONEDNN_MAX_CPU_ISA"


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
    AVX-512; limited to AVX2 it uses its fast kernels and matrix products lose nothing.
    """
    if "avx512f" in cpu_flags():
        os.environ.setdefault(ONEDNN_ISA, "AVX2")

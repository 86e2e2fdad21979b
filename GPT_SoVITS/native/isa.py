"""The instruction sets that the kernels are compiled for, and which of them a processor has."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from GPT_SoVITS._environment import cpu_flags as cpu_flags  # also for those who may not import it from there

CHOSEN = "GPT_SOVITS_NATIVE_ISA"
"""Environment variable: the instruction set to use instead of the best one, or ``none`` for no native code."""


@dataclass(frozen=True)
class InstructionSet:
    """One level of a processor family; every level gets a library of its own.

    Attributes:
        name: Part of the library's file name, and what the variable above names.
        machine: ``x86_64`` or ``aarch64``.
        needs: Flags of ``/proc/cpuinfo`` that a processor must have.
        flags: Options for g++ and clang++.
        zig_cpu: The same level for ``zig c++``, which otherwise compiles for the machine it runs on.
    """

    name: str
    machine: str
    needs: frozenset[str]
    flags: tuple[str, ...]
    zig_cpu: str


_AVX2 = ("avx2", "fma", "f16c")
_AVX512 = ("avx512f", "avx512bw", "avx512dq", "avx512vl")
_AVX512_DOT = ("avx512_vnni", "avx512_bf16")
_AVX2_FLAGS = ("-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2")
_AVX512_FLAGS = (*_AVX2_FLAGS, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512")

# Best first within a family.
INSTRUCTION_SETS = (
    InstructionSet(
        "avx512dot", "x86_64", frozenset((*_AVX2, *_AVX512, *_AVX512_DOT)),
        (*_AVX512_FLAGS, "-mavx512vnni", "-mavx512bf16"), "x86_64_v4+avx512vnni+avx512bf16",
    ),
    InstructionSet("avx512", "x86_64", frozenset((*_AVX2, *_AVX512)), _AVX512_FLAGS, "x86_64_v4"),
    InstructionSet("avx2", "x86_64", frozenset(_AVX2), _AVX2_FLAGS, "x86_64_v3"),
    InstructionSet("neon", "aarch64", frozenset(), (), "generic"),
)  # fmt: skip


def machine() -> str:
    """Return the processor family as the table above names it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def of_machine(family: str) -> tuple[InstructionSet, ...]:
    """Return every level of a processor family, best first."""
    return tuple(level for level in INSTRUCTION_SETS if level.machine == family)


def usable() -> tuple[InstructionSet, ...]:
    """Return the levels that this processor has, best first."""
    flags = cpu_flags()
    return tuple(level for level in of_machine(machine()) if level.needs <= flags)


def chosen() -> tuple[InstructionSet | None, str]:
    """Return the level to use, or None and the reason in words."""
    wanted = os.environ.get(CHOSEN, "").strip().lower()
    if wanted in ("none", "0", "off"):
        return None, f"switched off by {CHOSEN}={wanted}"
    levels = usable()
    if not levels:
        known = ", ".join(level.name for level in INSTRUCTION_SETS)
        return None, f"this processor ({machine()}) has none of the instruction sets {known}"
    if not wanted:
        return levels[0], ""
    for level in levels:
        if level.name == wanted:
            return level, ""
    return None, f"{CHOSEN}={wanted}, but this processor has {', '.join(level.name for level in levels)}"

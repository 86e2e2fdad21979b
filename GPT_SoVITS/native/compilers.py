"""C++ compilers: the one in ``CXX``, g++, clang++, and zig's from PyPI where a machine has none."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache

from GPT_SoVITS import _commands
from GPT_SoVITS.native.isa import InstructionSet, machine

COMMON_FLAGS = (
    "-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-fvisibility-inlines-hidden", "-fno-math-errno",
    # Results must not depend on where a compiler chose to fuse: kernels ask for fused operations by name.
    "-ffp-contract=off", "-pthread",
)  # fmt: skip
LINK_FLAGS = ("-shared", "-pthread")


@dataclass(frozen=True)
class Compiler:
    """A compiler that answered.

    Attributes:
        command: How it is called.
        version: First line of what ``--version`` says; part of the stamp of what it built.
        is_zig: Whether it takes zig's options for the target.
    """

    command: tuple[str, ...]
    version: str
    is_zig: bool = False

    def flags(self, level: InstructionSet) -> tuple[str, ...]:
        """Return the options for compiling and linking at an instruction set."""
        if self.is_zig:
            # An old glibc, so that what is built here also runs elsewhere.
            return ("-target", f"{level.machine}-linux-gnu.2.28", f"-mcpu={level.zig_cpu}")
        return level.flags


def _ask(command: tuple[str, ...]) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603  (compilers of this machine; CXX is the user's own)
            [*command, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.splitlines()
    return lines[0].strip() if answer.returncode == 0 and lines else None


def _candidates(family: str) -> list[tuple[str, ...]]:
    given = os.environ.get("CXX", "").strip()
    found: list[tuple[str, ...]] = [tuple(shlex.split(given))] if given else []
    names = ("g++", "clang++", "c++") if family == machine() else (f"{family}-linux-gnu-g++",)
    return found + [(path,) for name in names if (path := shutil.which(name))]


def _is_zig(command: tuple[str, ...]) -> bool:
    """Say so for ``zig c++`` as for ``python -m ziglang c++``: its version names clang only."""
    return any(os.path.basename(part) in ("zig", "ziglang") for part in command)  # noqa: PTH119


@lru_cache(maxsize=4)
def find_compiler(family: str) -> Compiler | None:
    """Return the first compiler that works for a processor family, None where there is none."""
    for command in _candidates(family):
        version = _ask(command)
        if version is not None:
            return Compiler(command, version, _is_zig(command))
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "c++")
        version = _ask(command)
        if version is not None:
            return Compiler(command, version, is_zig=True)
    return None


HOW_TO_GET_ONE = f"install g++ (apt-get install g++), or run {_commands.pip_install('-e', '.[native-compiler]')}"

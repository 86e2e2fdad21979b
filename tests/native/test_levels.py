"""Every instruction set computes the same: the driver's results over a library of each, side by side.

The libraries that this machine would not use are compiled here without much optimisation, which changes no result (no
fused operations but those asked for by name), and run by an emulator where the processor is another.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from GPT_SoVITS.native import isa
from GPT_SoVITS.native.build import build, find_library
from GPT_SoVITS.native.compilers import find_compiler
from GPT_SoVITS.native.library import load

DRIVER = Path(__file__).parent / "driver" / "kernels.cpp"
EMULATOR, CROSS_COMPILER = "qemu-aarch64", "aarch64-linux-gnu-g++"
CROSS_ROOT = Path("/usr/aarch64-linux-gnu")
TOLERANCE = {"0": 2e-6, "1": 5e-5, "2": 1e-3}
"""Largest difference relative to the largest number, by precision: fp32, fp16, int8 (which round what they store)."""

Results = dict[str, list[npt.NDArray[Any]]]

pytestmark = pytest.mark.skipif(load().handle is None, reason=load().reason or "native")


def level_named(name: str) -> isa.InstructionSet:
    return next(level for level in isa.INSTRUCTION_SETS if level.name == name)


def results(driver: Path, library: Path, emulator: tuple[str, ...] = ()) -> Results:
    """What the driver prints, by kernel and precision."""
    command = [*emulator, str(driver), str(library)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout[-300:], done.stderr[-300:])
    found: Results = {}
    for line in done.stdout.splitlines()[1:]:
        name, *numbers = line.split()
        found.setdefault(name, []).append(np.array(numbers, np.float64))
    return found


def compiled_driver(folder: Path, family: str) -> Path:
    compiler = find_compiler(family)
    assert compiler is not None
    program = folder / f"kernels-{family}"
    options = ["-std=c++17", "-O1", str(DRIVER), "-ldl", "-o", str(program)]
    subprocess.run([*compiler.command, *options], check=True, timeout=120)
    return program


def library_of(level: isa.InstructionSet, folder: Path) -> Path:
    """The built one, else one compiled in a few seconds."""
    return find_library(level) or build(replace(level, flags=(*level.flags, "-O1")), place=folder).path


def assert_close(found: Results, expected: Results) -> None:
    assert found.keys() == expected.keys()
    for name, arrays in expected.items():
        for one, other in zip(found[name], arrays, strict=True):
            assert np.isfinite(one).all() and np.abs(other).max() > 0.1
            difference = np.abs(one - other).max() / np.abs(other).max()
            assert difference <= TOLERANCE[name[-1]], f"{name} differs by {difference:.1e}"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Results]:
    """What this machine's best library computes; other tests hold it against the networks."""
    folder = tmp_path_factory.mktemp("driver")

    def compute() -> Results:
        path = load().path
        assert path is not None
        return results(compiled_driver(folder, isa.machine()), path)

    return compute


@pytest.mark.parametrize("name", ["avx2", pytest.param("avx512", marks=pytest.mark.full)])
def test_lower_levels_of_this_processor(name: str, expected: Callable[[], Results], tmp_path: Path) -> None:
    """Largest differences seen: 4e-7 in fp32, 4e-6 in fp16, 1.1e-4 in int8."""
    level = level_named(name)
    if level not in isa.usable():
        pytest.skip(f"this processor has no {name}")
    if find_compiler(level.machine) is None:
        pytest.skip("no C++ compiler here")
    driver = compiled_driver(tmp_path, level.machine)
    assert_close(results(driver, library_of(level, tmp_path)), expected())


def test_neon_by_emulation(expected: Callable[[], Results], tmp_path: Path) -> None:
    """Largest differences seen: 4e-7 in fp32, 4e-6 in fp16, 1.1e-4 in int8."""
    if isa.machine() == "aarch64":
        pytest.skip("this processor runs it anyway")
    for tool in (EMULATOR, CROSS_COMPILER):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here; apt-get install qemu-user g++-aarch64-linux-gnu")
    driver = compiled_driver(tmp_path, "aarch64")
    emulator = (EMULATOR, "-L", str(CROSS_ROOT)) if CROSS_ROOT.is_dir() else (EMULATOR,)
    assert_close(results(driver, library_of(level_named("neon"), tmp_path), emulator), expected())

"""Every instruction set computes the same: two drivers over a library of each.

``kernels`` prints results, which are held side by side; ``loops`` compares with plain loops in double precision. The
libraries of this processor that it would not use are compiled here without optimisation, which changes no result (no
fused operations but those asked for by name). NEON is compiled as it is installed, and run by an emulator.
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

from GPT_SoVITS.native import build as building
from GPT_SoVITS.native import isa
from GPT_SoVITS.native.build import SOURCES, build, find_library
from GPT_SoVITS.native.compilers import find_compiler
from GPT_SoVITS.native.library import load

DRIVERS = Path(__file__).parent / "driver"
EMULATOR, CROSS_COMPILER = "qemu-aarch64", "aarch64-linux-gnu-g++"
CROSS_ROOT = Path("/usr/aarch64-linux-gnu")
TOLERANCE = {"0": 2e-6, "1": 5e-5, "2": 1e-3}
"""Largest difference relative to the largest number, by precision: fp32, fp16, int8 (which round what they store)."""

APART = ("conv_tiles", "t2s_pass", "training_rows")
"""Sources with a name of their own that another source has as well: the two cannot be compiled as one."""

Results = dict[str, list[npt.NDArray[Any]]]

pytestmark = pytest.mark.skipif(load().handle is None, reason=load().reason or "native")


def level_named(name: str) -> isa.InstructionSet:
    return next(level for level in isa.INSTRUCTION_SETS if level.name == name)


def printed(driver: Path, library: Path, emulator: tuple[str, ...] = ()) -> list[str]:
    """The lines that a driver prints, which must not find fault."""
    command = [*emulator, str(driver), str(library)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout[-300:], done.stderr[-300:])
    return done.stdout.splitlines()


def results(driver: Path, library: Path, emulator: tuple[str, ...] = ()) -> Results:
    """What ``kernels`` prints, by kernel and precision."""
    found: Results = {}
    for line in printed(driver, library, emulator)[1:]:
        name, *numbers = line.split()
        found.setdefault(name, []).append(np.array(numbers, np.float64))
    return found


class Drivers:
    """The drivers, compiled once for each family of processors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, family: str) -> Path:
        """``kernels`` or ``loops``."""
        compiler = find_compiler(family)
        if compiler is None:
            pytest.skip("no C++ compiler here")
        program = self.folder / f"{name}-{family}"
        if not program.exists():
            options = ["-std=c++17", "-O1", str(DRIVERS / f"{name}.cpp"), "-ldl", "-o", str(program)]
            subprocess.run([*compiler.command, *options], check=True, timeout=120)
        return program


def library_of(level: isa.InstructionSet, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built one, else one compiled in a few seconds: all sources as two, so that headers are read twice only."""
    found = find_library(level)
    if found is not None:
        return found
    joined = folder / "joined"
    joined.mkdir()
    for source in sorted(SOURCES.glob("*.cpp")):
        with (joined / f"{'apart' if source.stem in APART else 'most'}.cpp").open("a") as file:
            file.write(f'#include "{source}"\n')
    monkeypatch.setattr(building, "SOURCES", joined)
    return build(replace(level, flags=(*level.flags, "-O0")), place=folder).path


def assert_close(found: Results, expected: Results) -> None:
    assert found.keys() == expected.keys()
    for name, arrays in expected.items():
        for one, other in zip(found[name], arrays, strict=True):
            assert np.isfinite(one).all() and np.abs(other).max() > 0.1
            difference = np.abs(one - other).max() / np.abs(other).max()
            assert difference <= TOLERANCE[name[-1]], f"{name} differs by {difference:.1e}"


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> Drivers:
    return Drivers(tmp_path_factory.mktemp("drivers"))


@pytest.fixture(scope="module")
def expected(drivers: Drivers) -> Callable[[], Results]:
    """What this machine's best library computes; other tests hold it against the networks."""

    def compute() -> Results:
        path = load().path
        assert path is not None
        return results(drivers.get("kernels", isa.machine()), path)

    return compute


@pytest.mark.parametrize("name", ["avx2", pytest.param("avx512", marks=pytest.mark.full)])
def test_lower_levels_of_this_processor(
    name: str,
    drivers: Drivers,
    expected: Callable[[], Results],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Largest differences seen: 4e-7 in fp32, 4e-6 in fp16, 1.1e-4 in int8."""
    level = level_named(name)
    if level not in isa.usable():
        pytest.skip(f"this processor has no {name}")
    if find_compiler(level.machine) is None:
        pytest.skip("no C++ compiler here")
    library = library_of(level, tmp_path, monkeypatch)
    assert_close(results(drivers.get("kernels", level.machine), library), expected())
    assert printed(drivers.get("loops", level.machine), library)[0].startswith(f"{name}: ")


def test_kernels_agree_with_plain_loops(drivers: Drivers) -> None:
    library = load()
    assert library.path is not None
    told = printed(drivers.get("loops", isa.machine()), library.path)
    assert told[0].startswith(f"{library.isa}: ")


@pytest.fixture(scope="module")
def neon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library for aarch64 as that would be installed."""
    if isa.machine() == "aarch64":
        pytest.skip("this processor runs it anyway")
    for tool in (EMULATOR, CROSS_COMPILER):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here; apt-get install qemu-user g++-aarch64-linux-gnu")
    return build(level_named("neon"), place=tmp_path_factory.mktemp("neon")).path


@pytest.fixture
def emulator() -> tuple[str, ...]:
    return (EMULATOR, "-L", str(CROSS_ROOT)) if CROSS_ROOT.is_dir() else (EMULATOR,)


@pytest.mark.full
def test_neon_computes_what_this_machine_computes(
    neon: Path, emulator: tuple[str, ...], drivers: Drivers, expected: Callable[[], Results]
) -> None:
    """Largest differences seen: 4e-7 in fp32, 4e-6 in fp16, 1.1e-4 in int8."""
    assert_close(results(drivers.get("kernels", "aarch64"), neon, emulator), expected())


@pytest.mark.full
def test_neon_agrees_with_plain_loops(neon: Path, emulator: tuple[str, ...], drivers: Drivers) -> None:
    assert printed(drivers.get("loops", "aarch64"), neon, emulator)[0].startswith("neon: ")

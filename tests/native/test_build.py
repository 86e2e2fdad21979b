"""Building and loading the native library, with a small source and a script in place of the compiler."""

from __future__ import annotations

import ctypes
import logging
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from GPT_SoVITS import backend as device
from GPT_SoVITS.execution import Automatic, plan_execution
from GPT_SoVITS.native import __main__ as command
from GPT_SoVITS.native import build as building
from GPT_SoVITS.native import compilers, isa, library
from GPT_SoVITS.native.build import BuildError, build, find_library
from GPT_SoVITS.t2s.choose import choose_backend
from GPT_SoVITS.t2s.jit_backend import JitBackend
from tests.networks.t2s_small import SMALL, random_arrays

LEVEL = isa.InstructionSet("tiny", isa.machine(), frozenset(), ("-msomething",), "generic")

# Says its version; "compiles" by copying the source, "links" by joining the objects, and counts how often it linked.
COMPILER = """#!/bin/sh
if [ "$1" = --version ]; then echo "script {version}"; exit 0; fi
{extra}
inputs= compiling=no
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift; output=$1 ;;
    -c) compiling=yes ;;
    *.cpp | *.o) inputs="$inputs $1" ;;
  esac
  shift
done
cat $inputs > "$output"
[ $compiling = yes ] || echo linked >> "{log}"
"""


@dataclass
class Workshop:
    """A folder of sources, a folder for libraries, and a compiler."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "src" / "one.cpp"

    @property
    def libraries(self) -> Path:
        return self.root / "lib"

    @property
    def times_linked(self) -> int:
        log = self.root / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def change_source(self, text: str) -> None:
        self.source.write_text(text)
        building.sources_digest.cache_clear()  # a new process

    def compiler(self, version: str = "1", extra: str = "") -> None:
        script = self.root / "compiler"
        script.write_text(COMPILER.format(version=version, extra=extra, log=self.root / "log"))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        os.environ["CXX"] = str(script)
        compilers.find_compiler.cache_clear()


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """Sources and libraries of their own; the process's real library is put back afterwards."""
    (tmp_path / "src").mkdir()
    shop = Workshop(tmp_path)
    monkeypatch.setattr(building, "SOURCES", tmp_path / "src")
    monkeypatch.setattr(building, "BESIDE", tmp_path / "lib")
    monkeypatch.setattr(library, "_loaded", None)
    monkeypatch.setattr(isa, "INSTRUCTION_SETS", (LEVEL,))
    monkeypatch.setenv("CXX", "")
    monkeypatch.delenv(isa.CHOSEN, raising=False)
    shop.change_source("int one;")
    shop.compiler()
    yield shop
    building.sources_digest.cache_clear()
    compilers.find_compiler.cache_clear()


@pytest.fixture
def no_compiler(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A machine without any compiler."""
    monkeypatch.setenv("CXX", "")
    monkeypatch.setattr(compilers.shutil, "which", lambda name: None)  # type: ignore[attr-defined]
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    compilers.find_compiler.cache_clear()
    return workshop


class TestWhatIsBuilt:
    def test_once(self, workshop: Workshop) -> None:
        assert find_library(LEVEL) is None
        first, second = build(LEVEL), build(LEVEL)
        assert (first.was_built_now, second.was_built_now) == (True, False)
        assert first.compiler == second.compiler == "script 1"
        assert find_library(LEVEL) == first.path
        assert first.path.read_text() == "int one;"

    def test_again_when_a_source_changed_and_the_old_one_goes(self, workshop: Workshop) -> None:
        old = build(LEVEL).path
        workshop.change_source("int two;")
        assert find_library(LEVEL) is None
        new = build(LEVEL)
        assert new.was_built_now and new.path.read_text() == "int two;"
        assert not old.exists() and not old.with_suffix(".json").exists()

    def test_again_when_a_header_is_new(self, workshop: Workshop) -> None:
        build(LEVEL)
        (workshop.root / "src" / "new.h").write_text("// new")
        building.sources_digest.cache_clear()
        assert build(LEVEL).was_built_now

    def test_again_by_another_compiler(self, workshop: Workshop) -> None:
        build(LEVEL)
        workshop.compiler(version="2")
        assert [build(LEVEL).was_built_now, build(LEVEL).was_built_now] == [True, False]
        assert build(LEVEL).compiler == "script 2"

    def test_again_by_force(self, workshop: Workshop) -> None:
        build(LEVEL)
        assert build(LEVEL, force=True).was_built_now

    @pytest.mark.parametrize("damage", ["cut off", "overwritten", "stamp lost", "stamp spoilt", "stamp of no use"])
    def test_again_when_damaged(self, workshop: Workshop, damage: str) -> None:
        path = build(LEVEL).path
        stamp = path.with_suffix(".json")
        if damage == "cut off":
            path.write_bytes(path.read_bytes()[:3])
        elif damage == "overwritten":
            path.write_bytes(b"\0" * path.stat().st_size)
        elif damage == "stamp lost":
            stamp.unlink()
        else:
            stamp.write_text('{"sha' if damage == "stamp spoilt" else "[1]")
        assert find_library(LEVEL) is None
        assert build(LEVEL).was_built_now
        assert find_library(LEVEL) == path

    def test_by_one_of_two_builders_at_once(self, workshop: Workshop) -> None:
        workshop.compiler(extra="sleep 0.05")
        found: list[building.Built] = []
        builders = [threading.Thread(target=lambda: found.append(build(LEVEL))) for _ in range(3)]
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        assert sorted(one.was_built_now for one in found) == [False, False, True]
        assert workshop.times_linked == 1

    def test_what_a_killed_build_left_goes(self, workshop: Workshop) -> None:
        workshop.libraries.mkdir()
        left = workshop.libraries / ".unfinished-1234.so"
        left.write_text("half")
        build(LEVEL)
        assert not left.exists()


class TestWithoutWhatItTakes:
    def test_a_broken_compiler_says_so_and_nothing_is_left(self, workshop: Workshop) -> None:
        workshop.compiler(extra='echo "one.cpp:1: error: no such thing" >&2; exit 1')
        with pytest.raises(BuildError, match="error: no such thing"):
            build(LEVEL)
        assert [path.name for path in workshop.libraries.iterdir()] == [".lock"]
        found = library.load()
        assert found.handle is None
        assert "cannot be built" in found.reason and "no such thing" in found.reason

    def test_a_compiler_that_fails_to_link_leaves_the_old_library(self, workshop: Workshop) -> None:
        path = build(LEVEL).path
        workshop.compiler(extra='case "$*" in *-shared*) echo "no space left" >&2; exit 1;; esac')
        with pytest.raises(BuildError, match="no space left"):
            build(LEVEL, force=True)
        assert find_library(LEVEL) == path

    def test_a_compiler_that_is_not_there_is_passed_over(self, workshop: Workshop) -> None:
        os.environ["CXX"] = str(workshop.root / "nothing")
        compilers.find_compiler.cache_clear()
        found = compilers.find_compiler(isa.machine())
        assert found is None or "nothing" not in found.command[0]

    def test_no_compiler_is_a_reason_and_says_how_to_get_one(self, no_compiler: Workshop) -> None:
        found = library.load()
        assert found.handle is None
        assert "no C++ compiler" in found.reason and "apt-get install g++" in found.reason
        assert found.description.startswith("no native kernels: ")

    def test_a_library_that_came_with_the_package_needs_no_compiler(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = build(LEVEL).path
        monkeypatch.setattr(building, "find_compiler", lambda family: None)
        assert build(LEVEL) == building.Built(path, "script 1", was_built_now=False)
        with pytest.raises(BuildError, match="no C\\+\\+ compiler"):
            build(LEVEL, force=True)

    def test_decoding_works_all_the_same(self, no_compiler: Workshop, caplog: pytest.LogCaptureFixture) -> None:
        device.configure("CPU")
        with caplog.at_level(logging.INFO):
            chosen, description, reason = choose_backend(SMALL, random_arrays(), plan_execution(Automatic()))
        assert isinstance(chosen, JitBackend)
        assert description.startswith("portable")
        assert "no C++ compiler" in reason and "no C++ compiler" in caplog.text

    def test_the_command_says_it_and_fails(self, no_compiler: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["build"]) == 1
        assert "no C++ compiler" in capsys.readouterr().err
        assert command.main(["status"]) == 1
        assert "tiny: not built" in capsys.readouterr().out


class TestFolders:
    def test_a_folder_that_cannot_be_written_gives_way_to_the_users_cache(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workshop.libraries.write_text("a file, so that no folder can be made")
        monkeypatch.setenv("XDG_CACHE_HOME", str(workshop.root / "cache"))
        path = build(LEVEL).path
        assert path.parent == workshop.root / "cache" / "gpt-sovits-mindspore" / "native"
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o022 == 0
        assert find_library(LEVEL) == path

    def test_what_came_with_the_package_is_found_in_a_folder_that_cannot_be_written(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = build(LEVEL).path
        monkeypatch.setenv("XDG_CACHE_HOME", str(workshop.root / "cache"))
        access = os.access
        monkeypatch.setattr(os, "access", lambda where, mode: where != workshop.libraries and access(where, mode))
        assert find_library(LEVEL) == path

    def test_no_folder_at_all_is_a_reason(self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        workshop.libraries.write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(workshop.source))
        found = library.load()
        assert found.handle is None
        assert "no folder for the library" in found.reason


class TestWhatIsLoaded:
    def test_a_file_that_is_no_library_is_refused_with_the_reason(self, workshop: Workshop) -> None:
        found = library.load()  # the script "builds" text
        assert found.handle is None
        assert "cannot be loaded" in found.reason

    @pytest.mark.parametrize("missing", [True, False])
    def test_another_interface_is_refused(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, missing: bool
    ) -> None:
        class Library:
            def gs_abi_version(self) -> int:
                if missing:
                    raise AttributeError("undefined symbol: gs_abi_version")
                return library.ABI_VERSION + 1

        monkeypatch.setattr(ctypes, "CDLL", lambda path: Library())
        found = library.load()
        assert found.handle is None
        assert ("undefined symbol" if missing else "expected 1") in found.reason

    def test_a_look_builds_nothing_and_does_not_bar_a_later_build(self, workshop: Workshop) -> None:
        assert "not built" in library.load(may_build=False).reason
        assert workshop.times_linked == 0
        library.load()
        assert workshop.times_linked == 1


class TestWhichInstructionSet:
    @pytest.fixture(autouse=True)
    def processor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(isa, "machine", lambda: "x86_64")
        monkeypatch.setattr(isa, "cpu_flags", lambda: {"avx2", "fma", "f16c", *isa._AVX512})
        monkeypatch.delenv(isa.CHOSEN, raising=False)

    def test_the_best_one_that_the_processor_has(self) -> None:
        level, reason = isa.chosen()
        assert level is not None and (level.name, reason) == ("avx512", "")

    def test_a_lower_one_when_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(isa.CHOSEN, "AVX2")
        level, _ = isa.chosen()
        assert level is not None and level.name == "avx2"

    @pytest.mark.parametrize(("wanted", "reason"), [("none", "switched off"), ("0", "switched off")])
    def test_none_when_switched_off(self, monkeypatch: pytest.MonkeyPatch, wanted: str, reason: str) -> None:
        monkeypatch.setenv(isa.CHOSEN, wanted)
        monkeypatch.setattr(library, "_loaded", None)
        assert library.load().handle is None
        assert reason in library.load().reason

    @pytest.mark.parametrize("wanted", ["avx512dot", "neon", "sse9"])
    def test_none_and_a_reason_for_one_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
        monkeypatch.setenv(isa.CHOSEN, wanted)
        level, reason = isa.chosen()
        assert level is None
        assert f"{isa.CHOSEN}={wanted}, but this processor has avx512, avx2" in reason

    def test_none_on_an_old_processor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(isa, "cpu_flags", lambda: {"sse2"})
        level, reason = isa.chosen()
        assert level is None and "none of the instruction sets" in reason

"""A self-check of the kernels that passed is not repeated; one that failed, or passed elsewhere, counts for nothing."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from GPT_SoVITS.native import build as building
from GPT_SoVITS.native import check_cache, isa
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s import self_check


class Library:
    """What a self-check asks of a loaded library before it computes anything."""

    def __init__(self, path: Path) -> None:
        self._name = str(path)

    def gs_pool_threads(self) -> int:
        return 2


class Checks:
    """Stands in for the expensive check; counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.wrong = ""

    def __call__(self, path: str, precision: str, threads: int) -> str:
        self.calls += 1
        return self.wrong


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    found = Checks()
    monkeypatch.setattr(self_check, "_kernels", found)
    return found


@pytest.fixture
def library(tmp_path: Path) -> ctypes.CDLL:
    path = tmp_path / "gpt_sovits_some_1234.so"
    path.write_bytes(b"code")
    return Library(path)  # type: ignore[return-value]


def path_of(library: ctypes.CDLL) -> Path:
    return Path(library._name)


def note_of(library: ctypes.CDLL) -> Path:
    return path_of(library).with_suffix(".checked")


def test_what_passed_is_not_repeated(checks: Checks, library: ctypes.CDLL) -> None:
    assert self_check.check_kernels(library, "fp16") == self_check.check_kernels(library, "fp16") == ""
    assert checks.calls == 1
    self_check.check_kernels(library, "fp16", threads=2)  # what 0 stands for here
    assert checks.calls == 1


def test_what_failed_is_repeated(checks: Checks, library: ctypes.CDLL) -> None:
    checks.wrong = "all wrong"
    assert self_check.check_kernels(library, "fp16") == "all wrong"
    checks.wrong = ""
    assert self_check.check_kernels(library, "fp16") == ""
    assert checks.calls == 2


@pytest.mark.parametrize("change", ["library", "processor", "precision", "threads", "tolerance"])
def test_whatever_matters_makes_it_another_check(
    checks: Checks, library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    self_check.check_kernels(library, "fp16")
    if change == "library":
        path_of(library).write_bytes(b"other code")
    elif change == "processor":
        monkeypatch.setattr(isa, "cpu_flags", lambda: frozenset({"other"}))
    elif change == "tolerance":
        monkeypatch.setitem(self_check.TOLERANCE, "fp16", 1e-9)
    precision: Precision = "int8" if change == "precision" else "fp16"
    self_check.check_kernels(library, precision, threads=3 if change == "threads" else 0)
    assert checks.calls == 2


@pytest.mark.parametrize("spoilt", [b"", b"[", b"{}", b"[1, null]", b"\xff\xfe", b"null"])
def test_a_spoilt_note_is_ignored_and_replaced(checks: Checks, library: ctypes.CDLL, spoilt: bytes) -> None:
    note_of(library).write_bytes(spoilt)
    self_check.check_kernels(library, "fp16")
    self_check.check_kernels(library, "fp16")
    assert checks.calls == 1


def test_notes_do_not_grow_for_ever(library: ctypes.CDLL) -> None:
    for number in range(200):
        check_cache.note(path_of(library), check_cache.key(number))
    assert len(check_cache._read(note_of(library))) <= 64
    assert check_cache.passed(path_of(library), check_cache.key(199))
    assert [path.name for path in note_of(library).parent.iterdir() if path.name.startswith(".")] == []


def test_where_nothing_can_be_written_it_is_checked_again(
    checks: Checks, library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BESIDE", path_of(library) / "no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(path_of(library)))
    monkeypatch.setattr(check_cache, "write_whole", _refuse)
    assert self_check.check_kernels(library, "fp16") == ""
    assert self_check.check_kernels(library, "fp16") == ""
    assert checks.calls == 2


def _refuse(path: Path, text: str) -> None:
    raise PermissionError(path)


class TestInAProcessOfItsOwn:
    """Where MindSpore is not loaded, the expensive part runs elsewhere."""

    def test_it_measures_what_would_be_measured_here(self) -> None:
        found = load()
        if found.path is None:
            pytest.skip(found.description)
        measured = self_check._measured_elsewhere(str(found.path), "fp16", 0)
        assert not isinstance(measured, str), measured
        difference, is_alone_the_same = measured
        assert 0 < difference < self_check.TOLERANCE["fp16"] and is_alone_the_same

    def test_kernels_that_end_the_process_are_wrong_and_no_more(self, library: ctypes.CDLL) -> None:
        assert "ended with code 1" in str(self_check._measured_elsewhere(library._name, "fp16", 0))

    def test_a_process_that_takes_too_long_is_given_up(
        self, library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(self_check, "PATIENCE", 0.01)
        assert "timed out" in str(self_check._measured_elsewhere(library._name, "fp16", 0))

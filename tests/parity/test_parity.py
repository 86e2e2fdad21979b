"""Every network at official size against the official program's numbers, in every implementation of it.

Tolerances stand in the checks, with the largest errors seen. The quick run takes what computes on a CPU: native code
and numpy, without rows that would notice nothing new and without versions whose networks are those of another one,
but for sizes. ``-m full`` has all versions and rows in each precision, and graphs of full size, which compile for
minutes; every array of a fixture must have been compared by one implementation or another.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parity import runner
from tests.parity.__main__ import main
from tests.parity.implementations import GRAPH, HOST, KINDS, NATIVE, Implementation, Kind
from tests.parity.report import Report
from tests.parity.runner import Check, all_checks, find_check, model_folders, run_folder

FIXTURES = Path(__file__).parents[1] / "data" / "parity"
FOLDERS = [folder.name for folder in model_folders(FIXTURES)]
WITHOUT_GRAPHS: tuple[Kind, ...] = ("native", "host")
LIKE_ANOTHER = {
    "t2s_v1": "t2s_v2",
    "s2_v2": "s2_v1",
    "s2_v2Pro": "s2_v2ProPlus",
    "s2_v3": "s2_v4",
}
"""Folders whose networks a quick run has under another name. Small ones of each version are in ``tests/networks``."""
WHOLE_RUNS = {"mel_audio_v3", "mel_audio_v4", "speech_v3", "speech_v4"}
"""Runs of several networks together, at full size. A quick run has each network by itself."""


def _known(name: str) -> Check:
    check = find_check(name)
    assert check is not None, f"{name} is a folder of the repository that no check knows"
    return check


def _without_graphs() -> list[Any]:
    names = [name for name in FOLDERS if _known(name).chosen(WITHOUT_GRAPHS, quick=True)]
    long = WHOLE_RUNS | set(LIKE_ANOTHER)
    return [pytest.param(name, marks=pytest.mark.full) if name in long else name for name in names]


@pytest.mark.parametrize("name", _without_graphs())
def test_official_numbers_without_graphs(name: str) -> None:
    result = run_folder(FIXTURES / name, kinds=WITHOUT_GRAPHS, quick=True)
    assert result is not None
    if not result.reports:
        pytest.skip(f"not on this machine: {result.absent}")
    assert result.ok, (result.errors, result.failures)


def test_a_quick_run_leaves_out_no_network_but_for_a_like_one() -> None:
    assert set(LIKE_ANOTHER) | set(LIKE_ANOTHER.values()) <= set(FOLDERS)
    assert not set(LIKE_ANOTHER) & set(LIKE_ANOTHER.values())


def test_a_quick_run_has_every_kind_of_every_network() -> None:
    for check in all_checks():
        kinds = {implementation.kind for implementation in check.chosen(KINDS, quick=False)} - {"graph"}
        assert {implementation.kind for implementation in check.chosen(WITHOUT_GRAPHS, quick=True)} == kinds
        assert set(check.quick or ()) <= set(check.implementations)


@pytest.mark.full
@pytest.mark.parametrize("name", FOLDERS)
def test_official_numbers_in_every_implementation(name: str) -> None:
    result = run_folder(FIXTURES / name)
    assert result is not None and result.ok, result and (result.errors, result.failures)
    assert not result.unchecked


def test_every_network_has_its_fixture() -> None:
    synthesizers = {"s2_v1", "s2_v2", "s2_v2Pro", "s2_v2ProPlus", "s2_v3", "s2_v4"}
    others = {
        "bert_large",
        "bigvgan_v2_24khz_100band_256x",
        "checkpoints",
        "eres2netv2",
        "hifigan_v4_48khz",
        "hubert_base",
        "prompt_wave",
        "spectrograms",
        "t2s_sampling",
        "t2s_v1",
        "t2s_v2",
    }
    assert synthesizers | others <= set(FOLDERS)


def test_checks_that_need_no_graph_do_not_load_mindspore() -> None:
    script = (
        "import sys; from tests.parity.runner import all_checks; all_checks(); "
        "sys.exit(any(name.split('.')[0] == 'mindspore' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_every_check_says_which_folders_it_understands() -> None:
    assert all(check.folders and check.implementations for check in all_checks())
    assert find_check("s2_v2").implementations[0] is NATIVE  # type: ignore[union-attr]
    assert find_check("s2_v9") is None


def _copy_with(root: Path, change: float) -> Path:
    """A set with the sampling fixture alone, one of its arrays changed."""
    source, folder = FIXTURES / "t2s_sampling", root / "t2s_sampling"
    folder.mkdir(parents=True)
    (folder / "combos.json").write_bytes((source / "combos.json").read_bytes())
    with np.load(source / "io.npz") as archive:
        arrays = dict(archive)
    np.savez(folder / "io.npz", **{**arrays, "probs_0": arrays["probs_0"] + np.float32(change)})
    return root


def test_command_line_counts_a_wrong_number_as_a_miss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(_copy_with(tmp_path / "right", 0.0))]) == 0
    assert main([str(_copy_with(tmp_path / "wrong", 1e-3))]) == 1
    assert "MISS" in capsys.readouterr().out


def test_command_line_names_folders_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s2_v9").mkdir()
    (tmp_path / "s2_v9" / "io.npz").touch()
    assert main([str(tmp_path)]) == 2
    assert "not known yet, not run: s2_v9" in capsys.readouterr().out


def _compare(_: Path, report: Report) -> None:
    if report.implementation is GRAPH:
        raise RuntimeError("the graph does not compile")
    report.close("array", np.zeros(3), np.zeros(3))


@pytest.fixture
def two_implementations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set of one folder whose network runs on the host and breaks as a graph."""
    monkeypatch.setattr(runner, "find_check", lambda _: Check("anything", (HOST, GRAPH), _compare))
    (tmp_path / "anything").mkdir()
    np.savez(tmp_path / "anything" / "io.npz", array=np.zeros(3), other=np.zeros(3))
    return tmp_path


def test_every_row_names_its_implementation_and_one_that_breaks_is_a_miss(
    two_implementations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(two_implementations)]) == 1
    out, err = capsys.readouterr()
    assert "anything  host            array" in out and "anything (graph) broke" in out
    assert "not compared: other" in err


def test_one_kind_of_implementation_can_be_run_alone(
    two_implementations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(two_implementations), "--implementation", "host"]) == 0
    assert main([str(two_implementations), "--implementation", "native"]) == 2
    assert "1 of 1 comparisons hold" in capsys.readouterr().out


def test_an_implementation_that_is_not_on_this_machine_is_named_and_not_counted(
    two_implementations: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = property(lambda self: "MindSpore is not installed" if self.kind == "graph" else "")
    monkeypatch.setattr(Implementation, "missing", reason)
    assert main([str(two_implementations)]) == 0
    assert "anything: graph did not run: MindSpore is not installed" in capsys.readouterr().err
    assert KINDS == ("native", "host", "graph")

"""Every network at official size against the official program's numbers.

Tolerances are those of the fixtures: 1e-4 for float arrays, 1e-3 for HuBERT, RoBERTa and the speaker verifier, integers
equal. Largest errors seen: decoder logits 1e-5, synthesizers 1e-5, HuBERT 9e-5, RoBERTa 9e-5 (logits), embeddings 4e-4
(of values up to 62), spectrograms 7e-5. The quick run takes one network of each kind.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.parity.__main__ import main
from tests.parity.runner import model_folders, run_folder

FIXTURES = Path(__file__).parents[1] / "data" / "parity"
QUICK = ("checkpoints", "eres2netv2", "hubert_base", "s2_v2", "spectrograms", "t2s_sampling", "t2s_v2")
FOLDERS = [folder.name for folder in model_folders(FIXTURES)]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.full) for name in FOLDERS]
)
def test_official_numbers(name: str) -> None:
    result = run_folder(FIXTURES / name)
    assert result is not None, "a folder of the repository that no check knows"
    assert result.ok, (result.error, result.report.failures)
    assert not result.unchecked


def test_every_network_has_its_fixture() -> None:
    assert {*QUICK, "bert_large", "s2_v1", "s2_v2Pro", "s2_v2ProPlus", "t2s_v1"} <= set(FOLDERS)


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

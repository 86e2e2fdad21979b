"""Finds the model folders of a fixture set and runs the check that understands each."""

from __future__ import annotations

import importlib
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.parity.report import Report

Check = Callable[[Path, Report], None]

# Folder name pattern -> module of tests.parity.checks. Folders that match nothing are reported as unknown.
CHECKS: dict[str, str] = {
    r"t2s_v\d+\w*": "t2s",
    r"t2s_sampling": "t2s_sampling",
    r"s2_v(1|2|2Pro|2ProPlus)": "sovits",
    r"hubert_\w+": "hubert",
    r"bert_\w+": "bert",
    r"eres2netv2": "eres2netv2",
    r"spectrograms": "spectrograms",
    r"checkpoints": "checkpoints",
}


@dataclass(frozen=True)
class Result:
    """Outcome of one folder: its report, the error that ended it, the arrays nobody compared."""

    report: Report
    error: str = ""
    unchecked: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything was compared and held; a folder that compared nothing has not passed."""
        return not self.error and not self.report.failures and bool(self.report.rows)


def find_check(name: str) -> Check | None:
    """Return the check for a folder name, None for a folder we do not know yet."""
    for pattern, module in CHECKS.items():
        if re.fullmatch(pattern, name):
            check: Check = importlib.import_module(f"tests.parity.checks.{module}").run
            return check
    return None


def model_folders(root: Path) -> Iterator[Path]:
    """Yield the fixture folders below ``root``: those with arrays or expectations in them."""
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        if any((folder / name).exists() for name in ("io.npz", "expected.json")):
            yield folder


def run_folder(folder: Path, only: str = "") -> Result | None:
    """Run one folder's check; None when the folder is of a kind we do not know.

    Args:
        folder: Fixture folder.
        only: Compare only arrays whose name contains this.
    """
    check = find_check(folder.name)
    if check is None:
        return None
    report = Report(folder.name, only)
    try:
        check(folder, report)
    except Exception:
        # The command reports every folder, so one that breaks is a miss and not the end of the run.
        return Result(report, traceback.format_exc())
    archive = folder / "io.npz"
    names: list[str] = []
    if archive.exists():
        with np.load(archive, allow_pickle=False) as arrays:
            names = list(arrays.files)
    return Result(report, unchecked=tuple(report.unchecked(names)))

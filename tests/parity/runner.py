"""Finds the model folders of a fixture set and runs the check that understands each, in every implementation."""

from __future__ import annotations

import importlib
import pkgutil
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tests.parity import checks, weights
from tests.parity.implementations import HOST, KINDS, Implementation, Kind
from tests.parity.report import Report, Row


@dataclass(frozen=True)
class Check:
    """One module of :mod:`tests.parity.checks`; what each attribute is stands in the package's docstring."""

    folders: str
    implementations: tuple[Implementation, ...]
    run: Callable[[Path, Report], None]
    quick: tuple[Implementation, ...] | None = None

    def chosen(self, kinds: Sequence[Kind], quick: bool) -> list[Implementation]:
        """Return the implementations of these kinds, all of them or those of a quick run."""
        known = self.implementations if not quick or self.quick is None else self.quick
        return [implementation for implementation in known if implementation.kind in kinds]


@dataclass(frozen=True)
class Result:
    """Outcome of one folder.

    Attributes:
        reports: One for each implementation that ran.
        errors: Tracebacks of the implementations that broke, by name.
        absent: Why implementations that the check knows did not run on this machine, by name.
        unchecked: Arrays of the fixture that no implementation compared.
    """

    reports: tuple[Report, ...]
    errors: dict[str, str]
    absent: dict[str, str]
    unchecked: tuple[str, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """All comparisons."""
        return [row for report in self.reports for row in report.rows]

    @property
    def failures(self) -> list[Row]:
        """The comparisons that do not hold."""
        return [row for row in self.rows if not row.ok]

    @property
    def ok(self) -> bool:
        """Whether every implementation compared something and all of it held."""
        return bool(self.reports) and not self.errors and not self.failures and all(r.rows for r in self.reports)


@cache
def all_checks() -> tuple[Check, ...]:
    """Return the checks that lie in :mod:`tests.parity.checks`, ordered by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__) if not module.name.startswith("_"))
    modules = [importlib.import_module(f"{checks.__name__}.{name}") for name in names]
    return tuple(
        Check(m.FOLDERS, getattr(m, "IMPLEMENTATIONS", (HOST,)), m.run, getattr(m, "QUICK", None)) for m in modules
    )


def find_check(name: str) -> Check | None:
    """Return the check for a folder name, None for a folder that none understands."""
    return next((check for check in all_checks() if re.fullmatch(check.folders, name)), None)


def model_folders(root: Path) -> Iterator[Path]:
    """Yield the fixture folders below ``root``: those with arrays or expectations in them."""
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        if any((folder / name).exists() for name in ("io.npz", "expected.json")):
            yield folder


def run_folder(folder: Path, only: str = "", kinds: Sequence[Kind] = KINDS, quick: bool = False) -> Result | None:
    """Run one folder's check; None when no check understands the folder.

    Args:
        folder: Fixture folder.
        only: Compare only arrays whose name contains this.
        kinds: Run implementations of these kinds; one that this machine lacks is left out and named.
        quick: Leave out implementations and rows that notice nothing that others do not.
    """
    check = find_check(folder.name)
    if check is None:
        return None
    reports: list[Report] = []
    errors: dict[str, str] = {}
    wanted = check.chosen(kinds, quick)
    absent = {str(implementation): implementation.missing for implementation in wanted if implementation.missing}
    try:
        for implementation in wanted:
            if str(implementation) in absent:
                continue
            reports.append(Report(folder.name, only, implementation, quick))
            try:
                check.run(folder, reports[-1])
            except Exception:
                # Every implementation is reported, so one that breaks is a miss and not the end of the run.
                errors[str(implementation)] = traceback.format_exc()
    finally:
        weights.forget()
    checked = {name for report in reports for name in report.checked}
    return Result(tuple(reports), errors, absent, tuple(sorted(set(_arrays(folder)) - checked)))


def _arrays(folder: Path) -> list[str]:
    archive = folder / "io.npz"
    if not archive.exists():
        return []
    with np.load(archive, allow_pickle=False) as arrays:
        return list(arrays.files)

"""Collects comparisons of one fixture folder in one implementation, and prints them as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.implementations import HOST, Implementation


@dataclass(frozen=True)
class Row:
    """One comparison: the largest error seen, the largest allowed, and whether it holds."""

    model: str
    implementation: str
    array: str
    error: str
    tolerance: str
    ok: bool


def _excess(
    actual: npt.NDArray[Any], expected: npt.NDArray[Any], atol: npt.NDArray[Any] | float, rtol: float
) -> tuple[float, bool]:
    difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    allowed = np.asarray(atol) + rtol * np.abs(expected.astype(np.float64))
    finite = bool(np.isfinite(actual).all())
    return (float(difference.max()) if difference.size else 0.0), finite and bool((difference <= allowed).all())


@dataclass
class Report:
    """Comparisons of one model folder in one implementation.

    Attributes:
        model: Name of the folder.
        only: Compare arrays whose name contains this text, all when empty.
        implementation: How the check is to compute what it compares.
        quick: Whether to leave out costly rows that would notice nothing that others do not.
        rows: What was compared, in order.
        checked: Names of the fixture's arrays that served as expectation.
    """

    model: str
    only: str = ""
    implementation: Implementation = HOST
    quick: bool = False
    rows: list[Row] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)

    @property
    def precision(self) -> str:
        """How the implementation holds weights: ``fp32``, ``fp16`` or ``int8``."""
        return self.implementation.precision

    @property
    def rounding(self) -> str:
        """The same, but ``bf16`` where the sampler of v3 and v4 multiplies that: what tolerances of audio depend on."""
        return "bf16" if self.implementation.rounds else self.precision

    def wants(self, array: str) -> bool:
        """Whether ``--only`` selects this array (a check may skip costly work for others)."""
        return self.only in array

    def close(
        self,
        array: str,
        actual: npt.NDArray[Any],
        expected: npt.NDArray[Any],
        atol: npt.NDArray[Any] | float = 1e-4,
        rtol: float = 0.0,
    ) -> None:
        """Compare float arrays: equal shapes, all finite, ``|a - e| <= atol + rtol |e|`` everywhere."""
        self.checked.add(array)
        if not self.wants(array):
            return
        tolerance = f"{float(np.max(atol)):.0e}" + (f" + {rtol:.0e} rel" if rtol else "")
        actual = np.asarray(actual)
        if actual.shape != expected.shape:
            self._add(array, f"shape {actual.shape}, expected {expected.shape}", tolerance, False)
            return
        error, ok = _excess(actual, expected, atol, rtol)
        self._add(array, f"{error:.2e}", tolerance, ok)

    def equal(self, array: str, actual: object, expected: object) -> None:
        """Compare integers, sequences or plain values exactly."""
        self.checked.add(array)
        if not self.wants(array):
            return
        ok = bool(np.array_equal(np.asarray(actual), np.asarray(expected)))
        self._add(array, "equal" if ok else "differs", "equal", ok)

    def verdict(self, name: str, ok: bool, detail: str = "", tolerance: str = "exact") -> None:
        """Record a comparison that was made elsewhere, in words."""
        self.checked.add(name)
        if self.wants(name):
            self._add(name, detail or ("as required" if ok else "not as required"), tolerance, ok)

    def inputs(self, names: Iterable[str]) -> None:
        """Declare arrays of the fixture that are inputs, so that they are not listed as compared by nobody."""
        self.checked.update(names)

    def _add(self, array: str, error: str, tolerance: str, ok: bool) -> None:
        self.rows.append(Row(self.model, str(self.implementation), array, error, tolerance, ok))

    @property
    def failures(self) -> list[Row]:
        """The comparisons that do not hold."""
        return [row for row in self.rows if not row.ok]


def table(rows: Iterable[Row]) -> str:
    """Format rows as aligned text: model, implementation, array, largest error, tolerance, verdict."""
    lines = [("model", "implementation", "array", "max error", "tolerance", "verdict")]
    lines += [(r.model, r.implementation, r.array, r.error, r.tolerance, "ok" if r.ok else "MISS") for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )

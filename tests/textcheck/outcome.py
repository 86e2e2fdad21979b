"""What the rows of one file came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Difference:
    """One value that is not as recorded."""

    row: int
    column: str
    text: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return (
            f"  row {self.row} {self.column}: {self.text!r:.120}\n"
            f"    expected {_short(self.expected, self.actual)}\n"
            f"    actual   {_short(self.actual, self.expected)}"
        )


def _short(value: object, other: object, around: int = 12, longest: int = 400) -> str:
    """Show a value; of two long lists only what stands around their first difference."""
    if isinstance(value, list) and isinstance(other, list) and len(value) > 2 * around:
        pairs = zip(value, other, strict=False)
        first = next((place for place, (left, right) in enumerate(pairs) if left != right), len(other))
        start = max(0, first - around)
        return f"[{start}:] {value[start : first + around]} of {len(value)}"[:longest]
    return repr(value)[:longest]


@dataclass
class Outcome:
    """The figures of one file.

    Attributes:
        file: Its name.
        rows: How many rows it has.
        counted: How many of them the required share is of.
        exact: Column name -> rows that are exact in it; the first is the one that the requirement is about.
        checked: Column name -> rows that have a value for it.
        counted_exact: Rows among the counted that are exact in the first column.
        required: Percent of the counted rows that must be exact.
        differences: In order of occurrence.
        crashes: Exceptions that are no ``TextError``, as text.
        not_run: Why nothing could be run, or empty.
        note: What the figures rest on.
        seconds: How long it took.
    """

    file: str
    rows: int = 0
    counted: int = 0
    counted_exact: int = 0
    exact: dict[str, int] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    required: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    not_run: str = ""
    note: str = ""
    seconds: float = 0.0

    def compare(self, row: int, column: str, text: str, expected: object, actual: object) -> bool:
        """Count one value, and keep it when it differs."""
        same = expected == actual
        self.checked[column] = self.checked.get(column, 0) + 1
        self.exact[column] = self.exact.get(column, 0) + same
        if not same:
            self.differences.append(Difference(row, column, text, expected, actual))
        return same

    def count(self, exact: bool) -> None:
        """Count a row towards the requirement."""
        self.counted += 1
        self.counted_exact += exact

    @property
    def share(self) -> float:
        """Percent of the counted rows that are exact."""
        return 100.0 * self.counted_exact / self.counted if self.counted else 0.0

    @property
    def passed(self) -> bool:
        """Whether the file ran, nothing crashed and the required share is reached."""
        return not self.not_run and not self.crashes and bool(self.counted) and self.share >= self.required

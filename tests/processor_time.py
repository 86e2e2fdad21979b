"""What each test file costs: ``pytest --processor-time``, also with ``-n``.

The time that a machine takes depends on what else it does; the processor time hardly does. Processes that a test
started count, if they are its descendants (a daemon such as PostgreSQL is not).
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Generator
from typing import NamedTuple

import psutil
import pytest

_PROPERTY = "processor time"
_SHOWN = 40


class Cost(NamedTuple):
    """What was spent so far, in seconds."""

    processor: float
    wall: float


class ProcessorTime:
    """Measures every test where it runs, and adds up by file where the report is written."""

    def __init__(self) -> None:
        self._of: dict[str, list[Cost]] = defaultdict(list)
        self._before = self._spent()

    def _spent(self) -> Cost:
        own = os.times()
        living = 0.0
        for process in psutil.Process().children(recursive=True):
            try:
                cost = process.cpu_times()
            except psutil.Error:
                continue
            living += cost.user + cost.system + cost.children_user + cost.children_system
        processor = own.user + own.system + own.children_user + own.children_system
        return Cost(processor + living, time.monotonic())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Note where a test begins, before its fixtures."""
        self._before = self._spent()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Write the cost into the test's last report."""
        try:
            return (yield)
        finally:
            after = self._spent()
            spent = (after.processor - self._before.processor, after.wall - self._before.wall)
            item.user_properties.append((_PROPERTY, spent))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up."""
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            if name == _PROPERTY:
                assert isinstance(value, (list, tuple))
                self._of[report.nodeid.split("::")[0]].append(Cost(*value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the most expensive files."""
        sums = {path: [sum(column) for column in zip(*costs, strict=True)] for path, costs in self._of.items()}
        total = [sum(column) for column in zip(*sums.values(), strict=True)] or [0.0, 0.0]
        terminalreporter.section("processor time, wall time, tests by file")
        for path, (processor, wall) in sorted(sums.items(), key=lambda one: -one[1][0])[:_SHOWN]:
            terminalreporter.write_line(f"{processor:8.1f} s {wall:8.1f} s {len(self._of[path]):5}  {path}")
        terminalreporter.write_line(f"{total[0]:8.1f} s {total[1]:8.1f} s         all files")

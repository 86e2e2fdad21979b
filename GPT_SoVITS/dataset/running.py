"""Runs a step and tells about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from GPT_SoVITS.dataset.cancelling import Cancellation, Cancelled
from GPT_SoVITS.dataset.files import remove_unfinished
from GPT_SoVITS.dataset.pool import Result, results
from GPT_SoVITS.dataset.problems import Problem, StepError, failure_of
from GPT_SoVITS.dataset.work import Doubtful, Item, Stage, Work
from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED, JsonLines

PROGRESS_SECONDS = 0.25
"""From one told progress to the next, at least."""


@dataclass
class Report:
    """Tells events and counts what they say."""

    lines: JsonLines
    total: int
    done: int = 0
    skipped: int = 0
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0
    """Items of later stages whose file had a problem before."""
    _told: float = 0.0

    def begin(self, step: str) -> None:
        """Tell that the step has started."""
        self.lines.write("started", {"step": step, "total": self.total})

    def take(self, item: Item, result: Result) -> None:
        """Count a result, and tell it when it is time."""
        if isinstance(result, Doubtful):
            for warning in result.warnings:
                self.warn(warning)
            result = result.outcome
        if isinstance(result, Problem):
            self.add(result)
        elif result == "done":
            self.done += 1
        else:
            self.skipped += 1
        self._progress(item)

    def add(self, problem: Problem) -> None:
        """Tell a problem."""
        self.problems.append(problem)
        self._tell("problem", problem)

    def warn(self, warning: Problem) -> None:
        """Tell a warning."""
        self.warnings += 1
        self._tell("warning", warning)

    def usable(self, items: Sequence[Item]) -> list[Item]:
        """Return the items whose file has had no problem, and count the others."""
        failed = {problem.path for problem in self.problems}
        kept = [item for item in items if item.path not in failed]
        self.left_out += len(items) - len(kept)
        return kept

    def _tell(self, kind: str, problem: Problem) -> None:
        values = {"path": problem.path, "code": problem.code, "message": problem.message}
        self.lines.write(kind, {**values, "parameters": problem.parameters})

    def _progress(self, item: Item) -> None:
        tried, now = self.done + self.skipped + len(self.problems) + self.left_out, time.monotonic()
        if now - self._told >= PROGRESS_SECONDS or tried == self.total:
            self._told = now
            self.lines.write("progress", {"done": tried, "total": self.total, "file": Path(item.path).name})

    def finish(self, work: Work) -> None:
        """Tell that all has been tried, and what there is now."""
        for artefact in work.artefacts:
            self.lines.write("artefact", {"kind": artefact.kind, "path": str(artefact.path)})
        counts = {"done": self.done, "skipped": self.skipped, "problems": len(self.problems)}
        counts["warnings"] = self.warnings
        self.lines.write("finished", {"outputs": [str(artefact.path) for artefact in work.artefacts], **counts})


def run(step: str, work: Work, lines: JsonLines, cancellation: Cancellation) -> int:
    """Do a step; return the exit status.

    Args:
        step: Its name.
        work: What it consists of.
        lines: Where events go.
        cancellation: What the user wants.
    """
    report = Report(lines, work.total)
    report.begin(step)
    try:
        for problem in work.problems:
            report.add(problem)
        for warning in work.warnings:
            report.warn(warning)
        for stage in work.stages:
            for item, result in results(replace(stage, items=report.usable(stage.items)), cancellation):
                report.take(item, result)
            _close(stage)
        _require_some(report)
    except Cancelled:
        _remove_unfinished(work)
        lines.write("cancelled", {})
        return CANCELLED
    except StepError as error:
        return fail(lines, error)
    report.finish(work)
    return FINISHED


def _close(stage: Stage) -> None:
    try:
        stage.close()
    except OSError as error:
        path = str(error.filename or "")
        raise failure_of(error, path) or StepError("output_unwritable", path=path, reason=str(error)) from error


def _remove_unfinished(work: Work) -> None:
    """Remove what a signal may have left that came between the making of a file and the block that owns it."""
    for folder in work.folders:
        with suppress(OSError):
            remove_unfinished(folder)


def _require_some(report: Report) -> None:
    if report.problems and not report.done + report.skipped:
        first = report.problems[0]
        reason = f"{Path(first.path).name} {first.message}"
        raise StepError("nothing_usable", total=len(report.problems), reason=reason)


def fail(lines: JsonLines, error: StepError) -> int:
    """Tell why a step cannot be done; return the exit status."""
    lines.write("failed", {"code": error.code, "message": str(error), "parameters": error.parameters})
    return FAILED

"""What a step consists of: stages of items, each item a file that is worked on by itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from GPT_SoVITS.dataset.problems import Problem

Outcome = Literal["done", "skipped"]
"""``skipped``: an earlier run had done it."""


@dataclass(frozen=True)
class Doubtful:
    """An outcome with warnings.

    Attributes:
        outcome: What it is.
        warnings: What somebody should look at.
    """

    outcome: Outcome
    warnings: tuple[Problem, ...]


@dataclass(frozen=True)
class Item:
    """One piece of work.

    Attributes:
        path: The file, as the user named it; progress and problems name it.
        content: What the stage's process needs besides.
    """

    path: str
    content: Any = None


@dataclass(frozen=True)
class Artefact:
    """Something that a step made.

    Attributes:
        kind: ``folder``, ``list``, ``features``.
        path: Where it is.
    """

    kind: str
    path: Path


class Process(Protocol):
    """Works on items, one after the other, in the process that opened it."""

    def __call__(self, item: Item) -> Outcome | Doubtful:
        """Do one item.

        Raises:
            ProblemError: it is left out.
            StepError: the whole step cannot go on.
        """


@dataclass(frozen=True)
class Stage:
    """Items that are worked on in the same way.

    Attributes:
        items: In the order in which they are given out.
        open: Given a number from 0, makes a process; called once in each system process, so it must survive pickling.
        close: Called when all items have been tried.
        processes: System processes that work at the same time.
    """

    items: Sequence[Item]
    open: Callable[[int], Process]
    close: Callable[[], None] = lambda: None
    processes: int = 1


@dataclass(frozen=True)
class Work:
    """A whole step.

    Attributes:
        total: Items of all stages.
        stages: One after the other; a stage may depend on what those before it made.
        artefacts: What is there when all is done.
        folders: Where files are written.
        problems: Found before anything was tried.
        warnings: Likewise.
    """

    total: int
    stages: Iterable[Stage]
    artefacts: Sequence[Artefact]
    folders: Sequence[Path]
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


class Step(Protocol):
    """A command of ``python -m GPT_SoVITS.dataset``: the name ``STEP`` in a module of ``dataset/steps/``.

    Attributes:
        name: The command's.
        summary: One line of help.
    """

    name: str
    summary: str

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the options."""

    def prepare(self, given: Namespace) -> Work:
        """Look at the input and say what is to be done.

        Raises:
            StepError: it cannot be done.
        """

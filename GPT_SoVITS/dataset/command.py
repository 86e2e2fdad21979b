"""Command line: ``python -m GPT_SoVITS.dataset slice --inp recordings --out sliced ...``."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from GPT_SoVITS import _commands
from GPT_SoVITS.dataset import steps as folder
from GPT_SoVITS.dataset.cancelling import Cancellation
from GPT_SoVITS.dataset.problems import StepError
from GPT_SoVITS.dataset.running import fail, run
from GPT_SoVITS.dataset.work import Step
from GPT_SoVITS.events import FAILED, lines_to


def steps() -> list[Step]:
    """Return every step: each module of ``dataset/steps/`` has one or several."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    modules = [importlib.import_module(f"{folder.__name__}.{name}") for name in names]
    return [cast("Step", step) for module in modules for step in module.STEPS]


def parser(known: Sequence[Step]) -> argparse.ArgumentParser:
    """Return the parser of all steps."""
    root = argparse.ArgumentParser(prog=_commands.module("GPT_SoVITS.dataset"), description=__doc__)
    commands = root.add_subparsers(dest="step", required=True, metavar="STEP")
    for step in known:
        options = commands.add_parser(step.name, help=step.summary, description=step.summary)
        step.add_options(options)
        options.add_argument("--events", type=Path, help="file for events, a JSON object each line; default: output")
    return root


def main(arguments: list[str] | None = None) -> int:
    """Do a step and return the exit status: 0 finished, 1 failed, 3 cancelled; events are told as JSON lines."""
    known = steps()
    given = parser(known).parse_args(arguments)
    step = next(step for step in known if step.name == given.step)
    cancellation = Cancellation()
    try:
        with cancellation.listening(), lines_to(given.events) as lines:
            try:
                return run(step.name, step.prepare(given), lines, cancellation)
            except StepError as error:
                return fail(lines, error)
    except BrokenPipeError:  # nobody listens any more
        print("nobody reads the events", file=sys.stderr)
        return FAILED

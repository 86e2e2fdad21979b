"""Kill -9 and resume, many times in one training: does it end with the losses of one that was left alone?

    python -m tests.training.kills [--stage s1|s2] [--kills 20] [--seed 0]

Networks are small, a state is written at every step, and the GPT's optimiser steps once an epoch. Each process is
killed at a random moment after one to three steps, sometimes while it writes. Prints a row for each kill; the exit
status is 1 where any loss differs in any bit.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.training.test_command import Command, Events, events, losses

Losses = dict[int, dict[str, float]]
ROW = "{:>4} {:>12} {:>11} {:>10} {:>9}"
MOST_STEPS = 3
"""That a process takes before it is killed."""
LIKELY_STEPS = 5
"""That it has taken when it dies, on average less; what goes beyond them in all is not compared."""


@dataclass(frozen=True)
class Kill:
    """One process that was killed.

    Attributes:
        first: First step that it took.
        last: Last step that it told.
        repeated: Steps that the process before it had told and that were lost with it.
        differing: Steps whose losses are not those of the training that was left alone.
    """

    first: int
    last: int
    repeated: int
    differing: int


def _victim(command: Command, arguments: list[str], chance: random.Random) -> Events:
    """Start a process, kill it after a few steps and a moment, and return what it told."""
    process, steps = command.start(*arguments), chance.randint(1, MOST_STEPS)
    told: Events = []
    for event in events(process):
        told.append(event)
        steps -= event["event"] == "step"
        if steps == 0:
            break
    time.sleep(chance.random() * 0.2)
    process.send_signal(signal.SIGKILL)
    told += list(events(process))  # what it had told when it died
    process.wait()
    return told


def run(command: Command, kills: int, seed: int) -> Iterator[Kill]:
    """Kill so many processes of one training; yield each, and at last what ran to the end.

    The training that is left alone comes first, so that a run which is cut short has shown what it came to.
    """
    chance = random.Random(seed)
    arguments = ["--epochs", str((kills + 1) * LIKELY_STEPS)]
    expected = losses(_until_step(command, arguments, (kills + 1) * LIKELY_STEPS))
    command.forget()
    before = 0
    for number in range(kills + 1):
        rest = number == kills
        told = _until_step(command, arguments, before + MOST_STEPS) if rest else _victim(command, arguments, chance)
        part = losses(told)
        differing = sum(expected[step] != own for step, own in part.items() if step in expected)
        yield Kill(min(part), max(part), max(0, before - min(part) + 1), differing)
        before = max(part)


def _until_step(command: Command, arguments: list[str], step: int) -> Events:
    """Train up to a step, then end the process."""
    process = command.start(*arguments)
    told: Events = []
    for event in events(process):
        told.append(event)
        if event["event"] == "step" and event["step"] >= step:
            break
    process.kill()
    process.wait()
    return told


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=["s1", "s2"], default="s1")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(ROW.format("kill", "first step", "last step", "repeated", "differing"), flush=True)
    found: list[Kill] = []
    with tempfile.TemporaryDirectory() as root:
        for kill in run(Command(Path(root), options.stage), options.kills, options.seed):
            found.append(kill)
            name = len(found) if len(found) <= options.kills else "rest"
            print(ROW.format(name, kill.first, kill.last, kill.repeated, kill.differing), flush=True)
    return int(any(kill.differing for kill in found))


if __name__ == "__main__":
    sys.exit(main())

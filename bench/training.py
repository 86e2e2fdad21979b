"""Speed and memory of training steps beside PyTorch: same weights, same batch, one run.

    python -m bench.training [--case gpt|gan|gpt_small|gan_small] [--rounds 3] [--threads 2] [--torch-python PATH]

``gpt`` is the loss and all gradients of the full-size decoder, ``gan`` the generator and discriminators of a
full-size S2 step (audio, the discriminators' gradients, the generator's). Dropout and optimisers are left out on both
sides; the small cases have four layers, and one slice of a quarter of the length. The engines are processes of their
own that take turns, as in ``bench.networks``. On a machine that others use, compare the seconds of the processor of one
thread: others do not count there. Peak memory is that of the whole process, compiling included.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Spread
from bench.networks import FIXTURES, Measurement, measure
from GPT_SoVITS._environment import ONEDNN_ISA

CASES = ("gpt", "gan", "gpt_small", "gan_small")
ROW = "{:10s} {:>22s} {:>22s} {:>18s} {:>22s} {:>22s} {:>18s} {:>12s} {:>10s} {:>10s}"
ISA = "DEFAULT"
"""oneDNN's instruction set, as training chooses it where its convolutions are native."""


def main() -> None:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=CASES, help="only these (repeatable)")
    parser.add_argument("--rounds", type=int, default=3, help="turns per engine (default 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has PyTorch")
    parser.add_argument("--fixtures", type=Path, default=FIXTURES)
    options = parser.parse_args()
    os.environ[ONEDNN_ISA] = ISA
    print(f"seconds: minimum (median–maximum) of {options.rounds} steps, {options.threads} threads; 'speed' is")
    print(
        "PyTorch's time over ours, of the minima (and of pairs of turns); 'busy': seconds of the processor; peaks: MB"
    )
    titles = ("MindSpore s", "PyTorch s", "speed", "MindSpore busy", "PyTorch busy", "busy speed")
    print(ROW.format("case", *titles, "peaks", "compile s", "difference"))
    for case in options.case or CASES[:2]:
        pythons = (sys.executable, options.torch_python)
        engines = ("training_mindspore", "training_torch")
        (ours, theirs), difference = measure(
            case, pythons, options.threads, options.rounds, 1, options.fixtures, engines
        )
        print(row(case, ours, theirs, difference), flush=True)


def row(case: str, ours: Measurement, theirs: Measurement, difference: float) -> str:
    """Return a row of the table."""
    seconds = [[ms / 1e3 for ms in engine.milliseconds] for engine in (ours, theirs)]
    return ROW.format(
        case,
        *(str(Spread.of(times)) for times in seconds),
        speeds(*seconds),
        *(str(Spread.of(engine.busy)) for engine in (ours, theirs)),
        speeds(ours.busy, theirs.busy),
        f"{ours.peak_mb:.0f}/{theirs.peak_mb:.0f}",
        f"{ours.first_s:.1f}",
        f"{difference:.1e}",
    )


def speeds(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """PyTorch's time over ours: of the fastest steps, and the range over pairs of turns."""
    pairs = [b / a for a, b in zip(ours, theirs, strict=True)]
    return f"{min(theirs) / min(ours):.2f} ({min(pairs):.2f}–{max(pairs):.2f})"


if __name__ == "__main__":
    main()

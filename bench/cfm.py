"""Networks of v3 and v4 beside the official program: same random weights of full size, same inputs, one run.

    python -m bench.cfm --official FOLDER [--case NAME ...] [--rounds 5]

FOLDER is a checkout of the official repository; its requirements (PyTorch, x_transformers, librosa) have to be there.
Both sides live in processes of their own, a new one per case, and take turns. ``dit_step`` is one estimate of the
velocity over a whole chunk of v4, ``dit_step_of_4`` four of them at once, ``sentence`` everything from tokens to 4 s
of 48 kHz. The processor's seconds, the fewest of all runs, hardly depend on what else the machine does. Our weights are
float16, sums float32; ``bf16`` cases multiply bfloat16, as the default ``cfm_products: auto`` does where the processor
has such products, the others float32. The official program's numbers are float32.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bench.figures import Spread, markdown
from bench.networks import FIXTURES, measure

CASES = (
    "dit_step", "dit_step bf16", "dit_step_of_4", "dit_step_of_4 bf16", "bigvgan", "hifigan", "sentence",
    "sentence bf16",
)  # fmt: skip
HEADER = (
    "case", "here, ms", "official, ms", "ratio of the fastest", "of the medians", "processor's s here",
    "there", "ratio", "MB here/there", "difference",
)  # fmt: skip


def main() -> None:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.cfm", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--official", type=Path, required=True, help="checkout of the official repository")
    parser.add_argument("--case", action="append", choices=CASES, help="only these (repeatable)")
    parser.add_argument("--rounds", type=int, default=5, help="turns per side (default 5)")
    parser.add_argument("--repeats", type=int, default=1, help="runs per turn (default 1)")
    parser.add_argument("--steps", type=int, default=8, help="of the sampler in a sentence (default 8)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has the requirements")
    options = parser.parse_args()
    os.environ["GPT_SOVITS_BENCH_STEPS"] = str(options.steps)
    os.environ["GPT_SOVITS_OFFICIAL"] = str(options.official.resolve())
    rows = []
    for case in options.case or CASES:
        (ours, theirs), difference = measure(
            case, (sys.executable, options.torch_python), options.threads, options.rounds, options.repeats, FIXTURES,
            ("cfm_native", "cfm_official"),
        )  # fmt: skip
        middle = [sorted(each.milliseconds)[len(each.milliseconds) // 2] for each in (ours, theirs)]
        busy = [Spread.of(each.busy) for each in (ours, theirs)]
        rows.append((
            case, str(ours), str(theirs), f"{ours.best / theirs.best:.2f}", f"{middle[0] / middle[1]:.2f}",
            str(busy[0]), str(busy[1]), f"{busy[0].best / busy[1].best:.2f}",
            f"{ours.memory_mb:.0f}/{theirs.memory_mb:.0f}", f"{difference:.1e}",
        ))  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    print(markdown(HEADER, rows))


if __name__ == "__main__":
    main()

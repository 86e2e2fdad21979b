"""Command line: ``python -m tests.parity FOLDER [--only NAME] [--model NAME]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.parity.report import table
from tests.parity.runner import model_folders, run_folder


def main(arguments: list[str] | None = None) -> int:
    """Run the fixtures of a folder and return the exit status: 0 all hold, 1 a miss, 2 nothing to run."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of model folders, e.g. tests/data/parity")
    parser.add_argument("--only", default="", metavar="NAME", help="compare arrays whose name contains NAME")
    parser.add_argument("--model", default="", metavar="NAME", help="run model folders whose name contains NAME")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    rows, broken, unknown, missed = [], [], [], False
    for folder in model_folders(options.folder):
        if options.model not in folder.name:
            continue
        start = time.perf_counter()
        result = run_folder(folder, options.only)
        if result is None:
            unknown.append(folder.name)
            continue
        print(
            f"{folder.name}: {len(result.report.rows)} comparisons in {time.perf_counter() - start:.1f} s",
            file=sys.stderr,
        )
        rows += result.report.rows
        if result.error:
            broken.append((folder.name, result.error))
        if result.unchecked and not options.only:
            print(f"{folder.name}: not compared: {', '.join(result.unchecked)}", file=sys.stderr)
        # With --only a folder may have nothing to compare; without it that is a miss.
        missed |= not result.ok and not (options.only and not result.report.rows and not result.error)
    if rows:
        print(table(rows))
    for name, error in broken:
        print(f"\n{name} broke:\n{error}")
    if unknown:
        print(f"\nnot known yet, not run: {', '.join(unknown)}")
    if not rows and not broken:
        print("nothing was compared")
        return 2
    held = sum(row.ok for row in rows)
    print(f"\n{held} of {len(rows)} comparisons hold" + (f", {len(broken)} folders broke" if broken else ""))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

"""Command line: ``python -m tests.faults [--only WORDS]``: breaks a copy of the project, one fault after the other.

Prints which test noticed each fault. The exit status is 1 when a fault went unnoticed, 2 when one cannot be made.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
_CAUGHT = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_LIMIT_S = 1800.0


class FaultError(ValueError):
    """A fault does not fit the code as it is."""


def place_of(fault: Fault, root: Path = ROOT) -> Path:
    """Return the file that holds the fault's text.

    Raises:
        FaultError: the text does not occur once.
    """
    found = [path for path in sorted(root.glob(fault.place)) for _ in range(path.read_text("utf-8").count(fault.old))]
    if len(found) != 1:
        raise FaultError(f"{fault.name}: its text occurs {len(found)} times in {fault.place}, expected once")
    return found[0]


def named_tests(fault: Fault, root: Path = ROOT) -> list[str]:
    """Return the test files of a fault.

    Raises:
        FaultError: a pattern finds none.
    """
    found = [sorted(root.glob(pattern)) for pattern in fault.tests]
    if not all(found):
        raise FaultError(f"{fault.name}: there is no {', '.join(fault.tests)}")
    return [str(path.relative_to(root)) for paths in found for path in paths]


def copy_project(target: Path) -> None:
    """Copy what git knows, and the native libraries, so that nothing of the checkout is touched."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    libraries = (ROOT / "GPT_SoVITS/native/lib").glob("*")
    names = [name for name in listing.stdout.decode().split("\0") if name]
    for name in [*names, *(str(path.relative_to(ROOT)) for path in libraries)]:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def noticed_by(fault: Fault, copy: Path) -> str:
    """Make a fault in a copy, run its tests, undo it; return the first test that fails, empty when none does."""
    path = place_of(fault, copy)
    sound = path.read_text("utf-8")
    path.write_text(sound.replace(fault.old, fault.new), encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *named_tests(fault, copy)]
    try:
        done = subprocess.run(
            [*command, *(["-k", fault.only] if fault.only else [])],
            cwd=copy, capture_output=True, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "a test that never ended"
    finally:
        path.write_text(sound, encoding="utf-8")
    if done.returncode not in (0, 1):
        return f"the interpreter, status {done.returncode}: {done.stdout.strip()[-200:]}"
    caught = _CAUGHT.search(done.stdout)
    return "" if done.returncode == 0 else caught[1] if caught else "an unnamed test"


def main(arguments: list[str] | None = None) -> int:
    """Make the faults and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="faults whose name contains WORDS")
    only = parser.parse_args(arguments).only
    chosen = [fault for fault in FAULTS if only in fault.name]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        copy_project(Path(folder))
        for fault in chosen:
            began = time.perf_counter()
            try:
                test = noticed_by(fault, Path(folder))
            except FaultError as error:
                print(f"CANNOT BE MADE: {error}", flush=True)
                return 2
            unnoticed += not test
            print(
                f"{time.perf_counter() - began:6.1f} s  {fault.name}\n          {test or 'NOBODY NOTICED'}", flush=True
            )
    print(f"{len(chosen) - unnoticed} of {len(chosen)} faults were noticed")
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m GPT_SoVITS.native build`` and ``status``."""

from __future__ import annotations

import argparse
import sys
import time

from GPT_SoVITS import _commands
from GPT_SoVITS.native import isa
from GPT_SoVITS.native.build import BuildError, build, find_library
from GPT_SoVITS.native.library import load


def _build(levels: tuple[isa.InstructionSet, ...], force: bool) -> int:
    failed = 0
    for level in levels:
        began = time.perf_counter()
        try:
            built = build(level, force=force)
        except (BuildError, OSError) as error:
            print(f"{level.name}: {error}", file=sys.stderr)
            failed = 1
            continue
        how = f"built in {time.perf_counter() - began:.0f} s" if built.was_built_now else "up to date"
        print(f"{level.name}: {how} with {built.compiler}: {built.path.name}")
    return failed


def _status(levels: tuple[isa.InstructionSet, ...]) -> int:
    for level in levels:
        print(f"{level.name}: {'built' if find_library(level) else 'not built'}")
    library = load(may_build=False)
    print(library.description)
    return 0 if library.handle is not None else 1


def main(arguments: list[str] | None = None) -> int:
    """Build the native kernels or say what is there; return the exit status."""
    parser = argparse.ArgumentParser(prog=_commands.module("GPT_SoVITS.native"), description="Native kernels (C++).")
    parser.add_argument("command", choices=["build", "status"])
    parser.add_argument("--best", action="store_true", help="only the instruction set this machine would use")
    parser.add_argument("--machine", default=isa.machine(), help="processor family to build for: x86_64 or aarch64")
    parser.add_argument("--force", action="store_true", help="build even what is up to date")
    options = parser.parse_args(arguments)
    levels = isa.usable()[:1] if options.best else isa.of_machine(options.machine)
    if not levels:
        print(f"no instruction set of {options.machine} is supported", file=sys.stderr)
        return 1
    return _build(levels, options.force) if options.command == "build" else _status(levels)


if __name__ == "__main__":
    sys.exit(main())

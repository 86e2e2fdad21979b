"""Compiling the kernels: every source once for each instruction set, one shared library for each.

A library's file name holds a digest of sources and options, so one that does not fit the sources is never loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from GPT_SoVITS.native import isa
from GPT_SoVITS.native.compilers import COMMON_FLAGS, HOW_TO_GET_ONE, LINK_FLAGS, Compiler, find_compiler

SOURCES = Path(__file__).parent / "src"
BESIDE = Path(__file__).parent / "lib"
"""Where libraries lie that came with the package or were built in a checkout."""
TIMEOUT_SECONDS = 600
UNFINISHED = ".unfinished-"


class BuildError(RuntimeError):
    """The library cannot be built; the message holds the compiler's first complaints or what is missing."""


@dataclass(frozen=True)
class Built:
    """A library on disk and how it came about."""

    path: Path
    compiler: str
    was_built_now: bool


def folder() -> Path:
    """Return where libraries lie: beside this file, or in the user's cache where that cannot be written.

    Raises:
        BuildError: neither can be written.
    """
    with contextlib.suppress(OSError):
        BESIDE.mkdir(exist_ok=True)
    if BESIDE.is_dir() and os.access(BESIDE, os.W_OK | os.X_OK):
        return BESIDE
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = Path(home) / "gpt-sovits-mindspore" / "native"
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError) as error:
        raise BuildError(f"no folder for the library: {BESIDE} cannot be written, nor the user's: {error}") from error
    return cache


@lru_cache(maxsize=1)
def sources_digest() -> str:
    """Return the digest of all sources and the common options."""
    digest = hashlib.sha256(" ".join((*COMMON_FLAGS, *LINK_FLAGS)).encode())
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in (".cpp", ".h"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def library_name(level: isa.InstructionSet) -> str:
    """Return the file name of a level's library for the sources as they are."""
    flags = hashlib.sha256(" ".join(level.flags).encode()).hexdigest()[:4]
    return f"gpt_sovits_{level.name}_{sources_digest()}{flags}.so"


def find_library(level: isa.InstructionSet) -> Path | None:
    """Return the library of a level that fits the sources: the built one, or one that came with the package.

    A file that is not what was built (cut off, overwritten) does not count: loading it could end the process.
    """
    places = [BESIDE]
    with contextlib.suppress(BuildError):
        places.insert(0, folder())
    for place in places:
        path = place / library_name(level)
        if _is_intact(path):
            return path
    return None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_intact(path: Path) -> bool:
    try:
        return digest(path) == _stamp(path)["sha256"]
    except (OSError, KeyError):
        return False


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    import fcntl

    with (place / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603  (a compiler of this machine, our own sources)
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        complaints = "\n".join((done.stderr or done.stdout).splitlines()[:12])
        raise BuildError(f"{' '.join(command)} failed:\n{complaints}")


def _compile(compiler: Compiler, level: isa.InstructionSet, target: Path) -> None:
    flags = compiler.flags(level)
    with tempfile.TemporaryDirectory(prefix="gpt-sovits-native-") as scratch:

        def compile_one(source: Path) -> str:
            made = str(Path(scratch) / f"{source.stem}.o")
            name = f'-DGPT_SOVITS_ISA="{level.name}"'
            _run([*compiler.command, *COMMON_FLAGS, *flags, name, "-c", str(source), "-o", made])
            return made

        with ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2) as pool:
            objects = list(pool.map(compile_one, sorted(SOURCES.glob("*.cpp"))))
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=UNFINISHED, suffix=".so")
        os.close(handle)
        try:
            _run([*compiler.command, *flags, *LINK_FLAGS, *objects, "-o", unfinished])
            Path(unfinished).chmod(0o755)
            Path(unfinished).replace(target)
        finally:
            Path(unfinished).unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers find the old text or the new one, never a part."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _stamp(path: Path) -> dict[str, str]:
    """What is known of a library: its compiler and its digest; empty when that cannot be read."""
    try:
        found = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _built_by(path: Path) -> str:
    return _stamp(path).get("compiler", "unknown")


def _remove_old(target: Path, level: isa.InstructionSet) -> None:
    for old in target.parent.glob(f"gpt_sovits_{level.name}_*"):
        if old.stem != target.stem:
            old.unlink(missing_ok=True)
    # What a build that was killed left; the lock is held, so none of them is being written.
    for left in target.parent.glob(f"{UNFINISHED}*.so"):
        left.unlink(missing_ok=True)


def build(level: isa.InstructionSet, *, force: bool = False, place: Path | None = None) -> Built:
    """Build a level's library unless one of the same sources and compiler is there.

    Args:
        level: Instruction set.
        force: Build in any case.
        place: Folder of the library; by default :func:`folder`.

    Raises:
        BuildError: there is no compiler, or it fails.
    """
    place = folder() if place is None else place
    target = place / library_name(level)
    compiler = find_compiler(level.machine)
    with _locked(place):
        # Without a compiler a library that came with the package is as good as one built here.
        if not force and _is_intact(target) and (compiler is None or _built_by(target) == compiler.version):
            return Built(target, _built_by(target), was_built_now=False)
        if compiler is None:
            raise BuildError(f"no C++ compiler for {level.machine} found; {HOW_TO_GET_ONE}")
        _compile(compiler, level, target)
        write_whole(target.with_suffix(".json"), json.dumps({"compiler": compiler.version, "sha256": digest(target)}))
        _remove_old(target, level)
    return Built(target, compiler.version, was_built_now=True)

"""A disk that fails when a test says so: a library between the program and libc, steered through a shared file."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_SOURCE = Path(__file__).with_name("disk.c")
VARIABLE = "FAULTY_DISK"


class NoCompilerError(RuntimeError):
    """The library cannot be built here."""


class _Control(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_long),
        ("staying", ctypes.c_long),
        ("error", ctypes.c_long),
        ("count", ctypes.c_long),
        ("failed", ctypes.c_long),
        ("what", ctypes.c_char * 64),
        ("folders", ctypes.c_char * 4096),
    )


def build(folder: Path) -> Path:
    """Build the library in a folder; return it.

    Raises:
        NoCompilerError: there is no C compiler, or this is no Linux.
    """
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or sys.platform != "linux":
        raise NoCompilerError("a C compiler and Linux are needed")
    library = folder / "disk.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def environment(library: Path, control: Path) -> Mapping[str, str]:
    """Return the environment of a program whose disk is to fail; the control file is made."""
    control.write_bytes(bytes(ctypes.sizeof(_Control)))
    return {**os.environ, "LD_PRELOAD": str(library), VARIABLE: str(control)}


class Disk:
    """Steers the disk of this program, which was started with :func:`environment`."""

    def __init__(self) -> None:
        with Path(os.environ[VARIABLE]).open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._control = _Control.from_buffer(self._map)

    @contextlib.contextmanager
    def failing(self, places: Sequence[Path], number: int, error: int, *, staying: bool) -> Iterator[None]:
        """Let a write fail while the block runs.

        Args:
            places: Paths that begin so lie on the disk.
            number: Of the write, from 1.
            error: ``errno`` that it gets.
            staying: Whether all writes after it fail too.
        """
        control = self._control
        control.count = control.failed = 0
        control.what = b""
        control.folders = ":".join(map(str, places)).encode()
        control.error, control.staying = error, int(staying)
        control.number = number
        try:
            yield
        finally:
            control.number = 0

    @property
    def failed(self) -> str:
        """The call that failed first the last time; empty when none did."""
        return str(self._control.what.decode()) if self._control.failed else ""

"""Files that a step reads and writes: what is in a folder, whole files, and what an earlier run left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.encode import wav_header
from GPT_SoVITS.audio.files import AtomicFile
from GPT_SoVITS.dataset.problems import StepError

_PART = re.compile(r"\..+\.[0-9a-f]{16}\.part")
"""Names of unfinished files (:class:`AtomicFile`)."""


def recordings(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in the official order: by name. Hidden ones are nobody's recordings.

    Raises:
        StepError: there is nothing.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise StepError("input_missing", path=str(path))
    found = sorted((each for each in path.iterdir() if not each.name.startswith(".") and each.is_file()), key=_name)
    if not found:
        raise StepError("input_empty", path=str(path))
    return found


def refuse_same_folder(inp: Path, out: Path) -> None:
    """Refuse to write to where recordings are read from.

    Raises:
        StepError: both are one folder.
    """
    if out.resolve() == (inp.parent if inp.is_file() else inp).resolve():
        raise StepError("bad_option", option="--out", reason="is the folder of the recordings; choose another")


def _name(path: Path) -> str:
    return path.name


def make_folder(path: Path) -> None:
    """Make an output folder and remove the unfinished files of a run that was killed.

    Raises:
        StepError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        remove_unfinished(path)
    except OSError as error:
        raise StepError("output_unwritable", path=str(path), reason=error.strerror or str(error)) from error


def remove_unfinished(folder: Path) -> None:
    """Remove files that were being written when a run was ended.

    Raises:
        OSError: the folder is not there, or a file cannot be removed.
    """
    for left in folder.iterdir():
        if _PART.fullmatch(left.name):
            left.unlink(missing_ok=True)


def write_wav(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    """Write mono 16-bit WAV, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    data: bytes = np.ascontiguousarray(samples, "<i2").tobytes()
    write_bytes(path, wav_header(rate, len(data)) + data)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with AtomicFile(path) as file:
        file.stream.write(data)
        file.keep()


def signature(path: Path) -> list[Any]:
    """Return what changes when a file's content does: size and time of change.

    Raises:
        OSError: it is gone.
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]

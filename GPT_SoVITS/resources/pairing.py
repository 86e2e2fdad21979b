"""Weights that people put there by hand: where they lie, and which of them speak where nobody has chosen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from GPT_SoVITS.versions import SPOKEN, ModelVersion, version_of

WEIGHTS_ROOTS = (
    *(
        Path(f"{kind}_weights{of}")
        for kind in ("GPT", "SoVITS")
        for of in ("", "_v2", "_v2Pro", "_v2ProPlus", "_v3", "_v4")
    ),
    Path("GPT_SoVITS/pretrained_models"),
)
"""Folders of weights, below the project."""
KINDS = {"t2s": "gpt", "sovits": "sovits"}
"""Kind of a network, as its file tells, to what people call its weights."""
_SUFFIXES = {".ckpt", ".pth", ".safetensors", ".pt", ".bin"}
_DEPTH = 3
_MOST = 2000


class Candidate(Protocol):
    """A weight file, as far as choosing needs it."""

    @property
    def kind(self) -> str:
        """``gpt`` or ``sovits``."""

    @property
    def path(self) -> str:
        """Where it lies."""

    @property
    def version(self) -> str:
        """A name of :data:`GPT_SoVITS.versions.VERSIONS`, else empty."""

    @property
    def modified_at(self) -> int:
        """Unix seconds."""

    @property
    def lora(self) -> bool:
        """Whether it holds only changes to published weights."""

    @property
    def problem(self) -> str | None:
        """Why it cannot be used, None where nothing is known against it."""


File = TypeVar("File", bound=Candidate)


def weight_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the files in folders that may be weights, by name, at most 2000; a folder may also be such a file."""
    count = 0
    for folder in folders:
        if folder.is_file():
            yield folder
        for place, inner, names in os.walk(folder):
            inner.sort()
            if len(Path(place).relative_to(folder).parts) >= _DEPTH:
                inner.clear()
            for name in sorted(names):
                if Path(name).suffix.lower() in _SUFFIXES and not name.startswith(".") and count < _MOST:
                    count += 1
                    yield Path(place) / name


def newest_pair(files: Iterable[File], has: Callable[[str], bool]) -> tuple[File, File] | None:
    """Return the newest pair (GPT, SoVITS) of the highest version that could speak, None where no two files fit.

    The SoVITS file decides: its version, then when it was changed. The newest GPT file of the same phonemes goes with
    it. Files with a problem are left out, so that the next pair is found when the engine refuses one.

    Args:
        files: What there is.
        has: Whether a resource is installed; some versions need more than their own two files.
    """
    usable = [file for file in files if not file.problem and file.version in SPOKEN]
    gpt = sorted((file for file in usable if file.kind == "gpt"), key=_age, reverse=True)
    sovits = sorted((file for file in usable if file.kind == "sovits"), key=_rank, reverse=True)
    for voice in sovits:
        version = version_of(voice.version)
        fitting = [file for file in gpt if version_of(file.version).symbols == version.symbols]
        if fitting and all(map(has, _companions(version, voice.lora))):
            return fitting[0], voice
    return None


def _age(file: Candidate) -> tuple[int, str]:
    return file.modified_at, file.path


def _rank(file: Candidate) -> tuple[int, int, str]:
    return SPOKEN.index(file.version), *_age(file)


def _companions(version: ModelVersion, lora: bool) -> tuple[str, ...]:
    """Resources without which a version's weights, or the changes to published ones, do not load."""
    needed: tuple[str, ...] = ("speaker-verifier",) if version.uses_speaker_verifier else ()
    needed += (version.sovits,) if lora else ()
    return (*needed, version.vocoder_resource) if version.vocoder_resource else needed

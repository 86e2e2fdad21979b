"""What a recogniser is, which there are, and what may be chosen of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS import _commands
from GPT_SoVITS.resources.locate import project_root

RATE = 16000
MODEL_FOLDERS = ("tools/asr/models", "GPT_SoVITS/pretrained_models/asr")
"""Folders of models, below the project; the first is the official place."""
Samples = NDArray[np.float32]


class RecogniserError(RuntimeError):
    """A recogniser is not installed or cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Heard:
    """What was said.

    Attributes:
        text: Empty where nothing was.
        language: Its code, such as ``zh``.
    """

    text: str
    language: str


class Recogniser(Protocol):
    """Hears one recording after the other; what comes out depends on that recording alone."""

    def __call__(self, samples: Samples) -> Heard:
        """Samples (N,) at 16 kHz, full scale at 1 -> what is said.

        Raises:
            RecogniserError: this recording cannot be recognised.
        """


@dataclass(frozen=True)
class Wanted:
    """What the user has chosen.

    Attributes:
        size: One of the model's sizes.
        language: One of its languages.
        precision: One of its precisions.
        folder: The model's own files; None looks where they are installed.
    """

    size: str
    language: str
    precision: str
    folder: Path | None = None


@dataclass(frozen=True)
class Model:
    """A model that can be chosen, with the official choices.

    Attributes:
        name: As the official page has it.
        key: Short name, for command lines.
        require: Raises RecogniserError where it is not installed; quick.
        open: Loads it; raises RecogniserError where it cannot be used.
        sizes: The first is the default, as of the others.
        languages: Codes; ``auto`` lets the model decide.
        precisions: Of the weights.
        is_rough: Whether its texts have to be corrected from beginning to end.
    """

    name: str
    key: str
    require: Callable[[Wanted], object]
    open: Callable[[Wanted], Recogniser]
    sizes: tuple[str, ...]
    languages: tuple[str, ...]
    precisions: tuple[str, ...]
    is_rough: bool = False


def find_folder(name: str, file: str, given: Path | None = None) -> Path:
    """Return the folder of a model.

    Args:
        name: Of the folder.
        file: One that has to be in it.
        given: Folder that the user names.

    Raises:
        RecogniserError: there is none.
    """
    places = [given] if given is not None else [project_root() / folder / name for folder in MODEL_FOLDERS]
    for place in places:
        if (place / file).is_file():
            return place
    where = str(given) if given is not None else f"{MODEL_FOLDERS[0]}/{name}"
    raise RecogniserError(f"the model {name} is not installed: there is no {file} in {where}")


def require_package(name: str, *installed_by: str) -> None:
    """Raise RecogniserError unless a package can be imported; nothing of it is loaded.

    Args:
        name: Of the module.
        installed_by: What pip is to be given.
    """
    if find_spec(name) is None:
        command = _commands.pip_install(*installed_by)
        raise RecogniserError(f"{name} is not installed; install it with: {command}")

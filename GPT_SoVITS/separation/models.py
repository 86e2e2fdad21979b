"""Which separation models are installed, and opening one by its official name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from GPT_SoVITS.separation.errors import SeparationError
from GPT_SoVITS.separation.mdx import open_mdx
from GPT_SoVITS.separation.parts import Parts
from GPT_SoVITS.separation.vr import AGGRESSIVENESS, Tick, open_vr

FOLDERS = (Path("GPT_SoVITS/pretrained_models/uvr5_weights"), Path("tools/uvr5/uvr5_weights"))
"""Where models lie; the second is the official tool's folder."""
Kind = Literal["vr", "mdx"]
Separator = Callable[..., Parts]
"""``separator(wave, tick)``: see :class:`GPT_SoVITS.separation.vr.VrSeparator`."""


@dataclass(frozen=True)
class Model:
    """An installed model.

    Attributes:
        name: As the official page lists it: the file's name without ``.pth``, or the ONNX model's folder.
        path: The file or folder.
    """

    name: str
    path: Path

    @property
    def kind(self) -> Kind:
        """Which code runs it."""
        return "mdx" if self.path.is_dir() else "vr"

    @property
    def keeps_the_voice(self) -> bool:
        """Whether what the network keeps is the voice; the other networks keep what accompanies it."""
        return self.kind == "vr" and ("HP3" in self.name or "DeEcho" in self.name)


def installed(folders: Iterable[Path] = FOLDERS) -> list[Model]:
    """Return the models in the folders, by name."""
    found: dict[str, Model] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix == ".pth" and path.is_file():
                found.setdefault(path.stem, Model(path.stem, path))
            elif "onnx" in path.name and path.is_dir():
                found.setdefault(path.name, Model(path.name, path))
    return sorted(found.values(), key=lambda model: model.name)


def find(name: str, folders: Iterable[Path] = FOLDERS) -> Model:
    """Return an installed model by its name.

    Raises:
        SeparationError: there is none of this name; the message says what there is and where models belong.
    """
    folders = list(folders)
    models = installed(folders)
    for model in models:
        if model.name == name:
            return model
    if "roformer" in name.lower():
        raise SeparationError(f"{name} is a Roformer model, which cannot be run; HP2, HP3, HP5, VR-DeEcho and MDX can")
    if models:
        raise SeparationError(f"there is no model {name!r}; installed are {', '.join(model.name for model in models)}")
    raise SeparationError(
        f"no separation model is installed; put the official uvr5 models (such as HP2_all_vocals.pth) into {folders[0]}"
    )


def open_model(model: Model, aggressiveness: int = 10) -> Separator:
    """Open a model.

    Args:
        model: An installed one.
        aggressiveness: 0 to 20; only the models HP2, HP3 and HP5 heed it.

    Raises:
        SeparationError: a value is out of range, something is missing, or the file is no such model.
        CheckpointError: the file is damaged or of an unknown format.
        WeightsError: its arrays fit no network.
    """
    return open_mdx(model.path) if model.kind == "mdx" else open_vr(model.path, aggressiveness)


__all__ = ["AGGRESSIVENESS", "FOLDERS", "Model", "Separator", "Tick", "find", "installed", "open_model"]

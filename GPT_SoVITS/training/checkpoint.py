"""Where a training stands, in one file that is replaced as a whole: a training that dies goes on from there.

The file is a MindSpore checkpoint with a checksum: arrays under their names, and a text that says the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.atomic import replacing
from convert.errors import CheckpointError
from convert.mindspore_ckpt import METADATA_TAG, Writer
from convert.reader import load
from convert.storage import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
FORMAT = 1
_OF_EPOCH = re.compile(r"state-e(\d+)\.ckpt")
"""Names of the states that are kept of whole epochs."""
_BEFORE = {"precision": "fp32", "processes": 1}
"""What files of a time without these settings were written with."""


class ResumeError(ValueError):
    """The file cannot be continued from; the message says why and what to do."""


@dataclass(frozen=True)
class Position:
    """Where in the order of batches a training stands: what comes next.

    Attributes:
        epoch: Counted from 1.
        index: Batch of the epoch, counted from 0.
        step: Batches done in all.
    """

    epoch: int = 1
    index: int = 0
    step: int = 0


def save(path: Path, position: Position, settings: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a file that replaces the last one when it is complete and on disk.

    Args:
        path: The file.
        position: Where the training stands.
        settings: What must be the same for a training to go on in the same way.
        arrays: Everything that it goes on from.

    Raises:
        OSError: the disk is full or fails; the last file is as it was.
    """
    text = json.dumps({"format": FORMAT, "position": asdict(position), "settings": dict(settings)}, ensure_ascii=False)
    with replacing(path) as file:
        writer = Writer(file)
        writer.text(METADATA_TAG, text)
        for name, array in arrays.items():
            writer.array(name, np.atleast_1d(array))
        writer.finish()


def restore(path: Path, settings: Mapping[str, Any]) -> tuple[Position, dict[str, Array]]:
    """Read what :func:`save` wrote; scalars come back with one axis.

    Args:
        path: The file.
        settings: Those of now.

    Raises:
        ResumeError: the file is damaged, or the training was begun with other settings.
    """
    try:
        tree = load(path, verify=True).tree
    except CheckpointError as error:  # its words are about files that can be fetched again
        raise ResumeError(_damaged(path)) from error
    try:
        content = json.loads(tree[METADATA_TAG])
        position = Position(**content["position"])
        known = _BEFORE | content["settings"]
    except (KeyError, TypeError, ValueError) as error:
        raise ResumeError(_damaged(path)) from error
    differing = [
        f"{key} was {known.get(key)!r} and is {value!r}" for key, value in settings.items() if known.get(key) != value
    ]
    if differing:
        raise ResumeError(f"{path}: {'; '.join(differing)}; set it back to go on, or remove the file to begin anew")
    return position, {tag: np.array(value.array()) for tag, value in tree.items() if isinstance(value, Tensor)}


def _damaged(path: Path) -> str:
    """Say that a state is damaged, and what can be done: states of whole epochs may lie beside it."""
    kept = {int(found[1]): each for each in path.parent.glob("*") if (found := _OF_EPOCH.fullmatch(each.name))}
    newest = f"copy {kept[max(kept)].name} over it to go on after epoch {max(kept)}, or " if kept else ""
    return f"{path}, where the training stood, is damaged: {newest}remove it to begin anew"

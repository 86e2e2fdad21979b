"""What a weight file is and whether it would load, found out without reading its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.compare import compare_keys
from convert.description import Description, describe
from convert.errors import CheckpointError, WeightsMismatchError
from convert.expected import expected_keys
from convert.keymap import Mapped, map_official
from convert.lora import check, is_lora
from convert.reader import load
from convert.storage import located


@dataclass(frozen=True)
class Identity:
    """A weight file as lists show it.

    Attributes:
        kind: One of :data:`convert.keymap.KINDS`.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4; empty for networks that all versions share.
        lora: Whether it holds only the changes to published weights.
        problem: Why :func:`convert.weights.open_weights` would refuse it; empty where nothing is known against it.
    """

    kind: str
    version: str
    lora: bool
    problem: str = ""


@dataclass(frozen=True)
class _Shape:
    """Stands for an array whose values nobody has asked for."""

    shape: tuple[int, ...]


def _folded(_magnitude: Any, direction: Any) -> Any:
    return direction


def identify(path: str | Path) -> Identity:
    """Tell what a weight file is. Neither checksums nor values are looked at.

    Raises:
        CheckpointError: it is the file of no network, see also :func:`convert.reader.load`.
        OSError: it cannot be opened.
    """
    checkpoint = load(path, verify=False)
    try:
        described = describe(checkpoint)
    except CheckpointError as error:
        raise located(error, checkpoint.path) from error.__cause__
    lora = described.version.lora or is_lora(described.weights)
    try:
        if lora:
            check(described.weights, described.lora_rank)
        else:
            _check_shapes(described)
    except CheckpointError as error:
        return Identity(described.kind, described.version.name, lora, str(error))
    return Identity(described.kind, described.version.name, lora)


def _check_shapes(described: Description) -> None:
    shapes: Mapping[str, Any] = {key: _Shape(tensor.shape) for key, tensor in described.weights.items()}
    mapped = (
        Mapped(dict(shapes)) if described.ignored is not None else map_official(described.kind, shapes, folding=_folded)
    )
    report = compare_keys(expected_keys(described.kind, described.config), mapped)
    if report.missing or report.misshapen:
        raise WeightsMismatchError(report.missing, report.misshapen)

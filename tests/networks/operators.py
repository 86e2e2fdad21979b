"""Reads network code and MindSpore's documentation: which operators are used, and on which platforms each runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms
from mindspore import mint, nn, ops

ROOTS = {"ms": ms, "ops": ops, "nn": nn, "mint": mint}
# What builds cells, tensors and configuration rather than computing on the device.
STRUCTURAL = {
    *("nn.Cell", "nn.CellList", "nn.SequentialCell", "ms.nn.Cell"),
    *("ms.Tensor", "ms.Tensor.from_numpy", "ms.Parameter", "ms.ParameterTuple"),
    *("ms.jit", "ms.set_device", "ms.hal.is_available"),
    *("ms.float16", "ms.float32", "ms.int32", "ms.int64", "ms.bool_"),
}
# Tensor methods and properties that read metadata or leave the device.
HOST_METHODS = {"shape", "dtype", "ndim", "size", "asnumpy", "set_data", "name", "value", "data", "copy_"}
PLATFORMS = re.compile(r"Supported Platforms:\s*\n\s*(.+)")
REFERENCE = re.compile(r":(?:func|class|meth):`~?(mindspore(?:\.\w+)+)`")


@dataclass(frozen=True)
class Use:
    """One operator in the code: its dotted name and where it stands."""

    name: str
    where: str


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def _own_names(tree: ast.Module) -> set[str]:
    """Names of functions defined in the module: an attribute of that name is ours and not a tensor's."""
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _constructs(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Methods of cells that run on the device: ``construct`` and everything else but the constructor."""
    for cell in ast.walk(tree):
        if not isinstance(cell, ast.ClassDef) or not any(_dotted(base).endswith("Cell") for base in cell.bases):
            continue
        for item in cell.body:
            if isinstance(item, ast.FunctionDef) and item.name == "construct":
                yield item


def uses(path: Path) -> Iterator[Use]:
    """Yield the operators that a module uses: everything from ops, mint and nn, and tensor methods in ``construct``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prefixes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}  # the a.b of a.b.c
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and re.fullmatch(r"mindspore\.(ops|mint|nn)(\..+)?", node.module or ""):
            prefix = (node.module or "").removeprefix("mindspore.")
            for alias in node.names:
                yield Use(f"{prefix}.{alias.name}", f"{path.name}:{node.lineno}")
        if isinstance(node, ast.Attribute) and id(node) not in prefixes:
            name = _dotted(node)
            if name.split(".")[0] in ROOTS and name not in STRUCTURAL:
                yield Use(name, f"{path.name}:{node.lineno}")
    own = _own_names(tree)
    for function in _constructs(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                method, base = node.func.attr, _dotted(node.func.value)
                ours = base.split(".")[0] in ROOTS or base == "self" or method in own
                if not ours and method not in HOST_METHODS and hasattr(ms.Tensor, method):
                    yield Use(f"Tensor.{method}", f"{path.name}:{node.lineno}")


def resolve(name: str) -> Any:
    """Return the object of a dotted name such as ``ops.Conv2D`` or ``Tensor.reshape``, None when there is none."""
    head, *rest = name.split(".")
    target: Any = {**ROOTS, "Tensor": ms.Tensor, "mindspore": ms}.get(head)
    for part in rest:
        target = getattr(target, part, None)
    return target


def platforms(name: str, depth: int = 0) -> list[str]:
    """Return the platform lines of an operator's documentation, one per overload, following its references."""
    target = resolve(name)
    text = getattr(target, "__doc__", None) or ""
    lines: list[str] = PLATFORMS.findall(text)
    if lines or depth > 3:
        return lines
    for reference in REFERENCE.findall(text):
        lines = platforms(reference, depth + 1)
        if lines:
            return lines
    return []


def runs_everywhere(name: str) -> bool:
    """Whether the documentation lists both Ascend and CPU for one overload of the operator."""
    return any("Ascend" in line and "CPU" in line for line in platforms(name))

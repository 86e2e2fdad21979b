"""A checkpoint as a tree of plain values: dicts, lists, tuples, strings, numbers, None and tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convert.errors import CheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError
from convert.storage import Array, Tensor, located

MAX_DEPTH = 64
MAX_LEAVES = 200_000


class Record:
    """An object of a known harmless class, reduced to the dictionary of its fields."""

    def __init__(self) -> None:
        self.fields: dict[Any, Any] = {}


@dataclass(frozen=True)
class Name:
    """A class or function that the pickle names and the reader knows."""

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}.{self.attribute}"


def _children(node: Any) -> list[Any] | None:
    if isinstance(node, Record):
        return [node.fields]
    if isinstance(node, dict):
        return list(node.values())
    if isinstance(node, list | tuple):
        return list(node)
    return None


class _Plain:
    """Copies a value into plain containers, each shared container once, refusing cycles and explosive sharing."""

    def __init__(self) -> None:
        # id -> (copy, height, leaves when every reference is written out); the source keeps the ids alive
        self._done: dict[int, tuple[Any, int, int]] = {}
        self._open: set[int] = set()

    def convert(self, node: Any, depth: int = 0) -> tuple[Any, int, int]:
        children = _children(node)
        if children is None:
            return self._leaf(node), 0, 1
        if id(node) in self._done:
            copy, height, leaves = self._done[id(node)]
            self._check(depth + height, leaves)
            return copy, height, leaves
        if id(node) in self._open:
            raise UnsafeCheckpointError("the content contains itself; no weight file does")
        self._check(depth, 0)
        self._open.add(id(node))
        done = [self.convert(child, depth + 1) for child in children]
        self._open.remove(id(node))
        height = 1 + max((h for _, h, _ in done), default=0)
        leaves = 1 + sum(n for _, _, n in done)
        self._check(depth + height, leaves)
        copies = [copy for copy, _, _ in done]
        self._done[id(node)] = (self._rebuild(node, copies), height, leaves)
        return self._done[id(node)]

    @staticmethod
    def _leaf(node: Any) -> Any:
        if isinstance(node, Tensor | bytes | int | float | None):
            return node
        if isinstance(node, str | Name):
            return str(node)
        raise UnsupportedCheckpointError(f"a bare {type(node).__name__} where a value is expected; it was not loaded")

    @staticmethod
    def _rebuild(node: Any, copies: list[Any]) -> Any:
        if isinstance(node, Record):
            return copies[0]
        if isinstance(node, dict):
            return dict(zip(node.keys(), copies, strict=True))
        return copies if isinstance(node, list) else tuple(copies)

    @staticmethod
    def _check(depth: int, leaves: int) -> None:
        if depth > MAX_DEPTH:
            raise UnsafeCheckpointError(f"the content is nested more than {MAX_DEPTH} levels deep; no weight file is")
        if leaves > MAX_LEAVES:
            raise UnsafeCheckpointError(f"the content has more than {MAX_LEAVES} entries; no weight file has")


def plain(value: Any) -> Any:
    """Return the value with every record a dict and every container a fresh plain one.

    Raises:
        UnsafeCheckpointError: it contains itself, is nested too deep, or repeats shared parts explosively.
    """
    return _Plain().convert(value)[0]


def walk(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a plain tree with its ``/``-joined path (``/weight/enc_p.proj.bias``)."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from walk(child, f"{path}/{key}")
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from walk(child, f"{path}/{index}")
    else:
        yield path, node


@dataclass(frozen=True)
class Checkpoint:
    """Content of a weight file. Tensors are read from the mapped file only when their values are asked for.

    Attributes:
        path: File or folder it came from.
        format: ``torch-zip``, ``torch-legacy``, ``safetensors``, ``mindspore`` or ``huggingface-folder``.
        head: First 8192 bytes of the file (the official version detection hashes them), empty for a folder.
        size: Length of the file, or of a folder's weight files together, in bytes.
        tree: Plain values; tensors are :class:`convert.storage.Tensor`.
    """

    path: Path
    format: str
    head: bytes
    size: int
    tree: Any = field(repr=False)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (path, tensor) for every tensor."""
        return ((path, leaf) for path, leaf in walk(self.tree) if isinstance(leaf, Tensor))

    def values(self) -> Iterator[tuple[str, Any]]:
        """Yield (path, value) for every leaf that is not a tensor."""
        return ((path, leaf) for path, leaf in walk(self.tree) if not isinstance(leaf, Tensor))

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Yield (path, values) for every tensor, reading them one by one."""
        return ((path, tensor.array()) for path, tensor in self.tensors())

    def verify(self) -> None:
        """Read every storage once and compare its checksum.

        Raises:
            CorruptCheckpointError: a storage is damaged.
        """
        seen: set[int] = set()
        for _, tensor in self.tensors():
            if id(tensor.blob) in seen:
                continue
            seen.add(id(tensor.blob))
            try:
                tensor.blob.read()
            except CheckpointError as error:
                raise located(error, self.path) from error.__cause__

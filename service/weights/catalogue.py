"""The weight files that are installed, each with what it is."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from convert import CheckpointError, identify
from GPT_SoVITS.resources import load_manifest, locate
from service.weights.choice import relative

KINDS = {"t2s": "gpt", "sovits": "sovits"}
_SUFFIXES = {".ckpt", ".pth", ".safetensors", ".pt", ".bin"}
_DEPTH = 3
_MOST = 2000
# What a synthesis needs besides a pair of weights, and one pair.
_NEEDED = ("hubert", "roberta")
_PAIR = ("gpt-v2", "sovits-v2")


@dataclass(frozen=True)
class WeightFile:
    """A weight file.

    Attributes:
        kind: ``gpt`` or ``sovits``.
        path: Relative to the project where it lies within.
        name: Last part of the path.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4; "" where the file does not tell.
        size: Bytes.
        modified_at: Unix seconds.
        lora: Whether it holds only changes to published weights.
        problem: Why it cannot be used, None where nothing is known against it.
    """

    kind: str
    path: str
    name: str
    version: str
    size: int
    modified_at: int
    lora: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class MissingResource:
    """Something that is not installed and a synthesis needs.

    Attributes:
        name: Its id.
        description: What it is.
        description_zh: The same in Chinese.
        size: Bytes to be fetched, None where that is not known.
        command: What fetches it.
    """

    name: str
    description: str
    description_zh: str
    size: int | None
    command: str


class Catalogue:
    """Looks through the weight folders; what a file is stays known until it changes. Blocks. Threads may share it.

    Args:
        root: The project.
        folders: Where weights lie; may also name files.
        given: Where the configuration says that a resource lies, by its id.
    """

    def __init__(self, root: Path, folders: Iterable[Path], given: Mapping[str, str | None] | None = None) -> None:
        self._root, self._folders = root, tuple(folders)
        self._given = {name: root / path for name, path in (given or {}).items() if path}
        self._known: dict[tuple[str, int, int], WeightFile | None] = {}
        self._lock = threading.Lock()

    def files(self) -> list[WeightFile]:
        """Return all weights of the two networks that can be chosen, by kind and name."""
        found = {}
        for path in self._paths():
            try:
                status = path.stat()
            except OSError:  # removed meanwhile
                continue
            key = (str(path), status.st_mtime_ns, status.st_size)
            with self._lock:
                known = key in self._known
                file = self._known.get(key)
            found[key] = file if known else self._look(path, status)
        with self._lock:
            self._known = found
        return sorted((file for file in found.values() if file is not None), key=lambda file: (file.kind, file.path))

    def missing(self) -> list[MissingResource]:
        """Return what a synthesis needs and is not installed."""
        needed = list(_NEEDED)
        kinds = {file.kind for file in self.files() if file.problem is None}
        needed += [name for name, kind in zip(_PAIR, ("gpt", "sovits"), strict=True) if kind not in kinds]
        manifest = load_manifest()
        missing = [manifest.get(name) for name in needed if not self._is_installed(name)]
        return [
            MissingResource(
                each.id,
                each.description["en"],
                each.description["zh"],
                each.size,
                f"python -m GPT_SoVITS.resources fetch {each.id}",
            )
            for each in missing
        ]

    def _is_installed(self, name: str) -> bool:
        if name in self._given:
            return self._given[name].exists()
        return locate(name, self._root) is not None

    def _paths(self) -> Iterator[Path]:
        count = 0
        for folder in self._folders:
            if folder.is_file():
                yield folder
            for place, folders, names in os.walk(folder):
                folders.sort()
                if len(Path(place).relative_to(folder).parts) >= _DEPTH:
                    folders.clear()
                for name in sorted(names):
                    if Path(name).suffix.lower() in _SUFFIXES and not name.startswith(".") and count < _MOST:
                        count += 1
                        yield Path(place) / name

    def _look(self, path: Path, status: os.stat_result) -> WeightFile | None:
        shown = relative(path, self._root)
        about = (path.name, "", status.st_size, int(status.st_mtime))
        try:
            identity = identify(path)
        except (CheckpointError, OSError) as error:
            # By the folders' names; a file elsewhere that is no weights is none of ours.
            kind = "sovits" if "sovits_weights" in shown.lower() else "gpt" if "gpt_weights" in shown.lower() else None
            return None if kind is None else WeightFile(kind, shown, *about, problem=str(error))
        kind = KINDS.get(identity.kind)
        if kind is None:
            return None
        return WeightFile(kind, shown, path.name, identity.version, *about[2:], lora=identity.lora)

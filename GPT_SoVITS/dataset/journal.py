"""What a step has made of each of its files: a hidden file in the output folder, a JSON object each line.

A step that is started again reads it and does only what is missing. A line is written before the outputs of a file
and once more after them, so that what a killed run left of a file is known as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GPT_SoVITS.dataset.problems import StepError


@dataclass(frozen=True)
class Entry:
    """What was made of a file.

    Attributes:
        key: What it was made from: the file's signature and the options.
        outputs: Names of what was, or was going to be, written.
        done: Whether it was.
        result: What else there is to know about it.
    """

    key: Any
    outputs: tuple[str, ...]
    done: bool
    result: Any = None


@dataclass(frozen=True)
class Journal:
    """The journal of a step in an output folder; several processes may write to it.

    Attributes:
        folder: The output folder.
        step: The step's name.
    """

    folder: Path
    step: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / f".{self.step}.jsonl"

    def read(self) -> dict[str, Entry]:
        """Return the last entry of each file; its outputs are those of all entries, so that none is forgotten.

        Raises:
            StepError: it cannot be read.
        """
        try:
            lines = self.path.read_bytes().splitlines() if self.path.is_file() else []
        except OSError as error:
            raise StepError("output_unwritable", path=str(self.path), reason=error.strerror or str(error)) from error
        found: dict[str, Entry] = {}
        for line in lines:
            name, entry = _parsed(line)
            if entry is not None:
                known = found[name].outputs if name in found and not entry.done else ()
                outputs = tuple(dict.fromkeys((*known, *entry.outputs)))
                found[name] = Entry(entry.key, outputs, entry.done, entry.result)
        return found

    def add(self, name: str, key: Any, outputs: Sequence[str], done: bool, result: Any = None) -> None:
        """Note what is being, or was, made of a file.

        Raises:
            OSError: it cannot be written.
        """
        value = {"name": name, "key": key, "outputs": list(outputs), "done": done, "result": result}
        line = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # In one call, so that lines of several processes do not mix; the break before it ends a torn line.
            os.write(descriptor, b"\n" + line + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _parsed(line: bytes) -> tuple[str, Entry | None]:
    """A line's file and entry; a line that a killed process tore has none."""
    try:
        value = json.loads(line.decode("utf-8", "surrogateescape"))
        if not isinstance(value, Mapping):
            return "", None
        outputs = tuple(str(name) for name in value["outputs"])
        return str(value["name"]), Entry(value["key"], outputs, bool(value["done"]), value.get("result"))
    except (ValueError, KeyError, TypeError):
        return "", None

"""Where training's data lie: datasets, experiments, and what a step makes; and where a client's paths may lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.identifiers import disk_name
from service.jobs.records import canonical_hash
from service.paths import confined
from service.training.names import ASR, DENOISE, SLICE

_DIGITS = 8
_NOT_OF_THE_RESULT = frozenset({"session_id", "user_id", "tool", "n_parts"})
"""Fields that change nothing in what a step makes."""
_NAMED = {SLICE: "opt_root", DENOISE: "denoise_opt_dir", ASR: "asr_opt_dir"}
"""Kind -> the field that names the folder of its results."""


@dataclass(frozen=True)
class Places:
    """The folders of training.

    Attributes:
        root: The service's folder: relative paths begin there.
        datasets: A folder for each dataset.
        experiments: A training folder for each experiment, in the layout of the official program.
        allowed: Folders in which clients may name paths.
    """

    root: Path
    datasets: Path
    experiments: Path
    allowed: tuple[Path, ...]

    def confined(self, field: str, path: str) -> Path:
        """Return the real path of a file or folder that a client named. Blocks.

        Raises:
            ParameterError: it lies outside the allowed folders.
            MissingError: nothing is there.
        """
        return confined(path, self.allowed, self.root, field, missing="path_missing", is_there=Path.exists)

    def folder(self, field: str, path: str) -> Path:
        """Return the real path of a folder that a client named. Blocks.

        Raises:
            ParameterError: it lies outside the allowed folders.
            MissingError: there is no such folder.
        """
        return confined(path, self.allowed, self.root, field, missing="folder_missing", is_there=Path.is_dir)

    def experiment(self, exp_name: str) -> Path:
        """Return the training folder of an experiment."""
        return self.experiments / exp_name

    def target(self, field: str, path: str) -> Path:
        """Return the real path of a folder for results that a client named; it need not be there. Blocks.

        Raises:
            ParameterError: it lies neither in the datasets nor in the folder of results.
        """
        return confined(path, (self.datasets, self.root / "output"), self.root, field, is_there=lambda found: True)

    def output(self, kind: str, request: Mapping[str, Any], source: str) -> Path:
        """Return the folder of what a step makes: the same for the same work, so that it is continued.

        Args:
            kind: Of the step.
            request: Its fields.
            source: What it reads, as the request names it.

        Raises:
            ParameterError: the request names a folder outside those for results.
        """
        if named := request.get(_NAMED.get(kind, "")):
            return self.target(_NAMED[kind], named)
        told = {name: value for name, value in request.items() if name not in _NOT_OF_THE_RESULT}
        return self._dataset(source, str(request["session_id"])) / f"{kind}-{canonical_hash(told)[:_DIGITS]}"

    def listed(self, request: Mapping[str, Any]) -> Path:
        """Return the list that a transcription writes, named by the folder of its recordings."""
        source = str(request["asr_inp_dir"])
        return self.output(ASR, request, source) / f"{(self.root / source).resolve().name}.list"

    def _dataset(self, source: str, session_id: str) -> Path:
        """Return the dataset that a path belongs to; what lies elsewhere becomes one named by the session."""
        datasets = self.datasets.resolve()
        real = (self.root / source).resolve()
        if real.is_relative_to(datasets) and real != datasets:
            first = datasets / real.relative_to(datasets).parts[0]
            if not first.is_file():
                return first
        return datasets / disk_name(session_id)

    def named(self, path: str) -> str:
        """Return a path that a step told, which runs in the service's folder, as clients see it."""
        return self.shown((self.root / path).resolve())

    def shown(self, path: Path) -> str:
        """Return a path as clients see and name it: relative to the service's folder where it lies within."""
        root = self.root.resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

"""What is on disk of experiments: their checkpoints and sample sounds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import MissingError
from service.training.names import checked_file_name
from service.training.places import Places

_GPT = re.compile(r"(?P<name>.+)-e(?P<epoch>\d{1,9})\.ckpt")
_SOVITS = re.compile(r"(?P<name>.+)_e(?P<epoch>\d{1,9})_s(?P<step>\d{1,9})(?:_l\d+)?\.pth")
_SAMPLE = re.compile(r"step-(?P<step>\d{1,9})-(?P<kind>real|generated|mel)\.(?:wav|png)")
_MOST = 2000


@dataclass(frozen=True)
class Checkpoint:
    """A file of weights that a training has written.

    Attributes:
        network: ``gpt`` or ``sovits``.
        path: As routes take it: relative to the service's folder where it lies within.
        epoch: After which it was written.
        step: Likewise; None where the name does not tell.
        size: Bytes.
        modified_at: Unix seconds.
    """

    network: str
    path: str
    epoch: int
    step: int | None
    size: int
    modified_at: float


@dataclass(frozen=True)
class Sample:
    """A sound or a picture that a training has written beside its state.

    Attributes:
        path: Relative to the folder of all experiments.
        step: At which it was made.
        kind: ``real``, ``generated``: sounds; ``mel``: a picture of both.
    """

    path: str
    step: int
    kind: str


class Experiments:
    """Every method blocks: call it off the event loop.

    Args:
        places: Where training folders lie.
        weights: Folders of weights.
    """

    def __init__(self, places: Places, weights: Sequence[Path]) -> None:
        self._places, self._weights = places, tuple(weights)

    def names(self) -> list[str]:
        """Return the names of all experiments, the newest first."""
        try:
            found = [each for each in os.scandir(self._places.experiments) if each.is_dir() and each.name[0] != "."]
        except FileNotFoundError:
            return []
        return [each.name for each in sorted(found, key=lambda each: (-each.stat().st_mtime, each.name))]

    def check(self, name: str) -> None:
        """Raise unless there is an experiment of a name.

        Raises:
            ParameterError: it is no name of one.
            MissingError: there is neither a training folder nor a checkpoint.
        """
        folder = self._places.experiment(checked_file_name("exp_name", name))
        if not folder.is_dir() and not self.checkpoints(name):
            raise MissingError("experiment_missing", name=name)

    def checkpoints(self, name: str) -> list[Checkpoint]:
        """Return the weights of an experiment, by network and epoch."""
        found = [each for folder in self._weights for each in self._of(folder, name)]
        return sorted(found, key=lambda each: (each.network, each.epoch, each.step or 0, each.path))

    def _of(self, folder: Path, name: str) -> Iterator[Checkpoint]:
        for network, pattern in (("gpt", _GPT), ("sovits", _SOVITS)):
            for path in _files(folder):
                match = pattern.fullmatch(path.name)
                if match is not None and match["name"] == name:
                    status, step = path.stat(), match.groupdict().get("step")
                    shown = self._places.shown(path.resolve())
                    numbers = int(match["epoch"]), None if step is None else int(step)
                    yield Checkpoint(network, shown, *numbers, status.st_size, status.st_mtime)

    def samples(self, name: str) -> list[Sample]:
        """Return the samples of an experiment, by step."""
        place = self._places.experiment(checked_file_name("exp_name", name))
        found = []
        for folder in sorted(place.glob("logs_s2_*/samples")):
            for path in _files(folder):
                if (match := _SAMPLE.fullmatch(path.name)) is not None:
                    within = path.relative_to(self._places.experiments).as_posix()
                    found.append(Sample(within, int(match["step"]), match["kind"]))
        return sorted(found, key=lambda each: (each.step, each.kind, each.path))


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder, links left out, at most 2,000."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())[:_MOST]
    except OSError:
        return []

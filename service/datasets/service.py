"""Datasets for their routes: paths of lists resolved, lines with where they can be heard. Every method blocks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from GPT_SoVITS.dataset.labels import lists as labels
from GPT_SoVITS.dataset.labels.checking import doubts
from service.datasets import lists
from service.datasets.folders import SOUNDS, Datasets
from service.datasets.lists import Change, Labels, Line
from service.errors import MissingError, ParameterError, ServiceError
from service.training.names import checked_file_name
from service.training.places import Places


@dataclass(frozen=True)
class Shown:
    """A line with what is known of its recording.

    Attributes:
        line: Of the list.
        recording: Path relative to the dataset; None where it is elsewhere or missing.
        seconds: Length of the recording.
        warnings: What to look at.
    """

    line: Line
    recording: str | None
    seconds: float | None
    warnings: tuple[str, ...]


class DatasetService:
    """What the routes need.

    Args:
        datasets: The folders.
        places: Where recordings may lie.
    """

    def __init__(self, datasets: Datasets, places: Places) -> None:
        self.datasets, self.places = datasets, places

    def path_of(self, name: str, *parts: str) -> str:
        """Return a path within a dataset as trainings name it."""
        return self.places.shown(self.datasets.folder.resolve() / name / "/".join(parts))

    def _list(self, name: str, path: str) -> Path:
        return self.datasets.file(name, path, (".list",))

    def read(self, name: str, path: str, offset: int, most: int) -> tuple[Labels, list[Shown]]:
        """Return a list, and a part of its lines with what is known of their recordings.

        Raises:
            ParameterError, MissingError, TooLargeError: as :func:`service.datasets.lists.read`.
        """
        found = self._list(name, path)
        labels = lists.read(found)
        return labels, [self._shown(name, found, line) for line in labels.lines[offset : offset + most]]

    def _shown(self, name: str, listed: Path, line: Line) -> Shown:
        try:
            sound = self._recording(name, listed, line.path)
        except ServiceError:
            return Shown(line, None, None, ("missing",) if not line.wrong else ())
        seconds = _seconds(sound)
        place = self.datasets.place(name).resolve()
        within = sound.relative_to(place).as_posix() if sound.is_relative_to(place) else None
        return Shown(line, within, seconds, () if seconds is None else tuple(warnings(line, seconds)))

    def _recording(self, name: str, listed: Path, path: str) -> Path:
        """Return the file of a line: as the path says, else beside the list, else of that name in the dataset.

        Raises:
            ParameterError: it lies elsewhere.
            MissingError: there is none.
        """
        last = path.replace("\\", "/").rsplit("/", 1)[-1]
        with contextlib.suppress(ServiceError):
            return self.recording_beside(listed, path)
        place = self.datasets.place(name)
        for folder in sorted(place.iterdir()):
            if folder.is_dir() and last and (folder / last).is_file() and not folder.name.startswith("."):
                return (folder / last).resolve()
        raise MissingError("file_missing", field="path", name=last)

    def recording_beside(self, listed: Path, path: str) -> Path:
        """Return the file of a line: as the path says, else as seen from the list's folder.

        Raises:
            ParameterError: it lies elsewhere.
            MissingError: there is none.
        """
        with contextlib.suppress(ServiceError):
            return self.places.confined("path", path)
        return self.places.confined("path", str(listed.parent / path))

    def change(self, name: str, path: str, revision: str, changes: Sequence[Change]) -> Labels:
        """Change a list; see :func:`service.datasets.lists.change`."""
        found = self._list(name, path)

        def find(recording: str) -> Path:
            sound = self._recording(name, found, recording)
            if sound.suffix.lower() not in SOUNDS or not sound.is_relative_to(self.datasets.folder.resolve()):
                raise ParameterError("path_outside", field="path", folders=self.path_of(name))
            return sound

        return lists.change(found, revision, changes, find)

    def write(self, name: str, path: str, revision: str | None, lines: Sequence[Line]) -> Labels:
        """Write a list anew; see :func:`service.datasets.lists.replace_all`."""
        place = self.datasets.place(name)
        folder, _, last = path.rpartition("/")
        checked_file_name("path", last)
        if not last.endswith(".list"):
            raise ParameterError("path_malformed", field="path")
        parent = place / folder
        if any(part.startswith(".") for part in Path(folder).parts):
            raise ParameterError("path_malformed", field="path")
        if not parent.is_dir():  # nor is a link to itself, which cannot be resolved
            raise MissingError("folder_missing", field="path", name=folder)
        if not parent.resolve().is_relative_to(place.resolve()):
            raise ParameterError("path_malformed", field="path")
        return lists.replace_all(parent / last, revision, lines)


def warnings(line: Line, seconds: float) -> list[str]:
    """Return what to look at, by the codes of the dataset steps: the report of a step and the list agree."""
    if line.wrong:
        return []
    told = doubts(labels.Line(0, line.path, line.speaker, line.language, line.text), seconds)
    return [each.code for each in told]


def _seconds(path: Path) -> float | None:
    try:
        return round(float(soundfile.info(str(path)).duration), 3)
    except (soundfile.LibsndfileError, OSError, ValueError):
        return None

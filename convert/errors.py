"""What can be wrong with a weight file. Every message says what was found and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class CheckpointError(ValueError):
    """Base of everything the reader and the converter raise about a file's content."""


class CorruptCheckpointError(CheckpointError):
    """The file is damaged, cut short, or not a weight file at all."""


class UnsafeCheckpointError(CheckpointError):
    """The file asks for something that a weight file has no need of: a foreign class, a call, absurd sizes.

    Attributes:
        name: Dotted name of the class or function it asked for, empty when the reason is another.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class UnsupportedCheckpointError(CheckpointError):
    """The file is sound, but of a kind that cannot be used here."""


Shape = tuple[int, ...]


class WeightsMismatchError(CheckpointError):
    """The weights do not fit the network their configuration describes.

    Attributes:
        missing: Keys the network needs and the file lacks, with the shape needed.
        misshapen: Keys of another shape: (found, needed).
    """

    def __init__(self, missing: Mapping[str, Shape], misshapen: Mapping[str, tuple[Shape, Shape]]) -> None:
        self.missing = dict(missing)
        self.misshapen = dict(misshapen)
        super().__init__("; ".join(self.lines()))

    def lines(self) -> Sequence[str]:
        """One line per key that does not fit."""
        lines = [f"missing: {key} {list(shape)}" for key, shape in sorted(self.missing.items())]
        for key, (found, needed) in sorted(self.misshapen.items()):
            lines.append(f"misshapen: {key} is {list(found)}, the network needs {list(needed)}")
        return lines

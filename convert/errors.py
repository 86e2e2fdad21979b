"""What can be wrong with a weight file. Every message says what was found and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convert.printing import listed, printable


class CheckpointError(ValueError):
    """Base of everything the reader and the converter raise about a file's content.

    The message is one printable line of bounded length, whatever of the file it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def locate(self, path: object) -> None:
        """Put the file's path before the message, unless it is there."""
        where, said = printable(path), str(self)
        if where not in said:
            self.args = (printable(f"{where}: {said}"),)


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
_LINES_TOLD = 20
_KEYS_TOLD = 3


class WeightsMismatchError(CheckpointError):
    """The weights do not fit the network their configuration describes.

    Attributes:
        missing: Keys the network needs and the file lacks, with the shape needed.
        misshapen: Keys of another shape: (found, needed).
    """

    def __init__(self, missing: Mapping[str, Shape], misshapen: Mapping[str, tuple[Shape, Shape]]) -> None:
        self.missing = dict(missing)
        self.misshapen = dict(misshapen)
        lines = self.lines()
        rest = f"; and {len(lines) - _LINES_TOLD} more" if len(lines) > _LINES_TOLD else ""
        super().__init__("; ".join(lines[:_LINES_TOLD]) + rest)

    def lines(self) -> Sequence[str]:
        """One line per key that does not fit."""
        lines = [f"missing: {printable(key, 200)} {list(shape)}" for key, shape in sorted(self.missing.items())]
        for key, (found, needed) in sorted(self.misshapen.items()):
            lines.append(f"misshapen: {printable(key, 200)} is {list(found)}, the network needs {list(needed)}")
        return lines


class NotFiniteError(CheckpointError):
    """Weights hold NaN or infinity: whatever is computed with them is silence or noise.

    Attributes:
        keys: The weights, by name.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        super().__init__(
            f"{listed(self.keys, _KEYS_TOLD)}: holds values that are not finite (NaN or Inf); training went wrong "
            "or the file is damaged, use an earlier checkpoint"
        )


class ConfigurationError(UnsupportedCheckpointError):
    """A field of a configuration has another type or lies outside its range; the message names all three."""

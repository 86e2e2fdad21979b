"""Compares the keys a network needs with those a file gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from convert.errors import Shape, WeightsMismatchError
from convert.keymap import Mapped


@dataclass(frozen=True)
class KeyReport:
    """Every key of a file and of a network, accounted for.

    Attributes:
        mapped: Our keys that the file fills.
        ignored: Official key to the reason why it is left out.
        missing: Our key to the shape the network needs.
        unexpected: Our keys that this network has not, with their shapes.
        misshapen: Our key to (found, needed).
    """

    mapped: tuple[str, ...]
    ignored: Mapping[str, str]
    missing: Mapping[str, Shape]
    unexpected: Mapping[str, Shape]
    misshapen: Mapping[str, tuple[Shape, Shape]]

    def check(self) -> None:
        """Raise unless the file fills the network.

        Raises:
            WeightsMismatchError: keys are missing or misshapen; all of them are named.
        """
        if self.missing or self.misshapen:
            raise WeightsMismatchError(self.missing, self.misshapen)

    def lines(self) -> list[str]:
        """What was taken and what was left out, in words; keys of one reason are counted together."""
        lines = [f"{len(self.mapped)} parameters mapped"]
        for reason, count in Counter(self.ignored.values()).most_common():
            first = next(key for key, text in self.ignored.items() if text == reason)
            lines.append(f"{count} ignored ({first}{', ...' if count > 1 else ''}): {reason}")
        return lines + [
            f"not in this network, left out: {key} {list(shape)}" for key, shape in sorted(self.unexpected.items())
        ]


def compare_keys(expected: Mapping[str, Shape], mapped: Mapped) -> KeyReport:
    """Compare a network's keys and shapes with mapped arrays.

    Args:
        expected: Our key to shape, as :func:`convert.expected.expected_keys` computes it.
        mapped: What the file gives.
    """
    found = {key: tuple(array.shape) for key, array in mapped.arrays.items()}
    misshapen = {
        key: (found[key], shape) for key, shape in expected.items() if key in found and found[key] != tuple(shape)
    }
    return KeyReport(
        mapped=tuple(key for key in expected if key in found and key not in misshapen),
        ignored=mapped.ignored,
        missing={key: tuple(shape) for key, shape in expected.items() if key not in found},
        unexpected={key: shape for key, shape in found.items() if key not in expected},
        misshapen=misshapen,
    )

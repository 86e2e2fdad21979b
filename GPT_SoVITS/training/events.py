"""What a training tells while it runs: one JSON object per line, and the same numbers as TensorBoard event files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from GPT_SoVITS.events import JsonLines
from GPT_SoVITS.training.tensorboard import EventFile


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: ``started``, ``step``, ``sample``, ``epoch``, ``saved``, ``paused``, ``resumed``, ``cancelled``,
            ``finished``, ``failed``, ``overflow``.
        step: Steps taken.
        values: What belongs to the kind; see docs/TRAINING.md.
    """

    kind: str
    step: int
    values: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
"""Is told every event."""


def to_lines(lines: JsonLines) -> Listener:
    """Return a listener that writes every event as a line."""
    return lambda event: lines.write(event.kind, {"step": event.step, **event.values})


class TensorBoard:
    """Writes the numbers of steps to an event file in a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = EventFile(folder)

    def __call__(self, event: Event) -> None:
        """Write the numbers of a step."""
        if event.kind == "step":
            losses = {f"loss/{name}": value for name, value in event.values["losses"].items()}
            others = ("learning_rate", "gradient_norm", "loss_scale", "steps_per_second", "resident_mb")
            numbers = losses | {name: event.values[name] for name in others if event.values.get(name) is not None}
            self._file.scalars(event.step, numbers)


def broadcast(listeners: Sequence[Listener]) -> Listener:
    """Return a listener that tells all others."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell

"""From the events that a step's process prints to what is kept of them: bounded, finite, of known names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from service.training.store import ARTEFACT, PROBLEM, Batch, Note

_LONGEST_TEXT, _LONGEST_PATH, _MOST_NAMES = 500, 1000, 40
_NUMBERS = ("learning_rate", "gradient_norm", "steps_per_second", "seconds_left")
_LARGEST = 2**31 - 1


class Telling:
    """Gathers events of one process until somebody keeps them.

    Attributes:
        outcome: The last event, once it has come: ``finished``, ``failed`` or ``cancelled``.
    """

    def __init__(self) -> None:
        self.outcome: Mapping[str, Any] | None = None
        self._batch = Batch()
        self._epoch = 0

    def take(self) -> Batch:
        """Return what has come since the last call."""
        batch, self._batch = self._batch, Batch()
        return batch

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take note of an event; those of unknown names are passed over."""
        handle = getattr(self, f"_on_{event['event']}", None)
        if handle is not None:
            handle(event)

    def _on_started(self, event: Mapping[str, Any]) -> None:
        batch = self._batch
        batch.total = _whole(event.get("steps", event.get("total")))
        batch.progress |= {"resumed": bool(event.get("resumed", False)), "total": batch.total}
        if (epochs := _whole(event.get("epochs"))) is not None:
            batch.progress["epochs"] = epochs
        self._note_skipped(event)

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        batch = self._batch
        batch.done, batch.total = _whole(event.get("done")), _whole(event.get("total"))
        batch.progress |= {"done": batch.done, "total": batch.total, "file": _text(event.get("file"))}
        batch.reached = max(batch.reached, batch.done or 0)

    def _on_step(self, event: Mapping[str, Any]) -> None:
        step = _whole(event.get("step"))
        if step is None:
            return
        self._epoch = _whole(event.get("epoch")) or self._epoch
        values = {"losses": _losses(event.get("losses")), **{name: _number(event.get(name)) for name in _NUMBERS}}
        left = values.pop("seconds_left")
        self._batch.done = step
        self._batch.points[step] = (self._epoch, values)
        self._batch.progress |= {"done": step, "epoch": self._epoch, "seconds_left": left, **values}

    def _on_epoch(self, event: Mapping[str, Any]) -> None:
        self._batch.reached = max(self._batch.reached, _whole(event.get("epoch")) or 0)

    def _on_sample(self, event: Mapping[str, Any]) -> None:
        detail = {"step": _whole(event.get("step")), "epoch": _whole(event.get("epoch"))}
        for kind in ("real", "generated", "mel"):
            if isinstance(event.get(kind), str):
                self._note(ARTEFACT, event[kind], {"kind": kind, **detail})

    def _on_saved(self, event: Mapping[str, Any]) -> None:
        detail = {"kind": "weights", "epoch": _whole(event.get("epoch")), "step": _whole(event.get("step"))}
        self._note(ARTEFACT, event.get("weights"), detail)

    def _on_artefact(self, event: Mapping[str, Any]) -> None:
        self._note(ARTEFACT, event.get("path"), {"kind": _text(event.get("kind"))})

    def _on_problem(self, event: Mapping[str, Any]) -> None:
        detail = {"code": _text(event.get("code")), "message": _text(event.get("message"))}
        self._note(PROBLEM, event.get("path"), detail)

    def _on_finished(self, event: Mapping[str, Any]) -> None:
        self.outcome = event
        self._note_skipped(event)
        if (done := _whole(event.get("done"))) is not None:
            self._batch.done = done
            self._batch.reached = max(self._batch.reached, done)

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self.outcome = event

    def _on_cancelled(self, event: Mapping[str, Any]) -> None:
        self.outcome = event

    def _note_skipped(self, event: Mapping[str, Any]) -> None:
        """Keep how many recordings are left out, by reason."""
        if isinstance(found := event.get("skipped"), Mapping):
            counted = {_text(name): _whole(count) for name, count in list(found.items())[:_MOST_NAMES]}
            self._batch.progress["skipped"] = counted

    def _note(self, type: str, path: object, detail: Mapping[str, Any]) -> None:
        if isinstance(path, str) and 0 < len(path) <= _LONGEST_PATH:
            self._batch.notes.append(Note(type, _text(path, _LONGEST_PATH), detail))


def _text(value: object, longest: int = _LONGEST_TEXT) -> str:
    """Return a text that every database and every screen takes."""
    text = "" if value is None else str(value)[:longest]
    return "".join(c if c.isprintable() else " " for c in text).encode("utf-8", "replace").decode()


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return max(0, min(int(value), _LARGEST))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")


def _losses(value: object) -> dict[str, float | None]:
    if not isinstance(value, Mapping):
        return {}
    return {_text(name, 64): _number(each) for name, each in list(value.items())[:_MOST_NAMES]}

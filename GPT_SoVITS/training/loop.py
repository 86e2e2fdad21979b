"""Runs a training: epochs and steps, checkpoints, exports, pausing and cancelling, and telling about it."""

from __future__ import annotations

import errno
import shutil
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from convert.atomic import replacing
from GPT_SoVITS.training import checkpoint
from GPT_SoVITS.training.checkpoint import Position, ResumeError
from GPT_SoVITS.training.control import Control
from GPT_SoVITS.training.events import Event, Listener
from GPT_SoVITS.training.memory import resident_mb
from GPT_SoVITS.training.trainer import NotFiniteError, StepResult, Trainer, TrainingError

Outcome = Literal["finished", "cancelled"]
STATE_FILE = "resume.ckpt"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_LONGEST_REASON = 200
_REMEMBERED = 32
"""Steps whose durations say how long the next ones take."""


def _told(norm: float | None) -> float | None:
    """Return a norm as it is told: JSON knows no infinity."""
    return norm if norm is None or isfinite(norm) else None


@dataclass(frozen=True)
class Plan:
    """How long, and what is written when.

    Attributes:
        folder: Where the state lies.
        epochs: Epochs in all.
        save_every_epoch: Epochs from one export to the next; the last epoch has one in any case.
        only_latest: Keep one state, not one for each export (``if_save_latest``).
        export: Write weights (``if_save_every_weights``).
        checkpoint_steps: Steps from one state to the next; the most that is lost when the process dies.
        log_steps: Steps from one told step to the next.
        writes: Write anything at all; of several processes one does.
        sample_steps: Steps from one sample (sound and spectrograms) to the next; 0 for none.
    """

    folder: Path
    epochs: int
    save_every_epoch: int = 4
    only_latest: bool = True
    export: bool = True
    checkpoint_steps: int = 100
    log_steps: int = 1
    sample_steps: int = 0
    writes: bool = True

    @property
    def state_path(self) -> Path:
        """The file that a training goes on from."""
        return self.folder / STATE_FILE


class _Clock:
    """Seconds that a step takes, as the last ones show it.

    The first step of every bucket of lengths compiles, which says nothing of those to come. So this is the mean of
    steps without the slowest quarter, and without the fastest.
    """

    def __init__(self) -> None:
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)
        self._last = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Of a step; 0 before the first."""
        usual = sorted(self._taken)
        cut = (len(usual) + 1) // 4
        return fmean(usual[cut : len(usual) - cut]) if usual else 0.0

    def start(self) -> None:
        """A step begins; what came before it (a pause, a checkpoint) is no part of it."""
        self._last = time.perf_counter()

    def stop(self) -> None:
        """A step has ended."""
        self._taken.append(time.perf_counter() - self._last)


class Loop:
    """One training from where it stands to its end.

    Args:
        trainer: The network.
        plan: How long, and what is written when.
        tell: Is told every event.
        control: What the user wants.
    """

    def __init__(self, trainer: Trainer, plan: Plan, tell: Listener, control: Control) -> None:
        self._trainer, self._plan, self._tell, self._control = trainer, plan, tell, control
        self._position, self._saved = Position(), Position()
        self._clock = _Clock()

    def run(self) -> Outcome:
        """Train until the plan is done or the user cancels.

        Raises:
            TrainingError: a loss is no number, or nothing can be written; what was saved last is named.
            ResumeError: the state on disk cannot be continued from.
        """
        self._resume()
        try:
            return self._epochs()
        except NotFiniteError as error:
            raise TrainingError(
                f"{error} at step {self._position.step + 1} of epoch {self._position.epoch}; {self._safe()}. "
                "A smaller learning rate or the removal of broken recordings helps"
            ) from error
        except OSError as error:
            remedy = "Make room" if error.errno in _FULL else "Mend that"
            raise TrainingError(
                f"nothing could be written ({error}); {self._safe()}. {remedy} and start again"
            ) from error

    def _safe(self) -> str:
        """Say what a new start goes on from."""
        if self._plan.state_path.exists():
            return f"the state of step {self._saved.step} is in {self._plan.state_path}"
        return "no state had been saved"

    def _resume(self) -> None:
        path = self._plan.state_path
        if path.exists():
            self._position, state = checkpoint.restore(path, self._trainer.settings())
            try:
                self._trainer.restore(state)
            except (KeyError, ValueError) as error:
                raise ResumeError(
                    f"{path} is the state of another network ({str(error)[:_LONGEST_REASON]}); begin with the weights "
                    "of before, or remove the file to begin anew"
                ) from error
            self._saved = self._position
        values = {
            "stage": self._trainer.stage,
            "resumed": path.exists(),
            "epoch": self._position.epoch,
            "epochs": self._plan.epochs,
            "steps": self._steps_in_all(),
            "skipped": dict(self._trainer.skipped()),
        }
        self._say("started", values)

    def _steps_in_all(self) -> int:
        return sum(self._trainer.epoch_steps(epoch) for epoch in range(1, self._plan.epochs + 1))

    def _epochs(self) -> Outcome:
        while self._position.epoch <= self._plan.epochs:
            steps = self._trainer.epoch_steps(self._position.epoch)
            while self._position.index < steps:
                if self._interrupted():
                    return "cancelled"
                self._step()
            self._end_epoch()
        self._say("finished", {"skipped": dict(self._trainer.skipped())})
        return "finished"

    def _step(self) -> None:
        position = self._position
        told = (position.step + 1) % self._plan.log_steps == 0
        self._clock.start()
        result = self._trainer.step(position)
        self._clock.stop()
        self._position = Position(position.epoch, position.index + 1, position.step + 1)
        if told:
            self._say_step(result)
        if result.overflowed:
            self._say("overflow", {"epoch": position.epoch, "loss_scale": result.loss_scale})
        if self._plan.writes and self._plan.sample_steps and self._position.step % self._plan.sample_steps == 0:
            self._write_sample()
        if self._position.step % self._plan.checkpoint_steps == 0:
            self._save()

    def _say_step(self, result: StepResult) -> None:
        left = self._steps_in_all() - self._position.step
        values = {
            "epoch": self._position.epoch,
            "losses": {name: value for name, value in result.losses.items() if isfinite(value)},
            "learning_rate": result.learning_rate,
            "gradient_norm": _told(result.gradient_norm),
            "loss_scale": result.loss_scale,
            "steps_per_second": round(1 / self._clock.seconds, 4) if self._clock.seconds else None,
            "seconds_left": round(left * self._clock.seconds, 1),
            "resident_mb": resident_mb(),
        }
        self._say("step", values)

    def _write_sample(self) -> None:
        sample = self._trainer.sample()
        if sample is not None:
            paths = sample.write(self._plan.folder / "samples", self._position.step)
            self._say("sample", {"epoch": self._position.epoch, **paths})

    def _end_epoch(self) -> None:
        """Save and export; whoever dies before both are done, or deletes the weights, has them when it is resumed."""
        epoch, step = self._position.epoch, self._position.step
        self._save()
        due = self._plan.writes and (epoch % self._plan.save_every_epoch == 0 or epoch == self._plan.epochs)
        if due and not self._plan.only_latest:
            self._keep_state(self._plan.folder / f"state-e{epoch}.ckpt")
        if due and self._plan.export:
            self._say("saved", {"epoch": epoch, "weights": str(self._trainer.export(epoch, step))})
        self._say("epoch", {"epoch": epoch})
        self._position = Position(epoch + 1, 0, step)

    def _keep_state(self, path: Path) -> None:
        with self._plan.state_path.open("rb") as state, replacing(path) as kept:
            shutil.copyfileobj(state, kept)

    def _save(self) -> None:
        if not self._plan.writes:
            return
        if self._saved != self._position or not self._plan.state_path.exists():
            checkpoint.save(self._plan.state_path, self._position, self._trainer.settings(), self._trainer.state())
            self._saved = self._position

    def _interrupted(self) -> bool:
        """Pause as long as the user wants; return whether to end."""
        if self._control.wish() == "pause":
            self._save()
            self._say("paused", {"epoch": self._position.epoch})
            while self._control.wish() == "pause":
                self._control.wait()
            self._say("resumed", {"epoch": self._position.epoch})
        if self._control.wish() != "cancel":
            return False
        self._save()
        self._say("cancelled", {"epoch": self._position.epoch, "state": str(self._plan.state_path)})
        return True

    def _say(self, kind: str, values: Mapping[str, Any]) -> None:
        self._tell(Event(kind, self._position.step, values))

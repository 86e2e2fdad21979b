"""A step that only counts, and tells as the real ones do: ``python -m tests.service.training.fake_step STEP ...``.

``plan.json`` in the folder that it reads (or trains in) says how: ``units`` to make, ``seconds`` for each, ``problems``
(names), ``list`` (what a transcription writes), ``fail`` (a message), ``die_at`` (kill itself before that unit),
``stubborn`` (ignore SIGTERM).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

FINISHED, FAILED, CANCELLED = 0, 1, 3
UNITS_PER_EPOCH = 2
ended = False


def tell(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, "time": round(time.time(), 3), **values}), flush=True)


def listen(stubborn: bool) -> None:
    def end(*_: Any) -> None:
        global ended
        ended = not stubborn

    signal.signal(signal.SIGTERM, end)


def make(folder: Path, number: int, name: str = "unit") -> bool:
    """Make a unit; return whether it was missing."""
    path = folder / f"{name}-{number}"
    if path.exists():
        return False
    part = folder / f".unit-{number}.{os.getpid()}"
    part.write_text(str(os.getpid()))
    os.link(part, path)
    part.unlink()
    return True


def prepare(folder: Path, plan: dict[str, Any]) -> int:
    units, made = plan.get("units", 3), 0
    tell("started", step="slice", total=units)
    for name in plan.get("problems", []):
        tell("problem", path=name, code="audio_unreadable", message="cannot be read as sound")
    for number in range(units):
        if ended:
            tell("cancelled")
            return CANCELLED
        if plan.get("die_at") == number:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(plan.get("seconds", 0.0))
        made += make(folder, number)
        tell("progress", done=number + 1, total=units, file=f"{number}.wav")
    tell("artefact", kind="folder", path=str(folder))
    tell("finished", outputs=[str(folder)], done=made, skipped=units - made, problems=len(plan.get("problems", [])))
    return FINISHED


def train(stage: str, folder: Path, plan: dict[str, Any], epochs: int, weights: Path) -> int:
    first = sum(1 for _ in folder.glob(f"{stage}-*")) + 1
    total = epochs * UNITS_PER_EPOCH
    tell(
        "started", step=0, stage=stage, resumed=first > 1, epoch=1, epochs=epochs, steps=total, skipped={"too_long": 1}
    )
    for step in range(first, total + 1):
        epoch = (step - 1) // UNITS_PER_EPOCH + 1
        if ended:
            tell("cancelled", step=step, epoch=epoch, state=str(folder))
            return CANCELLED
        if plan.get("die_at") == step:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(plan.get("seconds", 0.0))
        make(folder, step - 1, stage)
        rates = {"learning_rate": 1e-4, "gradient_norm": None, "steps_per_second": 2.0, "seconds_left": 0.5}
        tell("step", step=step, epoch=epoch, losses={"mel": 10.0 / step, "kl": float("nan")}, **rates)
        if step % UNITS_PER_EPOCH == 0:
            weights.mkdir(exist_ok=True)
            name = f"{folder.name}_e{epoch}_s{step}.pth"
            (weights / name).write_bytes(b"weights")
            tell("saved", step=step, epoch=epoch, weights=f"{weights}/{name}")
            tell("epoch", step=step, epoch=epoch)
    tell("finished", step=total, skipped={"too_long": 1})
    return FINISHED


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("step")
    for name in ("--inp", "--out", "--list", "--exp-dir"):
        options.add_argument(name, type=Path, action="append", default=[])
    options.add_argument("--epochs", type=int, default=0)
    given, _ = options.parse_known_args()
    folder = (given.out or given.exp_dir)[0]
    source = [*given.inp, folder][0]
    path = source / "plan.json" if source.is_dir() else Path("/nonexistent")
    plan = json.loads(path.read_text()) if path.exists() else {}
    listen(plan.get("stubborn", False))
    print(f"words for people {os.getpid()} nice {os.nice(0)}", file=sys.stderr, flush=True)
    if message := plan.get("fail"):
        tell("failed", code="bad_option", message=message)
        return FAILED
    if (traceback := plan.get("raise")) is not None:
        print(traceback, file=sys.stderr, flush=True)
        return FAILED
    if given.epochs:
        return train(given.step, folder, plan, given.epochs, Path("SoVITS_weights_v2"))
    if given.step == "asr":
        folder.mkdir(exist_ok=True)
        listed = folder / f"{source.name}.list"
        listed.write_text(plan.get("list", "0.wav|a|en|hello\n"))
        tell("artefact", kind="list", path=str(listed))
    return prepare(folder, plan)


if __name__ == "__main__":
    sys.exit(main())

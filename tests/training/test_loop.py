"""The loop around a training: it goes on where it stood, and whatever ends it says so and keeps the last good state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from convert.mindspore_ckpt import Writer
from GPT_SoVITS.training import checkpoint
from GPT_SoVITS.training.checkpoint import Position, ResumeError
from GPT_SoVITS.training.control import FileControl, LocalControl
from GPT_SoVITS.training.events import Event
from GPT_SoVITS.training.loop import Loop, Plan
from GPT_SoVITS.training.randomness import Purpose, generator
from GPT_SoVITS.training.samples import Sample
from GPT_SoVITS.training.trainer import NotFiniteError, StepResult, TrainingError

Array = np.ndarray[Any, np.dtype[Any]]
STEPS = 7


class Walk:
    """A training of one number that takes random steps; ``spoil`` is called before each."""

    stage = "s1"

    def __init__(self, weights: Path, spoil: Callable[[Position], None] = lambda _: None, seed: int = 0) -> None:
        self.value = np.zeros(3)
        self._weights, self._spoil, self._seed = weights, spoil, seed

    def epoch_steps(self, epoch: int) -> int:
        return STEPS

    def step(self, position: Position) -> StepResult:
        self._spoil(position)
        self.value = self.value * 0.9 + generator(self._seed, position.step, Purpose.NOISE).standard_normal(3)
        return StepResult({"total": float(self.value.sum())}, 0.1)

    def settings(self) -> Mapping[str, Any]:
        return {"seed": self._seed}

    def state(self) -> dict[str, Array]:
        return {"value": self.value.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self.value[:] = state["value"]

    def export(self, epoch: int, step: int) -> Path:
        path = self._weights / f"walk-e{epoch}"
        path.write_text(str(self.value))
        return path

    def sample(self) -> Sample:
        wave, mel = np.sin(np.arange(640) / 9), np.arange(12.0).reshape(4, 3)
        return Sample(wave, wave / 2, mel, mel + 1, sample_rate=32000)

    def skipped(self) -> Mapping[str, int]:
        return {}


def run(walk: Walk, plan: Plan, control: Any = None) -> tuple[str, list[Event]]:
    """Run a loop; return its outcome and what it told."""
    told: list[Event] = []
    return Loop(walk, plan, told.append, control or LocalControl()).run(), told


def losses(events: list[Event]) -> dict[int, float]:
    """Loss of each step that was told."""
    return {event.step: event.values["losses"]["total"] for event in events if event.kind == "step"}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path / "logs", epochs=3, save_every_epoch=2, checkpoint_steps=4)


def test_a_training_tells_its_start_every_step_every_epoch_its_exports_and_its_end(tmp_path: Path, plan: Plan) -> None:
    outcome, told = run(Walk(tmp_path), plan)
    assert outcome == "finished" and len(losses(told)) == 3 * STEPS
    kinds = [event.kind for event in told if event.kind != "step"]
    assert kinds == ["started", "epoch", "saved", "epoch", "saved", "epoch", "finished"], "the last epoch's in any case"
    last = [event for event in told if event.kind == "step"][-1]
    assert last.values["seconds_left"] == 0 and last.values["epoch"] == 3
    assert last.values["resident_mb"] is None or last.values["resident_mb"] > 10
    assert [(tmp_path / f"walk-e{epoch}").exists() for epoch in (1, 2, 3)] == [False, True, True]


def test_every_so_many_steps_there_is_something_to_hear_and_to_see(tmp_path: Path) -> None:
    _, told = run(Walk(tmp_path), Plan(tmp_path / "logs", epochs=1, sample_steps=3))
    first, second = (event for event in told if event.kind == "sample")
    assert (first.step, second.step) == (3, 6)
    generated, rate = soundfile.read(second.values["generated"])
    assert rate == 32000 and np.abs(generated - np.sin(np.arange(640) / 9) / 2).max() < 1e-4
    with Image.open(second.values["mel"]) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (4, 3 + 2 + 3) and pixels[-1, 0] == 0 and pixels[0, -1] == 255


def test_a_training_that_dies_goes_on_with_the_losses_of_one_that_does_not(tmp_path: Path, plan: Plan) -> None:
    _, whole = run(Walk(tmp_path), Plan(tmp_path / "whole", epochs=3, checkpoint_steps=4))

    def die(position: Position) -> None:
        if position.step == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Walk(tmp_path, die), plan)
    outcome, rest = run(Walk(tmp_path), plan)
    assert outcome == "finished" and rest[0].values["resumed"]
    assert min(losses(rest)) == 9, "the checkpoint of step 8 is gone on from"
    assert losses(rest) == {step: loss for step, loss in losses(whole).items() if step > 8}


def test_a_finished_training_has_nothing_left_to_do_unless_there_are_more_epochs(tmp_path: Path, plan: Plan) -> None:
    run(Walk(tmp_path), plan)
    assert not losses(run(Walk(tmp_path), plan)[1])
    more = Plan(plan.folder, epochs=4)
    assert min(losses(run(Walk(tmp_path), more)[1])) == 3 * STEPS + 1


@pytest.mark.parametrize("epoch", [2, 4])
def test_weights_that_could_not_be_written_are_written_when_it_goes_on(tmp_path: Path, epoch: int) -> None:
    """A full disk, or a kill, after the epoch's state was saved; the last epoch's weights matter most."""
    plan = Plan(tmp_path / "logs", epochs=4, save_every_epoch=2, checkpoint_steps=4, only_latest=False)
    walk, path = Walk(tmp_path), tmp_path / f"walk-e{epoch}"
    path.mkdir()
    with pytest.raises(TrainingError, match=rf"the state of step {epoch * STEPS} is in .*Mend that and start again"):
        run(walk, plan)
    path.rmdir()
    outcome, told = run(Walk(tmp_path), plan)
    assert outcome == "finished" and path.exists() and len(losses(told)) == (4 - epoch) * STEPS
    assert [event.values["epoch"] for event in told if event.kind == "saved"] == list(range(epoch, 5, 2))
    assert checkpoint.restore(plan.folder / f"state-e{epoch}.ckpt", {"seed": 0})[0] == Position(
        epoch, STEPS, epoch * STEPS
    )


def test_the_end_of_an_epoch_is_saved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, steps = checkpoint.save, []

    def counted(path: Path, position: Position, *rest: Any) -> None:
        steps.append(position.step)
        written(path, position, *rest)

    monkeypatch.setattr(checkpoint, "save", counted)
    run(Walk(tmp_path), Plan(tmp_path / "logs", epochs=2, checkpoint_steps=STEPS))
    assert steps == [STEPS, 2 * STEPS]


def test_the_time_left_is_not_that_of_compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, took = [0.0], {0: 30.0, 1: 2.0, 5: 30.0}
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def compute(position: Position) -> None:
        now[0] += took.get(position.step, 2.0)

    _, told = run(Walk(tmp_path, compute), Plan(tmp_path / "logs", epochs=3))
    left = {event.step: event.values["seconds_left"] for event in told if event.kind == "step"}
    assert left[1] == 30 * (3 * STEPS - 1) and left[3] == 2 * (3 * STEPS - 3) and left[9] == 2 * (3 * STEPS - 9)


def test_a_loss_that_is_no_number_ends_it_and_the_last_good_state_is_named(tmp_path: Path, plan: Plan) -> None:
    def spoil(position: Position) -> None:
        if position.step == 9:
            raise NotFiniteError("the loss total is nan")

    with pytest.raises(TrainingError, match=r"the loss total is nan at step 10 of epoch 2; the state of step 8 is in"):
        run(Walk(tmp_path, spoil), plan)
    position, _ = checkpoint.restore(plan.state_path, {"seed": 0})
    assert position == Position(2, 1, 8)


def test_a_full_disk_ends_it_and_the_last_good_state_is_named(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = checkpoint.save

    def full(path: Path, position: Position, *rest: Any) -> None:
        if position.step >= 8:
            raise OSError(28, "No space left on device")
        written(path, position, *rest)

    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*the state of step 7 is in"):
        run(Walk(tmp_path), plan)
    assert checkpoint.restore(plan.state_path, {"seed": 0})[0].step == 7


def test_a_write_that_fails_half_way_leaves_the_last_state(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save(plan.state_path, Position(1, 2, 2), {}, {"a": np.ones(3)})

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "finish", fail)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(plan.state_path, Position(1, 3, 3), {}, {"a": np.ones(3)})
    assert checkpoint.restore(plan.state_path, {})[0].step == 2
    assert [path.name for path in plan.folder.iterdir()] == [plan.state_path.name]


def test_a_pause_saves_and_waits_and_a_cancelled_training_goes_on_later(tmp_path: Path, plan: Plan) -> None:
    _, whole = run(Walk(tmp_path), Plan(tmp_path / "whole", epochs=3))
    control = LocalControl()
    saved_in_pause: list[int] = []

    def wish(position: Position) -> None:
        if position.step == 2:
            control.want("pause")
        if position.step == 5:
            control.want("cancel")

    def wait() -> None:
        saved_in_pause.append(checkpoint.restore(plan.state_path, {"seed": 0})[0].step)
        control.want("run")

    control.wait = wait  # type: ignore[method-assign]
    outcome, first = run(Walk(tmp_path, wish), plan, control)
    assert outcome == "cancelled" and saved_in_pause == [3]
    assert [event.kind for event in first if event.kind != "step"] == ["started", "paused", "resumed", "cancelled"]
    _, rest = run(Walk(tmp_path), plan)
    assert losses(first) | losses(rest) == losses(whole) and not losses(first).keys() & losses(rest).keys()


def test_a_state_of_other_settings_is_refused_with_the_difference(tmp_path: Path, plan: Plan) -> None:
    run(Walk(tmp_path), plan)
    with pytest.raises(ResumeError, match="seed was 0 and is 1"):
        run(Walk(tmp_path, seed=1), plan)


@pytest.mark.parametrize("kept", [{"weight": np.zeros(3)}, {"value": np.zeros(4)}])
def test_a_state_of_another_network_is_refused_by_name(tmp_path: Path, plan: Plan, kept: dict[str, Array]) -> None:
    checkpoint.save(plan.state_path, Position(1, 2, 2), {"seed": 0}, kept)
    with pytest.raises(ResumeError, match=r"resume\.ckpt is the state of another network .* or remove the file"):
        run(Walk(tmp_path), plan)


@pytest.mark.parametrize("damage", ["cut", "flip", "foreign"])
def test_a_damaged_state_is_refused_and_not_overwritten(tmp_path: Path, plan: Plan, damage: str) -> None:
    run(Walk(tmp_path), plan)
    whole = plan.state_path.read_bytes()
    broken = {"cut": whole[:-20], "flip": whole[:40] + bytes([whole[40] ^ 255]) + whole[41:], "foreign": b"a text"}[
        damage
    ]
    plan.state_path.write_bytes(broken)
    with pytest.raises(ResumeError) as told:
        run(Walk(tmp_path), plan)
    assert str(told.value) == f"{plan.state_path}, where the training stood, is damaged: remove it to begin anew"
    assert plan.state_path.read_bytes() == broken


def test_a_damaged_state_names_the_newest_of_a_whole_epoch_to_go_on_from(tmp_path: Path) -> None:
    plan = Plan(tmp_path / "logs", epochs=12, save_every_epoch=3, only_latest=False, export=False)
    run(Walk(tmp_path), plan)
    plan.state_path.write_bytes(b"")
    (plan.folder / "state-e12.ckpt").unlink()
    with pytest.raises(ResumeError, match=r"damaged: copy state-e9\.ckpt over it to go on after epoch 9, or remove"):
        run(Walk(tmp_path), plan)
    plan.state_path.write_bytes((plan.folder / "state-e9.ckpt").read_bytes())
    _, rest = run(Walk(tmp_path), plan)
    assert min(event.values["epoch"] for event in rest if event.kind == "step") == 10


def test_every_state_is_kept_where_not_only_the_latest_is_wanted(tmp_path: Path) -> None:
    plan = Plan(tmp_path / "logs", epochs=4, save_every_epoch=2, only_latest=False, export=False)
    run(Walk(tmp_path), plan)
    assert sorted(path.name for path in plan.folder.iterdir()) == ["resume.ckpt", "state-e2.ckpt", "state-e4.ckpt"]
    assert not list(tmp_path.glob("walk*"))


@pytest.mark.parametrize(("text", "wish"), [("pause\n", "pause"), ("cancel", "cancel"), ("", "run"), ("rm -rf", "run")])
def test_a_file_says_what_the_user_wants(tmp_path: Path, text: str, wish: str) -> None:
    control = FileControl(tmp_path / "control")
    assert control.wish() == "run"
    (tmp_path / "control").write_text(text)
    assert control.wish() == wish

"""The command trains, and survives being killed: what it goes on to is what it would have been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import identify
from convert.expected import expected_keys
from convert.torch_writer import save
from convert.weights import open_weights
from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED
from GPT_SoVITS.training.checkpoint import restore
from GPT_SoVITS.training.command import main
from tests.engine.small import write_sovits
from tests.engine.small_own import SOVITS
from tests.training.small import (
    SOVITS_CONFIG,
    discriminator_file,
    gpt_file,
    mel_file,
    random_state,
    sovits_file,
    training_folder,
)

Events = list[dict[str, Any]]


class Command:
    """One training folder and the commands that train on it."""

    def __init__(self, root: Path, stage: str, clips: int = 1) -> None:
        self.root, self.stage = root, stage
        self.weights = root / "weights"
        training_folder(root / "voice", clips=clips)
        self._pretrained = {"s1": self._gpt, "s2": self._sovits, "lora": self._lora}[stage]()

    def _gpt(self) -> list[str]:
        return ["--pretrained", str(gpt_file(self.root / "gpt.ckpt", layers=1)), "--if-dpo"]

    def _sovits(self) -> list[str]:
        judging = discriminator_file(self.root / "judging.pth")
        return ["--pretrained", str(sovits_file(self.root / "sovits.pth")), "--pretrained-d", str(judging)]

    def _lora(self) -> list[str]:
        return ["--pretrained", str(mel_file(self.root / "mel.pth")), "--version", "v4", "--lora-rank", "16"]

    def arguments(self, *more: str) -> list[str]:
        """Arguments of a command that trains for one epoch of few steps."""
        size = "40" if self.stage == "s1" else "34"
        common = ["--weights-dir", str(self.weights), "--epochs", "1", "--save-every-epoch", "1", "--bucket", "64"]
        options = ["--batch-size", size, "--dropout-pool", "4096", "--checkpoint-steps", "1", "--device", "CPU"]
        stage = "s1" if self.stage == "s1" else "s2"
        return [stage, "--exp-dir", str(self.root / "voice"), *self._pretrained, *common, *options, *more]

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Start a command of its own."""
        command = [sys.executable, "-m", "GPT_SoVITS.training", *self.arguments(*more)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    @property
    def state(self) -> Path:
        """The file that says where the training stands."""
        return next((self.root / "voice").glob("logs_*/resume.ckpt"))

    def forget(self) -> None:
        """Remove the state, so that the next command begins anew."""
        self.state.unlink()


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What a command tells, as it tells it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)


def losses(told: Events) -> dict[int, dict[str, float]]:
    """Losses of each step."""
    return {event["step"]: event["losses"] for event in told if event["event"] == "step"}


def _until(process: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]) -> Events:
    told: Events = []
    for event in events(process):
        told.append(event)
        if wanted(event):
            break
    return told


def killed_and_continued(command: Command, after: int) -> tuple[Events, Events, Events]:
    """Events of a whole training, of one that was killed after a step, and of what went on from there.

    The state of a step is written after its event: killed after the second, it goes on from the first at least.
    """
    whole = list(events(command.start()))
    command.forget()
    victim = command.start()
    before = _until(victim, lambda event: event["event"] == "step" and event["step"] == after)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    rest = list(events(command.start()))
    return whole, before, rest


def check_killed_and_continued(command: Command, after: int) -> None:
    """Every step of both parts has the losses of the whole, to the last bit."""
    whole, before, rest = killed_and_continued(command, after)
    assert [event["event"] for event in (whole[-1], rest[-1])] == ["finished", "finished"]
    assert rest[0]["event"] == "started" and rest[0]["resumed"]
    expected = losses(whole)
    assert min(losses(rest)) <= after + 2, "one checkpoint interval is lost at most"
    for part in (before, rest):
        assert losses(part) == {step: expected[step] for step in losses(part)}
    assert max(losses(rest)) == max(expected)


def test_gpt_training_that_is_killed_leaves_a_state_and_goes_on_from_one_with_equal_losses(tmp_path: Path) -> None:
    """Two processes are enough: the second goes on from an early state, through steps that the first told as well."""
    command, early, late = Command(tmp_path, "s1"), 2, 4
    victim = command.start()
    before = _until(victim, lambda event: event["event"] == "step" and event["step"] == early)
    state = command.state.read_bytes()
    before += _until(victim, lambda event: event["event"] == "step" and event["step"] == late)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert restore(command.state, {})[0].step in (late - 1, late)
    command.state.write_bytes(state)
    rest = list(events(command.start()))
    assert rest[0]["event"] == "started" and rest[0]["resumed"] and rest[-1]["event"] == "finished"
    first, second = losses(before), losses(rest)
    assert min(second) <= early + 1 and max(second) > late == max(first)
    assert all(second[step] == first[step] for step in range(min(second), late + 1))
    exported = open_weights(command.weights / "voice-e1.ckpt")
    assert exported.kind == "t2s" and exported.version == "v2"
    changed = exported.arrays["bert_proj.weight"] - open_weights(tmp_path / "gpt.ckpt").arrays["bert_proj.weight"]
    assert np.isfinite(changed).all()


@pytest.mark.full
def test_gpt_training_killed_in_the_middle_goes_on_with_equal_losses(tmp_path: Path) -> None:
    check_killed_and_continued(Command(tmp_path, "s1"), after=2)


@pytest.mark.full
def test_sovits_training_killed_in_the_middle_goes_on_with_equal_losses(tmp_path: Path) -> None:
    command = Command(tmp_path, "s2")
    check_killed_and_continued(command, after=2)
    (exported,) = command.weights.glob("voice_e1_s*.pth")
    weights = open_weights(exported)
    assert weights.kind == "sovits" and weights.version == "v2"


@pytest.mark.full
def test_lora_training_killed_in_the_middle_goes_on_with_equal_losses(tmp_path: Path) -> None:
    command = Command(tmp_path, "lora")
    check_killed_and_continued(command, after=2)
    (exported,) = command.weights.glob("voice_e1_s*_l16.pth")
    found = identify(exported)
    assert found.kind == "sovits" and found.version == "v4" and found.lora
    weights = open_weights(exported, base=tmp_path / "mel.pth")
    assert weights.changed is not None and "cfm.estimator.transformer_blocks.0.attn.to_q.weight" in weights.changed


def test_discriminators_are_asked_for_where_a_version_has_them(tmp_path: Path) -> None:
    folder, sovits = training_folder(tmp_path / "voice", clips=1), sovits_file(tmp_path / "sovits.pth")
    assert main(["s2", "--exp-dir", str(folder), "--pretrained", str(sovits), "--device", "CPU"]) == FAILED


def test_weights_that_only_speak_and_files_that_are_not_there_are_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = tmp_path / "spoken.pth"
    weight = random_state(expected_keys("sovits", SOVITS_CONFIG, training=False))
    save({"weight": weight, "config": SOVITS_CONFIG, "info": "x"}, spoken)
    for path, sentence in ((spoken, "spoken.pth can speak but not be trained further"), (tmp_path / "lost", "lost")):
        assert main(["s2", "--exp-dir", str(tmp_path), "--pretrained", str(path), "--device", "CPU"]) == FAILED
        said = capsys.readouterr().err
        assert sentence in said and len(said) < 400
    assert "there is no such file: --pretrained " in said


def test_weights_that_no_published_ones_stand_for_send_to_their_gpt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sovits(tmp_path / "own.pth", 0, more=SOVITS)
    assert (
        main(["s2", "--exp-dir", str(tmp_path), "--pretrained", str(tmp_path / "own.pth"), "--device", "CPU"]) == FAILED
    )
    said = capsys.readouterr().err
    assert "own.pth can speak but not be trained further" in said and "train its GPT alone (s1)" in said
    assert "fetch" not in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda root: (root / "voice" / "2-name2text.txt").unlink(), "step 1a of the dataset makes it"),
        (
            lambda root: (root / "voice" / "6-name2semantic.tsv").write_text("item_name\tsemantic_audio\n"),
            "no recording",
        ),
        (lambda root: (root / "gpt.ckpt").write_bytes(b"<html>"), "a web page and not weights"),
        (lambda root: (root / "weights").write_text("a file"), "name another folder"),
        (lambda root: sovits_file(root / "gpt.ckpt"), "gpt.ckpt holds no GPT (sovits is in it)"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], change: Callable[[Path], Any], sentence: str
) -> None:
    command = Command(tmp_path, "s1")
    change(tmp_path)
    assert main(command.arguments()) == FAILED
    out, err = capfd.readouterr()
    assert sentence in err and "Traceback" not in err
    failed = json.loads(out.splitlines()[-1])
    assert failed["event"] == "failed" and sentence in failed["message"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--version", "v1"], "gpt.ckpt is of v2 (732 phoneme embeddings: v2), not of v1 as --version says"),
        (["--save-every-epoch", "0"], "save_every_epoch is 0, expected 1 to 10000"),
        (["--events", "lost/events.jsonl"], "events cannot be written"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    command = Command(tmp_path, "s1")
    assert main(command.arguments(*more)) == FAILED
    assert sentence in capfd.readouterr().err
    assert not list((tmp_path / "voice").glob("logs_*")) and not command.weights.exists()


def test_a_training_folder_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(tmp_path, "s1")
    assert main(command.arguments("--exp-dir", str(tmp_path / "nobody"))) == FAILED
    assert "step 1a of the dataset makes it" in capsys.readouterr().err
    assert not (tmp_path / "nobody").exists() and not command.weights.exists()


def test_samples_at_less_than_no_steps_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(tmp_path, "s2")
    assert main(command.arguments("--sample-steps", "-1")) == FAILED
    assert "sample_steps is -1" in capsys.readouterr().err


def test_exit_statuses_tell_the_outcomes_apart() -> None:
    assert len({FINISHED, FAILED, CANCELLED}) == 3 and FINISHED == 0

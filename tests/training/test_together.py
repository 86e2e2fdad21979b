"""Several processes of one training are started, heard, asked to end and ended together."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED
from tests.training.test_command import Command, events
from tests.waiting import eventually

START = """
import sys
from GPT_SoVITS.training import together
together.GRACE_SECONDS = 0.5
sys.exit(together.run([sys.executable, "-c", sys.argv[1]], 3))
"""
SCHEDULER = """
import json, os, signal, sys, time
if os.environ["MS_ROLE"] == "MS_SCHED":
    time.sleep(600)
rank = int(os.environ["MS_NODE_ID"])

def say(descriptor, line):  # in one go: several write to the same pipe
    os.write(descriptor, (line + "\\n").encode())

"""
WAITS_TO_BE_ASKED = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
say(2, f"ready {rank}")
time.sleep(600)
"""


def start(script: str, **more: object) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DEVICE_ID", "MS_ROLE")}
    environment |= {"ASCEND_DEVICE_ID": "4", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", START, SCHEDULER + script]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, **pipes, **more)  # type: ignore[call-overload,no-any-return]


def wait_until_ready(errors: IO[str] | None) -> None:
    assert errors is not None
    ready: set[str] = set()
    while len(ready) < 3:
        line = errors.readline()
        assert line, "it ended before all were ready"
        if line.startswith("ready"):
            ready.add(line)


def test_each_process_has_a_rank_and_a_device_of_its_own_and_the_first_alone_tells() -> None:
    names = '("MS_WORKER_NUM", "MS_NODE_ID", "RANK_ID", "DEVICE_ID", "ASCEND_DEVICE_ID")'
    process = start(f"say(1, json.dumps([os.environ[name] for name in {names}]))")
    told, errors = process.communicate(timeout=60)
    assert process.returncode == FINISHED
    assert json.loads(told) == ["3", "0", "0", "4", "4"]
    others = [json.loads(line) for line in errors.splitlines() if line.startswith("[")]
    assert sorted(others) == [["3", "1", "1", "5", "5"], ["3", "2", "2", "6", "6"]]


def test_all_are_asked_to_end_and_their_status_is_kept() -> None:
    process = start(WAITS_TO_BE_ASKED)
    wait_until_ready(process.stderr)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == CANCELLED


def test_those_that_do_not_listen_yet_are_cancelled_and_not_said_to_have_died() -> None:
    process = start('say(2, f"ready {rank}")\ntime.sleep(600)')
    wait_until_ready(process.stderr)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == CANCELLED
    assert "cancelled before the training began" in errors and "died" not in errors


def test_one_that_waits_for_those_is_ended_with_them() -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    process = start(f'if rank == 1:\n    {deaf}say(2, f"ready {{rank}}")\ntime.sleep(600)')
    wait_until_ready(process.stderr)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == CANCELLED


def test_where_one_dies_the_others_are_ended_and_it_is_said() -> None:
    process = start("if rank == 1: os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(600)")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == FAILED
    assert "process 1 of 3 died of signal 9; the others were ended" in errors


def test_where_one_fails_the_status_is_that_of_a_failure() -> None:
    process = start("sys.exit(0 if rank == 0 else 1)")
    assert process.wait(timeout=60) == FAILED


def test_none_outlives_the_one_that_started_them_and_its_lock_is_held_as_long(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    process = start(WAITS_TO_BE_ASKED, pass_fds=[lock])
    os.close(lock)
    wait_until_ready(process.stderr)
    process.kill()
    process.wait()

    def free() -> bool:
        with (tmp_path / "lock").open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    eventually(free)
    assert process.stderr is not None and process.stderr.read() == "", "nobody holds the pipe any more"


@pytest.mark.full
def test_a_training_in_two_processes_tells_once_and_saves_once(tmp_path: Path) -> None:
    command = Command(tmp_path, "s1", clips=2)
    process = command.start("--processes", "2")
    told = [event["event"] for event in events(process)]
    assert told == ["started", "step", "step", "step", "saved", "epoch", "finished"]
    assert process.wait() == FINISHED
    assert [path.name for path in command.weights.iterdir()] == ["voice-e1.ckpt"]

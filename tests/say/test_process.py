"""The command as a process: Ctrl-C, being ended, and a listener who leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from GPT_SoVITS.say.cli import FAILED, INTERRUPTED
from tests.waiting import eventually

PROGRAM = """
import signal, sys
from GPT_SoVITS.testing.fake import FakeEngine
from GPT_SoVITS.say.cli import main
from tests.waiting import eventually
for interrupting in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs are born deaf to the first
    signal.signal(interrupting, signal.default_int_handler)
seconds = float(sys.argv.pop(1))
sys.exit(main(make_engine=lambda settings: FakeEngine(seconds_per_segment=seconds)))
"""


def start(seconds: float, *arguments: str | Path, stdout: int | None = None) -> subprocess.Popen[bytes]:
    """Start the command with an engine that takes its time for every sentence."""
    command = [sys.executable, "-c", PROGRAM, str(seconds), *map(str, arguments)]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing_behind(
    tmp_path: Path, clip: Path, weights: tuple[str, str], ending: signal.Signals
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    process = start(1.0, "一。" * 50, "-r", clip, "-o", folder / "a.wav")
    eventually(lambda: list(folder.iterdir()) or process.poll() is not None)  # the hidden file: speech is under way
    process.send_signal(ending)
    _, errors = process.communicate(timeout=40)  # the text takes 50 s
    assert process.returncode == INTERRUPTED and b"interrupted" in errors and b"Traceback" not in errors
    assert not list(folder.iterdir())


def test_a_listener_who_leaves_ends_the_stream_quietly(clip: Path, weights: tuple[str, str]) -> None:
    process = start(0.05, "一二三四五六七八九十。" * 200, "-r", clip, "--stream", "-q", stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert os.read(process.stdout.fileno(), 4) == b"RIFF"
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=20) == FAILED and errors == b""
    process.stderr.close()

"""What a process tells is data: bounded, finite, of known names, whatever it prints."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from service.training.logs import JobLog, Logs, older
from service.training.process import Command, StepProcess
from service.training.telling import Telling


def test_numbers_are_finite_and_texts_are_short() -> None:
    telling = Telling()
    telling.hear({"event": "step", "step": 1, "epoch": 1, "losses": {"a": float("inf"), "b" * 999: 1, "c": "x"}})
    telling.hear({"event": "step", "step": float("nan"), "losses": []})
    telling.hear({"event": "problem", "path": "x" * 5000, "code": "a"})
    telling.hear({"event": "problem", "path": "a\x00b", "code": "a\n", "message": "m" * 9999})
    telling.hear({"event": "finished", "done": 10**30})
    telling.hear({"event": "take"})
    batch = telling.take()
    assert batch.points == {1: (1, {"losses": {"a": None, "b" * 64: 1.0, "c": None}, **dict.fromkeys(RATES)})}
    (note,) = batch.notes
    assert note.path == "a b" and len(note.detail["message"]) == 500
    assert batch.done == 2**31 - 1 and not telling.take()


RATES = ("learning_rate", "gradient_norm", "steps_per_second")


def run(tmp_path: Path, program: str) -> tuple[list[dict[str, Any]], int, list[str]]:
    async def whole() -> tuple[list[dict[str, Any]], int]:
        command = Command((sys.executable, "-c", program), tmp_path / ".lock", tmp_path)
        process = await StepProcess.start(command, JobLog(tmp_path / "a.log"))
        return [event async for event in process.events()], await process.ended()

    events, status = asyncio.run(whole())
    return events, status, Logs(tmp_path).tail("a", 100)


def test_lines_that_are_no_events_go_to_the_log(tmp_path: Path) -> None:
    program = """if True:
        import sys
        print('{"event": "a"}'); print('hello'); print('{"x": 1}'); print('[' * 100000); print('{' * 3000)
        print('{"event": "' + 'b' * 100000 + '"}'); print('{"event": "c"}')
        print('to people', file=sys.stderr)
    """
    events, status, lines = run(tmp_path, program)
    assert [event["event"] for event in events] == ["a", "c"] and status == 0
    assert any(line.endswith(" hello") for line in lines) and any(line.endswith("to people") for line in lines)


def test_what_a_step_left_running_ends_with_it(tmp_path: Path) -> None:
    program = """if True:
        import subprocess, sys
        left = subprocess.Popen(["sleep", "600"])
        print('{"event": "left", "pid": %d}' % left.pid, flush=True)
    """
    events, status, _ = run(tmp_path, program)
    assert status == 0 and not Path(f"/proc/{events[0]['pid']}/cmdline").read_bytes()


def test_two_never_write_one_folder(tmp_path: Path) -> None:
    async def both() -> int:
        held = Command((sys.executable, "-c", "input"), tmp_path / ".lock", tmp_path)
        first = await StepProcess.start(
            Command(
                (*held.argv[:2], 'import time; print(\'{"event": "on"}\', flush=True); time.sleep(60)'),
                held.lock,
                tmp_path,
            ),
            JobLog(tmp_path / "a.log"),
        )
        async for _ in first.events():
            break
        second = await StepProcess.start(held, JobLog(tmp_path / "b.log"))
        status = await second.ended()
        first.kill()
        await first.ended()
        return status

    import service.training.process as started

    before = started._LOCK_SECONDS
    started._LOCK_SECONDS = 0.2
    try:
        assert asyncio.run(both()) == started.LOCKED
    finally:
        started._LOCK_SECONDS = before


def test_a_log_keeps_its_newest_lines_within_its_limit(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "a.log", limit=2000)
    for number in range(200):
        log.write(f"line {number}\x1b[31m")
    kept = (tmp_path / "a.log").stat().st_size + older(tmp_path / "a.log").stat().st_size
    assert kept <= 4000 and log.last == "line 199 [31m"
    tail = Logs(tmp_path).tail("a", 30)
    assert len(tail) == 30 and tail[-1].endswith("line 199 [31m") and tail[0].endswith("line 170 [31m")
    assert Logs(tmp_path).whole("a").count(b"\n") > 30

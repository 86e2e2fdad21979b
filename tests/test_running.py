"""The test run itself: waiting, the closing summary, what runs beside what."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.waiting import eventually

pytest.importorskip("xdist", reason="pytest-xdist is not installed: bash install.sh --dev")

ROOT = Path(__file__).parents[1]


def test_waiting_ends_with_what_was_waited_for() -> None:
    seen: list[int] = []
    threading.Timer(0.01, seen.append, (1,)).start()
    assert eventually(lambda: seen) == [1]


def test_waiting_in_vain_says_what_was_seen() -> None:
    with pytest.raises(AssertionError, match="seen last: 0"):
        eventually(lambda: 0, seconds=0.01)


def _run(tmp_path: Path, script: str) -> int:
    """Run the tests with a script in place of Python; return the exit status."""
    python = tmp_path / "python"
    python.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    return subprocess.run(["bash", "tests/run.sh", str(python)], cwd=ROOT, capture_output=True, check=False).returncode


def test_a_run_without_closing_summary_has_failed(tmp_path: Path) -> None:
    assert _run(tmp_path, "echo 'tests/test_layout.py ........'; exit 0") == 1
    assert _run(tmp_path, "exit 3") == 3


def test_a_run_with_closing_summary_ends_as_pytest_does(tmp_path: Path) -> None:
    assert _run(tmp_path, "echo '==== 3 passed, 1 skipped in 0.01s ===='") == 0
    assert _run(tmp_path, "echo '1 failed, 2 passed in 61.20s (0:01:01)'; exit 1") == 1


def test_files_that_build_graphs_are_a_few_parts_of_a_parallel_run() -> None:
    from tests.scheduling import GRAPHS, LONG, WAITING, part_of

    assert part_of("tests/networks/test_t2s.py", alone=False) == part_of("tests/networks/test_cfm.py", alone=False)
    assert part_of("tests/networks/test_t2s.py", alone=False) != part_of("tests/native/test_pool.py", alone=False)
    assert part_of("tests/text/test_korean.py", alone=False) != part_of("tests/text/test_english.py", alone=False)
    assert part_of("tests/networks/test_t2s.py", alone=True) == part_of("tests/text/test_korean.py", alone=True)
    assert part_of("tests/networks/test_t2s.py", alone=False) != part_of("tests/training/test_gpt.py", alone=False)
    building = [beginning for beginnings in GRAPHS.values() for beginning in beginnings]
    assert all((ROOT / beginning).exists() for beginning in (*building, *LONG, *WAITING))


def test_long_files_come_first_then_those_that_wait_and_timed_tests_last() -> None:
    from tests.scheduling import ALONE, GRAPHS, place_of

    parts = [ALONE, "tests/test_layout.py", "tests/page/test_story.py", "tests/test_style.py", *GRAPHS][:5]
    assert sorted(parts, key=place_of) == parts[::-1]


SAMPLE = """
import time, pathlib, pytest
LOG = pathlib.Path(__file__).parent / "log"
def note(line):
    with LOG.open("a") as file: file.write(line + "\\n")
{body}
"""


def _project(root: Path) -> None:
    """Lay out a project of its own with the same scheduling."""
    (root / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text("utf-8"), encoding="utf-8")
    (root / "pytest.ini").write_text("[pytest]\nmarkers = alone: x\n", encoding="utf-8")


def _run_project(root: Path, processes: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "--dist", "loadgroup", str(root)],
        cwd=root, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout + done.stderr


def test_tests_that_need_the_machine_run_when_all_others_have_ended(tmp_path: Path) -> None:
    """In a project of its own with the same scheduling: four files beside each other, then the timed ones."""
    _project(tmp_path)
    plain = "def test_{n}():\n    time.sleep(0.05)\n    note('plain')\n"
    timed = "@pytest.mark.alone\ndef test_timed():\n    note('timed')\n"
    for number in range(4):
        body = "".join(plain.format(n=n) for n in range(3)) + (timed if number < 2 else "")
        (tmp_path / f"test_{number}.py").write_text(SAMPLE.format(body=body), encoding="utf-8")
    said = _run_project(tmp_path, 2)
    assert "14 passed" in said, said
    assert (tmp_path / "log").read_text("utf-8").split() == ["plain"] * 12 + ["timed"] * 2


def _note_of_process(name: str) -> str:
    return f"    time.sleep(0.1)\n    note(f'{name} {{os.getpid()}}')\n"


_STILL_THERE = """
def test_timed():
    def alive():
        pids = {{line.split()[1] for line in LOG.read_text().splitlines()}}
        status = {{pid: pathlib.Path("/proc", pid, "status") for pid in pids}}
        return [pid for pid in pids if status[pid].exists() and "(zombie)" not in status[pid].read_text()]
    until = time.monotonic() + 20
    while len(alive()) > {most} and time.monotonic() < until:
        time.sleep(0.05)
    note("timed " + ",".join(alive()))
"""
"""Notes which processes are there at the end; one that has ended its work takes a moment to go."""


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.full), 3])
def test_graphs_go_with_their_process(tmp_path: Path, processes: int) -> None:
    """Three parts with graphs, of which two are under way at most, plain files, and a timed test at the end."""
    _project(tmp_path)
    graphs = ("training", "networks", "inference")
    timed = "@pytest.mark.alone\n" + _STILL_THERE.format(most=processes)
    for name in (*graphs, *(f"plain{number}" for number in range(8))):
        folder = tmp_path / "tests" / name
        folder.mkdir(parents=True)
        body = "import os\n" + "".join(f"def test_{n}():\n{_note_of_process(name)}" for n in range(4))
        text = SAMPLE.replace("parent /", "parents[2] /").format(body=body + (timed if name == "plain0" else ""))
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    said = _run_project(tmp_path, processes)
    assert "45 passed" in said, said
    lines = [line.split() for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert lines[-1][0] == "timed" and len(lines[-1][1].split(",")) <= processes, "others have ended"
    places = {graph: [i for i, (name, _) in enumerate(lines) if name == graph] for graph in graphs}
    owners = {graph: {lines[i][1] for i in places[graph]} for graph in graphs}
    assert all(len(owner) == 1 for owner in owners.values()) and len(set().union(*owners.values())) == 3, lines
    for graph, (owner,) in owners.items():
        assert not any(pid == owner for _, pid in lines[places[graph][-1] + 1 :]), f"{graph} is the last of its process"
    assert min(places["inference"]) > min(places["training"][-1], places["networks"][-1]), lines

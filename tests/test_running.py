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
        cwd=root, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
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


GRAPH_FOLDERS = ("training", "networks", "inference")


def _run_folders(root: Path, sizes: dict[str, int], timed_in: str, processes: int) -> list[list[str]]:
    """Run a project of folders with so many tests each, and a timed one; return names and processes as they ran."""
    _project(root)
    timed = "@pytest.mark.alone\n" + _STILL_THERE.format(most=processes)
    for name, count in sizes.items():
        folder = root / "tests" / name
        folder.mkdir(parents=True)
        body = "import os\n" + "".join(f"def test_{n}():\n{_note_of_process(name)}" for n in range(count))
        text = SAMPLE.replace("parent /", "parents[2] /").format(body=body + (timed if name == timed_in else ""))
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    said = _run_project(root, processes)
    assert f"{sum(sizes.values()) + 1} passed" in said, said
    return [line.split() for line in (root / "log").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.full), 3])
def test_graphs_go_with_their_process(tmp_path: Path, processes: int) -> None:
    """Three parts with graphs, of which two are under way at most, plain files, and a timed test at the end."""
    sizes = dict.fromkeys((*GRAPH_FOLDERS, *(f"plain{number}" for number in range(8))), 4)
    lines = _run_folders(tmp_path, sizes, "plain0", processes)
    assert lines[-1][0] == "timed" and len(lines[-1][1].split(",")) <= processes, "others have ended"
    places = {graph: [i for i, (name, _) in enumerate(lines) if name == graph] for graph in GRAPH_FOLDERS}
    owners = {graph: {lines[i][1] for i in places[graph]} for graph in GRAPH_FOLDERS}
    assert all(len(owner) == 1 for owner in owners.values()) and len(set().union(*owners.values())) == 3, lines
    for graph, (owner,) in owners.items():
        assert not any(pid == owner for _, pid in lines[places[graph][-1] + 1 :]), f"{graph} is the last of its process"
    assert min(places["inference"]) > min(places["training"][-1], places["networks"][-1]), lines


@pytest.mark.parametrize(
    ("sizes", "timed_in", "processes"),
    [
        pytest.param(dict.fromkeys(GRAPH_FOLDERS, 4), "training", 3, id="graphs alone"),
        pytest.param({"training": 3}, "training", 1, id="a timed test in the only part"),
        pytest.param({"training": 3, "plain0": 1, "plain1": 3}, "plain1", 1, id="a part of one test for a new process"),
    ],
)
def test_few_parts_are_neither_lost_nor_begun_too_early(
    tmp_path: Path, sizes: dict[str, int], timed_in: str, processes: int
) -> None:
    lines = _run_folders(tmp_path, sizes, timed_in, processes)
    names = [line[0] for line in lines]
    assert names[-1] == "timed" and {name: names.count(name) for name in sizes} == sizes
    if "inference" in sizes:
        before = names[: names.index("inference")]
        assert max(before.count(graph) for graph in ("training", "networks")) == 4, "two at once at most"

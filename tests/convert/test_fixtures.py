"""The fixture files: every sound one is read to the bit, every malicious or corrupt one refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from convert import CorruptCheckpointError, UnsafeCheckpointError, load
from tests.convert.conftest import CHECKPOINTS
from tests.parity.checks.checkpoints import differences, refusal, run
from tests.parity.report import Report

EXPECTED = json.loads((CHECKPOINTS / "expected.json").read_text(encoding="utf-8"))
BY_KIND = {kind: [n for n, e in EXPECTED.items() if e["kind"] == kind] for kind in ("ok", "malicious", "corrupt")}


@pytest.mark.parametrize("name", BY_KIND["ok"])
def test_sound_file_is_read_exactly(name: str) -> None:
    assert differences(CHECKPOINTS / name, EXPECTED[name]) == []


@pytest.mark.parametrize("name", BY_KIND["malicious"])
def test_malicious_file_is_refused_and_names_what_it_wanted(name: str) -> None:
    assert refusal(CHECKPOINTS / name, EXPECTED[name]) == (True, "UnsafeCheckpointError")
    with pytest.raises(UnsafeCheckpointError) as caught:
        load(CHECKPOINTS / name)
    assert caught.value.name and caught.value.name in str(caught.value)


@pytest.mark.parametrize("name", BY_KIND["corrupt"])
def test_corrupt_file_is_refused_with_its_path(name: str) -> None:
    with pytest.raises(CorruptCheckpointError, match=name.replace(".", r"\.")):
        load(CHECKPOINTS / name)


AUDIT = """
import sys
from pathlib import Path
from convert import CheckpointError, load
paths = [Path(p) for p in sys.argv[1:]]
allowed = {"open", "mmap.__new__", "builtins.id"}
seen = []
modules = set(sys.modules)
sys.addaudithook(lambda event, args: seen.append((event, str(args)[:200])) if event not in allowed else None)
for path in paths:
    try:
        load(path)
    except CheckpointError:
        pass
    else:
        print("read", path)
events = list(seen)
print(events, sorted(set(sys.modules) - modules))
"""


def test_interpreter_sees_nothing_but_files_opened() -> None:
    """The interpreter's own audit of imports, compilation, execution and processes stays empty."""
    paths = [str(CHECKPOINTS / name) for name in BY_KIND["malicious"] + BY_KIND["corrupt"]]
    done = subprocess.run([sys.executable, "-c", AUDIT, *paths], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_parity_check_accepts_the_fixtures() -> None:
    report = Report("checkpoints")
    run(CHECKPOINTS, report)
    assert len(report.rows) == len(EXPECTED) and not report.failures


def test_parity_check_notices_a_wrong_value(tmp_path: Path) -> None:
    entry = json.loads(json.dumps(EXPECTED["odd_tensors.pth"]))
    entry["tensors"]["/a"]["sha256_f32"] = "0" * 64
    assert differences(CHECKPOINTS / "odd_tensors.pth", entry) == ["/a"]


def test_parity_check_notices_a_file_that_is_not_refused() -> None:
    assert refusal(CHECKPOINTS / "odd_tensors.pth", {}) == (False, "was read")

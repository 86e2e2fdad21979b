"""Two trainings of one folder would replace each other's state: the second is refused while the first lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from GPT_SoVITS.training import alone
from GPT_SoVITS.training.alone import alone_in
from GPT_SoVITS.training.trainer import TrainingError

HOLDS = """
import sys, time
from pathlib import Path
from GPT_SoVITS.training.alone import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_training_is_refused_until_the_first_is_gone_however_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "logs"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None and first.stdout.readline() == "held\n"
        monkeypatch.setattr(alone, "PATIENCE_SECONDS", 0.2)
        with pytest.raises(TrainingError, match=r"another training writes .*logs now"), alone_in(folder):
            pass
        with alone_in(tmp_path / "other"):
            pass
        monkeypatch.setattr(alone, "PATIENCE_SECONDS", 10.0)
        first.kill()
        with alone_in(folder):
            pass

"""Ten thousand recordings: nothing is lost, nothing takes the square of their number."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from GPT_SoVITS.events import FINISHED
from GPT_SoVITS.training.data.folder import Folder
from tests.dataset.commands import do, only, start
from tests.dataset.models import Models
from tests.dataset.sounds import save, tones
from tests.waiting import eventually

COUNT = 10_000


@pytest.mark.full
def test_ten_thousand_recordings_are_sliced_and_read_though_killed(tmp_path: Path) -> None:
    raw, out, exp = tmp_path / "raw", tmp_path / "out", tmp_path / "exp"
    raw.mkdir()
    clip = save(tmp_path / "clip.wav", tones(1, 0.05)).read_bytes()
    for index in range(COUNT):
        (raw / f"{index:05}.wav").write_bytes(clip)
    options = ("slice", "--inp", raw, "--out", out, "--n-parts", 2)
    child = start(*options)
    eventually(lambda: out.is_dir() and sum(1 for _ in out.iterdir()) > COUNT // 4, 3600)
    child.send_signal(signal.SIGKILL)
    child.wait()
    status, told = do(tmp_path / "events", *options)
    assert status == FINISHED and told[-1]["done"] + told[-1]["skipped"] == COUNT and told[-1]["skipped"] > COUNT // 8
    clips = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    assert len(clips) == COUNT
    listed = tmp_path / "many.list"
    listed.write_text("\n".join(f"{name}|anna|EN|Hello number {i}." for i, name in enumerate(clips)), encoding="utf-8")
    models = Models(tmp_path / "models")
    given = ("--list", listed, "--wav-dir", out, "--exp-dir", exp, *models.options)
    status, told = do(tmp_path / "events", "features", *given, "--steps", "text,hubert,semantic")
    assert status == FINISHED and told[-1]["done"] == 3 * COUNT and not only(told, "problem")
    folder = Folder(exp, "v2")
    assert len(folder.phonemes) == COUNT == len(folder.tokens())

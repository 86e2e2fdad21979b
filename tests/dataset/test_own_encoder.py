"""Weights that name a content encoder of the program's: the training folder holds that one's features and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convert.base import SovitsBase, sovits_base
from GPT_SoVITS.events import FAILED, FINISHED
from GPT_SoVITS.training.data.folder import Folder, read_tensor
from tests.dataset.commands import Events, do
from tests.dataset.models import Models
from tests.dataset.sounds import save, tones
from tests.engine.boxed import boxed
from tests.engine.small import write_sovits
from tests.engine.small_own import CODES, SOVITS, OwnInstallation


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnInstallation:
    return boxed(tmp_path / "own", monkeypatch)


class Job:
    """One English recording and its training folder; no official network is named unless a test does."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "logs/anna"
        save(root / "one.wav", tones(0, 1.3))
        (root / "anna.list").write_text("one.wav|anna|EN|Hello world.\n", encoding="utf-8")

    def run(self, weights: object, *more: object, step: str = "features") -> tuple[int, Events]:
        """Make the folder with the quantizer of some weights."""
        given = ("--list", self.root / "anna.list", "--wav-dir", self.root, "--exp-dir", self.folder)
        return do(self.root / "events", step, *given, "--pretrained-s2g", weights, "--device", "CPU", *more)

    def features(self) -> Any:
        """What the encoder made of the recording."""
        return read_tensor(self.folder / "4-cnhubert/one.wav.pt")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_features_and_tokens_are_those_of_the_weights_own_encoder(job: Job, own: OwnInstallation) -> None:
    status, told = job.run(own.pair.sovits, "--hubert-dir", job.root / "none")
    assert status == FINISHED, told
    assert job.features().shape[:2] == (1, 24)
    ((name, tokens),) = Folder(job.folder, "v2").tokens()
    assert name == "one.wav" and len(tokens) == job.features().shape[2] // 2 and max(tokens) < CODES


def test_features_of_the_other_encoder_are_made_anew(job: Job, own: OwnInstallation) -> None:
    models = Models(job.root / "models")
    official = (models.folder / "s2.pth", "--hubert-dir", models.folder / "hubert")
    assert job.run(*official)[0] == FINISHED and job.features().shape[1] == 768
    assert job.run(own.pair.sovits)[0] == FINISHED and job.features().shape[1] == 24
    status, told = job.run(own.pair.sovits)
    assert (status, told[-1]["done"], told[-1]["skipped"]) == (FINISHED, 0, 3), "nothing has changed"
    (job.folder / ".hubert.jsonl").unlink()
    assert job.run(*official)[0] == FINISHED
    assert job.features().shape[1] == 24, "what another tool made counts as the official encoder's"
    (job.folder / ".hubert.jsonl").unlink(missing_ok=True)
    assert job.run(own.pair.sovits, step="hubert")[1][-1]["done"] == 1, "and never as this one's"


@pytest.mark.parametrize(("encoder", "code"), [("elsewhere", "model_unusable"), (None, "model_missing")])
def test_an_encoder_or_weights_that_are_not_there_are_told(job: Job, encoder: str | None, code: str) -> None:
    path = job.root / "other.pth"
    if encoder is not None:
        write_sovits(path, 0, more={**SOVITS, "model": {**SOVITS["model"], "content_encoder": encoder}})
    status, told = job.run(path, step="hubert")
    assert status == FAILED and told[-1]["code"] == code, told
    assert (encoder or path.name) in told[-1]["message"]


def test_what_a_base_says_of_itself(tmp_path: Path, own: OwnInstallation) -> None:
    assert sovits_base(Path(own.pair.sovits)) == SovitsBase("starter", has_posterior=False)
    write_sovits(tmp_path / "official.pth", 0)
    assert sovits_base(tmp_path / "official.pth") == SovitsBase("official", has_posterior=False)

"""A list becomes a training folder: with the official program's numbers, whatever happens in between."""

from __future__ import annotations

import os
import shutil
import signal
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from convert.reader import load
from GPT_SoVITS.dataset.features.training_folder import in_parts
from GPT_SoVITS.events import FAILED, FINISHED
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.training.data.folder import Folder, read_tensor
from GPT_SoVITS.training.data.gpt import GptRecordings
from tests.dataset.commands import Events, do, only, start
from tests.dataset.models import Models
from tests.dataset.sounds import RATE, save, tones
from tests.engine.small import write_speaker_verifier
from tests.waiting import eventually

# Recorded from GPT_SoVITS/prepare_datasets of the official program at 48b1a0169a28582a8984402f82cf438d3bfa6aca, with
# the networks of tests/dataset/models.py, PyTorch 2.14 on a CPU, two parts; every 16th number of a row.
_OFFICIAL = Path(__file__).parents[1] / "data/dataset/features.npz"
_EVERY = 16


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    with np.load(_OFFICIAL, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def recordings(folder: Path) -> Path:
    """Recordings of three lines, one of them in stereo, another beyond full scale."""
    folder.mkdir()
    save(folder / "one.wav", tones(0, 1.3))
    save(folder / "two.wav", tones(3, 0.9) * 2)
    stereo = np.stack([tones(1, 1.1), tones(2, 1.1)], 1)
    soundfile.write(folder / "three.wav", (np.clip(stereo, -1, 1) * 32767).astype(np.int16), RATE)
    return folder


LINES = (
    "/some/where/one.wav|anna|ZH|你好，世界。今天天气很好！",
    "two.wav|anna|EN|Hello world, this is 50% of it.",
    "C:\\x\\three.wav|anna|zh|我们去公园散步吧？",
    "bad line",
    '"one2.wav"|anna|FR|bonjour',
)


class Job:
    """A list, its recordings, and the folder that is made."""

    def __init__(self, root: Path, models: Models, lines: tuple[str, ...] = LINES) -> None:
        self.root, self.models = root, models
        self.list = root / "anna.list"
        self.write(lines)
        self.folder = root / "logs" / "anna"

    def write(self, lines: tuple[str, ...]) -> None:
        """Change the list."""
        self.list.write_text("\n".join(lines), encoding="utf-8")

    def arguments(self, *more: object, step: str = "features") -> list[object]:
        """What the command is given."""
        wavs = ("--wav-dir", self.root / "wavs") if (self.root / "wavs").is_dir() else ()
        return [step, "--list", self.list, *wavs, "--exp-dir", self.folder, *self.models.options, *more]

    def run(self, *more: object, step: str = "features") -> tuple[int, Events]:
        """Do it here."""
        return do(self.root / "events", *self.arguments(*more, step=step))

    def content(self) -> dict[str, bytes]:
        """Every file that a training reads."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


@pytest.fixture
def job(tmp_path: Path, models: Models) -> Job:
    recordings(tmp_path / "wavs")
    return Job(tmp_path, models)


def test_every_feature_is_that_of_the_official_program(job: Job, official: dict[str, Any]) -> None:
    """Largest errors seen: 3e-6 (BERT), 1.5e-5 (HuBERT), 4e-3 of 49 (speaker); tokens and recordings equal."""
    write_speaker_verifier(job.root / "speaker.ckpt")
    speaker_file = ("--speaker-file", job.root / "speaker.ckpt")
    status, told = job.run("--version", "v2Pro", "--gpu-numbers", "0-0", *speaker_file)
    assert status == FINISHED
    assert (job.folder / "2-name2text.txt").read_text(encoding="utf-8") == str(official["texts"])
    assert (job.folder / "6-name2semantic.tsv").read_text(encoding="utf-8").rstrip("\n") == str(official["semantic"])
    for name in ("one.wav", "two.wav", "three.wav"):
        wave, rate = soundfile.read(job.folder / "5-wav32k" / name, dtype="int16")
        assert rate == RATE and zlib.crc32(wave.tobytes()) == int(official[f"wave:{name}"])
        hubert = read_tensor(job.folder / "4-cnhubert" / f"{name}.pt")
        np.testing.assert_allclose(hubert[0, ::_EVERY], official[f"hubert:{name}"], atol=1e-4)
        speaker = read_tensor(job.folder / "7-sv_cn" / f"{name}.pt")
        assert speaker.shape == (1, 20480)
        np.testing.assert_allclose(speaker[0, ::_EVERY], official[f"speaker:{name}"], atol=1e-2)
    for name in ("one.wav", "three.wav"):
        bert = read_tensor(job.folder / "3-bert" / f"{name}.pt")
        np.testing.assert_allclose(bert[::_EVERY], official[f"bert:{name}"], atol=3e-5)
    assert not (job.folder / "3-bert" / "two.wav.pt").exists()
    assert {Path(event["path"]).name: event["code"] for event in only(told, "problem")} == {
        "anna.list:4": "line_fields",
        "anna.list:5": "line_language",
    }
    assert (told[0]["total"], told[-1]["done"], told[-1]["problems"]) == (14, 12, 2)
    assert only(told, "progress")[-1]["done"] == 14


def test_the_training_reads_the_folder(job: Job) -> None:
    assert job.run("--steps", "text,hubert,semantic")[0] == FINISHED
    folder = Folder(job.folder, "v2")
    read = GptRecordings(folder, T2SConfig(vocab_size=1025, phoneme_vocab_size=732, hidden_dim=16, head=2, n_layer=2))
    assert {recording.name for recording in read.recordings} == {"one.wav", "three.wav"}
    assert folder.skipped.summary() == {"text and recording do not belong together": 1}  # two.wav, and we warn of it
    bert = folder.bert("one.wav")
    assert bert is not None and len(bert) == len(folder.phonemes["one.wav"])
    assert folder.hubert("two.wav").shape == (768, 44)


def test_half_precision_halves_the_files(job: Job) -> None:
    job.run("--steps", "text,hubert,semantic", "--precision", "float16")
    tree: Any = load(job.folder / "4-cnhubert" / "one.wav.pt").tree
    assert tree.array().dtype == np.float16
    assert (job.folder / "6-name2semantic.tsv").read_text(encoding="utf-8").count("\n") == 4


def test_steps_alone_make_what_they_make_together(tmp_path: Path, models: Models, job: Job) -> None:
    for step in ("text", "hubert", "semantic"):
        assert job.run(step=step)[0] == FINISHED
    other = tmp_path / "other"
    other.mkdir()
    recordings(other / "wavs")
    together = Job(other, models)
    together.run()
    assert job.content() == together.content()


def test_a_second_run_does_nothing_again(job: Job) -> None:
    job.run("--steps", "text,hubert,semantic")
    before = job.content()
    status, told = job.run("--steps", "text,hubert,semantic")
    assert status == FINISHED and (told[-1]["done"], told[-1]["skipped"]) == (0, 9)
    assert job.content() == before


def test_what_has_changed_is_done_again(job: Job) -> None:
    job.run("--steps", "text,hubert,semantic")
    before = job.content()
    job.write(("one.wav|anna|ZH|我们去公园散步吧？", *LINES[1:3]))
    save(job.root / "wavs" / "two.wav", tones(5, 1.0))
    _, told = job.run("--steps", "text,hubert,semantic")
    assert (told[-1]["done"], told[-1]["skipped"]) == (3, 6)
    changed = {name for name, content in job.content().items() if content != before[name]}
    texts, tokens = "2-name2text.txt", "6-name2semantic.tsv"
    assert changed == {texts, "3-bert/one.wav.pt", "4-cnhubert/two.wav.pt", "5-wav32k/two.wav", tokens}
    folder = Folder(job.folder, "v2")
    bert = folder.bert("one.wav")
    assert bert is not None and len(bert) == len(folder.phonemes["one.wav"])


def test_features_of_the_official_program_are_kept(job: Job) -> None:
    job.run("--steps", "text,hubert,semantic")
    before = job.content()
    for journal in job.folder.glob(".*.jsonl"):
        journal.unlink()
    _, told = job.run("--steps", "hubert")
    assert told[-1]["skipped"] == 3 and job.content() == before


def test_a_line_that_was_removed_is_removed(job: Job) -> None:
    job.run("--steps", "text,hubert,semantic")
    job.write(LINES[:1])
    job.run("--steps", "text,hubert,semantic")
    assert Folder(job.folder, "v2").phonemes.keys() == {"one.wav"}
    assert (job.folder / "6-name2semantic.tsv").read_text(encoding="utf-8").count("\n") == 2


def test_bad_recordings_are_named_once_and_the_rest_goes_on(job: Job) -> None:
    wavs = job.root / "wavs"
    (wavs / "corrupt.wav").write_bytes(b"RIFFxxxxWAVE")
    save(wavs / "silent.wav", np.zeros(RATE, np.float32))
    save(wavs / "short.wav", tones(0, 0.01))
    soundfile.write(wavs / "loud.wav", tones(0, 1.0) * 20, RATE, "FLOAT")
    names = ("corrupt", "silent", "short", "loud", "missing")
    job.write((*LINES[:2], *(f"{name}.wav|a|EN|Hello there." for name in names), "ok.wav|a|KO|안녕"))
    status, told = job.run("--version", "v1", "--steps", "text,hubert,semantic")
    assert status == FINISHED
    assert {event["path"]: event["code"] for event in only(told, "problem")} == {
        "corrupt.wav": "audio_unreadable",
        "silent.wav": "recording_silent",
        "short.wav": "recording_short",
        "loud.wav": "recording_loud",
        "missing.wav": "recording_missing",
        "ok.wav": "recording_missing",
    }
    assert only(told, "progress")[-1]["done"] == told[0]["total"] == 6 * 3 + 2
    assert {name for name, _ in Folder(job.folder, "v1").tokens()} == {"one.wav", "two.wav"}


def test_a_language_that_the_version_does_not_speak_is_a_problem(job: Job) -> None:
    shutil.copy(job.root / "wavs/one.wav", job.root / "wavs/ko.wav")
    job.write((*LINES[:1], "ko.wav|a|KO|안녕하세요"))
    _, told = job.run("--version", "v1", step="text")
    assert [event["code"] for event in only(told, "problem")] == ["language_version"]


def test_texts_that_do_not_fit_are_warned_of(job: Job) -> None:
    job.write(("one.wav|anna|ZH|" + "你好世界" * 20, "two.wav|anna|EN|Hello."))
    for _ in range(2):  # a second run has the same warnings in its report
        _, told = job.run(step="hubert")
        assert [event["code"] for event in only(told, "warning")] == ["text_too_long"]
        assert told[-1]["warnings"] == 1


@pytest.mark.parametrize(
    ("lines", "more", "code"),
    [
        ((), (), "list_empty"),
        (("nothing.wav|a|EN|x",), (), "nothing_usable"),
        (LINES, ("--hubert-dir", "missing"), "model_missing"),
        (LINES, ("--pretrained-s2g", "missing"), "model_missing"),
        (LINES, ("--steps", "text,dance"), "bad_option"),
        (LINES, ("--gpu-numbers", "0;rm"), "bad_option"),
    ],
)
def test_what_cannot_be_done_ends_with_a_sentence(
    job: Job, lines: tuple[str, ...], more: tuple[str, ...], code: str
) -> None:
    job.write(lines)
    status, told = job.run("--steps", "hubert,semantic", *more)
    assert status == FAILED and told[-1]["code"] == code and told[-1]["message"]


def test_a_full_disk_ends_the_step_and_keeps_what_is_done(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from GPT_SoVITS.dataset.features import hubert

    written: list[Path] = []

    def full(path: Path, array: Any) -> None:
        if written:
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        path.write_bytes(b"x")

    monkeypatch.setattr(hubert, "write_tensor", full)
    status, told = job.run(step="hubert")
    assert status == FAILED and told[-1]["code"] == "disk_full" and "make room" in told[-1]["message"]
    assert [path.name for path in written] == ["one.wav.pt"]
    monkeypatch.undo()
    status, told = job.run(step="hubert")
    assert status == FINISHED and (told[-1]["done"], told[-1]["skipped"]) == (2, 1)


def test_the_order_of_parts_is_the_official_one() -> None:
    assert in_parts(list(range(7)), 3) == [0, 3, 6, 1, 4, 2, 5]
    assert in_parts(list(range(3)), 1) == [0, 1, 2]


def test_killed_in_the_middle_it_goes_on_to_the_same_result(job: Job) -> None:
    names = [f"{index}.wav" for index in range(16)]
    for index, name in enumerate(names):
        save(job.root / "wavs" / name, tones(index % 5, 0.7))
    job.write(tuple(f"{name}|anna|{'ZH' if index % 2 else 'EN'}|你好 hello" for index, name in enumerate(names)))
    child = start(*job.arguments())
    os.setpriority(os.PRIO_PROCESS, child.pid, 19)  # else it may end before anybody looks, on a busy machine
    eventually(lambda: len(list(job.folder.glob("4-cnhubert/*.pt"))) > 2, 600)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert len(list(job.folder.glob("4-cnhubert/*.pt"))) < len(names)
    status, told = job.run()
    assert status == FINISHED and told[-1]["skipped"] > len(names)
    killed, job.folder = job.folder, job.root / "whole"
    job.run()
    for name, content in job.content().items():
        if name.endswith(".pt"):  # numbers of threads differ here, and round differently
            np.testing.assert_allclose(read_tensor(killed / name), read_tensor(job.folder / name), atol=1e-4)
        else:
            assert (killed / name).read_bytes() == content

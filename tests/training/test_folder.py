"""Training folders in the official layout: what is taken, what is left out and why, and that files are hostile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from GPT_SoVITS.features.spectrogram import SOVITS
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.training.data.folder import DatasetError, Folder, is_plain, read_tensor, write_tensor
from GPT_SoVITS.training.data.gpt import GptRecordings
from GPT_SoVITS.training.data.sovits import SovitsRecordings
from GPT_SoVITS.training.options import OptionError, SovitsOptions
from GPT_SoVITS.training.processes import ALONE
from tests.convert.torchfile import global_name, save_pickle, text
from tests.training.small import GPT_CONFIG, training_folder

CONFIG = T2SConfig.from_official(GPT_CONFIG)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of three recordings."""
    return training_folder(tmp_path / "voice")


def _add(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + line + "\n", encoding="utf-8")


def test_a_tensor_is_written_and_read_without_pytorch(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float16).reshape(1, 3, 4)
    write_tensor(tmp_path / "a.pt", array)
    read = read_tensor(tmp_path / "a.pt")
    assert read.dtype == np.float32 and np.array_equal(read, array)


def test_a_pt_file_that_calls_something_is_refused(tmp_path: Path) -> None:
    body = global_name("os", "system") + b"(" + text("touch pwned") + b"tR"
    save_pickle(body, tmp_path / "a.pt")
    with pytest.raises(DatasetError, match=r"a\.pt"):
        read_tensor(tmp_path / "a.pt")


def test_a_pt_file_of_something_else_than_a_tensor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"not a tensor")
    with pytest.raises(DatasetError, match=r"a\.pt"):
        read_tensor(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("name", "plain"), [("a.wav", True), ("一.wav", True), ("../a", False), ("/a", False), ("..", False), ("", False)]
)
def test_names_are_file_names_and_no_paths(name: str, plain: bool) -> None:
    assert is_plain(name) == plain


def test_lines_that_cannot_be_used_are_counted_by_reason_and_the_rest_is_trained_on(root: Path) -> None:
    texts, tokens = root / "2-name2text.txt", root / "6-name2semantic.tsv"
    _add(texts, "../../etc/passwd\ta\t[1]\tx")
    _add(texts, "three\tfields\tonly")
    _add(texts, "odd.wav\tno_such_phoneme\t[1]\tx")
    _add(texts, "pace.wav\t" + " ".join(["a"] * 5) + "\t[1]\tx")
    for line in ("nobody.wav\t1 2 3", "clip_0.wav\tone two", "pace.wav\t1 2"):
        _add(tokens, line)
    folder = Folder(root, "v2")
    recordings = GptRecordings(folder, CONFIG)
    assert {recording.name for recording in recordings.recordings} == {"clip_0.wav", "clip_1.wav", "clip_2.wav"}
    assert len(recordings) == 3 * 33
    assert folder.skipped.summary() == {
        "not four fields and a file name": 2,
        "unknown phoneme": 1,
        "semantic tokens are not numbers": 1,
        "semantic tokens without phonemes": 1,
        "text and recording do not belong together": 1,
    }


def test_a_recording_longer_than_the_limit_is_left_out(root: Path) -> None:
    folder = Folder(root, "v2")
    assert len({r.name for r in GptRecordings(folder, replace(CONFIG, max_sec=0.75)).recordings}) == 1
    assert folder.skipped.summary() == {"longer than the limit": 2}


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()])
def test_bert_features_that_are_missing_or_damaged_are_left_out(root: Path, damage: Callable[[Path], Any]) -> None:
    damage(root / "3-bert" / "clip_0.wav.pt")
    recordings = GptRecordings(Folder(root, "v2"), CONFIG)
    assert recordings[0].bert is None
    other = recordings[1].bert
    assert other is not None and other.shape == (len(recordings[1].phonemes), 1024)


@pytest.mark.parametrize("tokens", ["1 2 32", "1 2 -1"])
def test_tokens_that_have_no_row_in_the_weights_are_left_out(root: Path, tokens: str) -> None:
    _add(root / "6-name2semantic.tsv", f"clip_0.wav\t{tokens} " + "0 " * 15 + "0")
    _add(root / "6-name2semantic.tsv", f"clip_0.wav\t{1 << 70}")
    folder = Folder(root, "v2")
    assert len({id(r) for r in GptRecordings(folder, CONFIG).recordings}) == 3
    assert folder.skipped.summary() == {
        "semantic tokens that the weights do not know": 1,
        "semantic tokens are not numbers": 1,
    }
    with pytest.raises(DatasetError, match="phonemes that the weights do not know"):
        GptRecordings(Folder(root, "v2"), replace(CONFIG, phoneme_vocab_size=1))


def test_a_list_of_another_encoding_or_with_a_mark_in_front_is_read(root: Path) -> None:
    path = root / "2-name2text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + "caf\xe9.wav\ta b\t[1]\t\xe9\n".encode("latin-1"))
    assert set(Folder(root, "v2").phonemes) == {"clip_0.wav", "clip_1.wav", "clip_2.wav", "caf\ufffd.wav"}


@pytest.mark.parametrize("number", [np.nan, np.inf, -1e300])
def test_features_that_are_no_numbers_are_refused(tmp_path: Path, number: float) -> None:
    write_tensor(tmp_path / "a.pt", np.array([0.0, number]))
    with pytest.raises(DatasetError, match=r"a\.pt: holds numbers that are infinite or none"):
        read_tensor(tmp_path / "a.pt")


@pytest.mark.parametrize("shape", [(1024, 99), (768, 5), (5,), (1, 1024, 5)])
def test_bert_features_of_another_text_or_network_are_left_out(root: Path, shape: tuple[int, ...]) -> None:
    write_tensor(root / "3-bert" / "clip_0.wav.pt", np.zeros(shape, np.float32))
    folder = Folder(root, "v2")
    assert GptRecordings(folder, CONFIG)[0].bert is None
    assert folder.skipped.summary() == {"trained on without their BERT features: of another size than the text": 1}


def test_a_clip_has_as_many_hubert_frames_as_spectrogram_frames(root: Path) -> None:
    write_tensor(root / "4-cnhubert" / "clip_0.wav.pt", np.ones((1, 768, 35), np.float32))
    recordings = SovitsRecordings(Folder(root, "v2"), SOVITS, with_speaker=False)
    clip = recordings[recordings.names.index("clip_0.wav")]
    assert clip.ssl.shape == (768, 36) and clip.spectrogram.shape == (1025, 36) and clip.wave.shape == (36 * 640,)


def test_recordings_of_unfit_length_and_without_features_are_left_out(root: Path) -> None:
    soundfile.write(root / "5-wav32k" / "clip_0.wav", np.zeros(3200), 32000, format="WAV", subtype="PCM_16")
    (root / "4-cnhubert" / "clip_1.wav.pt").unlink()
    folder = Folder(root, "v2")
    assert set(SovitsRecordings(folder, SOVITS, with_speaker=False).names) == {"clip_2.wav"}
    assert len(folder.skipped.summary()) == 2


def _blank(root: Path) -> None:
    path = root / "5-wav32k" / "clip_0.wav"
    path.write_bytes(b"\0" * path.stat().st_size)


def _no_numbers(root: Path) -> None:
    wave = np.full(36 * 640, np.nan, np.float32)
    soundfile.write(root / "5-wav32k" / "clip_0.wav", wave, 32000, format="WAV", subtype="FLOAT")


@pytest.mark.parametrize(
    "damage",
    [
        _blank,
        _no_numbers,
        lambda root: write_tensor(root / "4-cnhubert" / "clip_0.wav.pt", np.zeros((1, 1024, 36), np.float32)),
        lambda root: (root / "4-cnhubert" / "clip_0.wav.pt").write_bytes(b""),
        lambda root: write_tensor(root / "7-sv_cn" / "clip_0.wav.pt", np.zeros((1, 192), np.float32)),
    ],
    ids=["blank", "no numbers", "another encoder", "empty", "another verifier"],
)
def test_a_recording_that_cannot_be_read_is_noted_and_the_next_one_taken(
    root: Path, damage: Callable[[Path], Any]
) -> None:
    for index in range(3):
        write_tensor(root / "7-sv_cn" / f"clip_{index}.wav.pt", np.zeros((1, 20480), np.float32))
    damage(root)
    folder = Folder(root, "v2")
    recordings = SovitsRecordings(folder, SOVITS, with_speaker=True)
    for _ in range(2):
        clip = recordings[recordings.names.index("clip_0.wav")]
        assert clip.wave.size > 0 and folder.skipped.summary() == {"cannot be read": 1}, "counted once"


def test_recordings_that_no_bucket_is_for_are_counted_and_nothing_else_is_no_training(root: Path) -> None:
    folder = Folder(root, "v2")
    recordings = SovitsRecordings(folder, SOVITS, with_speaker=False)
    assert len(recordings.order(4, (36, 100), ALONE)) == -(-2 * 33 // 4)
    assert folder.skipped.summary() == {"not of 37 to 100 frames": 1}
    with pytest.raises(DatasetError, match="no recording to train on"):
        recordings.order(4, (50, 100), ALONE)


def test_a_folder_without_a_part_says_which_step_makes_it(root: Path) -> None:
    with pytest.raises(DatasetError, match="7-sv_cn is missing"):
        SovitsRecordings(Folder(root, "v2"), SOVITS, with_speaker=True)
    (root / "2-name2text.txt").unlink()
    with pytest.raises(DatasetError, match="step 1a of the dataset makes it"):
        Folder(root, "v2")


@pytest.mark.parametrize(
    "change",
    [
        *({"batch_size": 0}, {"batch_size": 257}, {"dropout": 1.0}, {"dropout": np.nan}, {"bucket": 3}),
        *({"bucket": 1026}, {"dropout_pool": 63}, {"dropout_pool": 1 << 29}, {"seed": -1}, {"seed": 1 << 64}),
        *({"name": "a/b"}, {"name": ".a"}, {"name": ""}, {"name": "一" * 67}),
        *({"name": " "}, {"name": "a "}, {"name": "\u3000"}, {"name": "a\nb"}),
        *({"text_low_lr_rate": -0.1}, {"text_low_lr_rate": 1.1}, {"text_low_lr_rate": np.nan}),
    ],
)
def test_options_have_limits(tmp_path: Path, change: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"exp_dir": tmp_path, "name": "anna", "weights_dir": tmp_path, "batch_size": 3}
    SovitsOptions(**whole)
    with pytest.raises(OptionError):
        SovitsOptions(**(whole | change))

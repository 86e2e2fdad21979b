"""The step slice: official names, resuming, cancelling, bad files named."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from GPT_SoVITS.audio.files import AtomicFile
from GPT_SoVITS.events import CANCELLED, FAILED, FINISHED
from tests.dataset.commands import contents, do, only, start
from tests.dataset.sounds import RATE, bursts, save
from tests.waiting import eventually

_QUICK = ("--min-length", 500, "--n-parts", 1)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for seed in range(3):
        save(folder / f"take{seed}.wav", bursts(seed, 6, longest=1.0))
    return folder


def test_a_folder_becomes_clips_with_official_names(raw: Path, tmp_path: Path) -> None:
    status, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *_QUICK)
    assert status == FINISHED
    assert told[0] == told[0] | {"event": "started", "step": "slice", "total": 3}
    assert told[-1] == told[-1] | {"event": "finished", "outputs": [str(tmp_path / "out")], "done": 3, "problems": 0}
    assert only(told, "progress")[-1]["done"] == 3
    names = sorted(contents(tmp_path / "out"))
    assert len(names) > 3 and names[0].startswith("take0.wav_0000000000_")
    sound = soundfile.SoundFile(tmp_path / "out" / names[0])
    assert (sound.samplerate, sound.channels, sound.subtype) == (RATE, 1, "PCM_16")


def test_several_processes_make_the_same_clips(raw: Path, tmp_path: Path) -> None:
    do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "one", *_QUICK)
    status, told = do(tmp_path / "e", "slice", "--inp", raw, "--out", tmp_path / "two", *_QUICK[:2], "--n-parts", 2)
    assert status == FINISHED and told[-1]["done"] == 3
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_second_run_does_only_what_is_missing(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    do(tmp_path / "events", "slice", "--inp", raw, "--out", out, *_QUICK)
    before = contents(out)
    (out / sorted(before)[0]).unlink()
    _, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", out, *_QUICK)
    assert (told[-1]["done"], told[-1]["skipped"]) == (1, 2)
    assert contents(out) == before


def test_other_parameters_replace_the_clips(raw: Path, tmp_path: Path) -> None:
    do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *_QUICK)
    long = ("--min-length", 100_000, "--n-parts", 1)
    do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *long)
    do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "fresh", *long)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_bad_file_is_named_and_the_rest_goes_on(raw: Path, tmp_path: Path) -> None:
    (raw / "broken.wav").write_bytes(b"RIFF....nothing")
    (raw / "empty.wav").write_bytes(b"")
    (raw / "notes.txt").write_text("not a recording")
    (raw / ".hidden").write_text("nobody's")
    (raw / "folder").mkdir()
    save(raw / "silent.wav", np.zeros(RATE * 5, np.float32))
    status, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *_QUICK)
    assert status == FINISHED and told[0]["total"] == 7
    problems = {Path(event["path"]).name: event["code"] for event in only(told, "problem")}
    unreadable = dict.fromkeys(("broken.wav", "empty.wav", "notes.txt"), "audio_unreadable")
    assert problems == {**unreadable, "silent.wav": "silent"}
    assert all(event["message"] and event["parameters"] for event in only(told, "problem"))
    assert (told[-1]["done"], told[-1]["problems"]) == (3, 4)


def test_other_rates_and_channels_become_mono_of_32_khz(tmp_path: Path) -> None:
    stereo = np.stack([bursts(1, 4)[:44100]] * 2, axis=1)
    soundfile.write(tmp_path / "stereo.flac", stereo, 22050)
    status, _ = do(tmp_path / "e", "slice", "--inp", tmp_path / "stereo.flac", "--out", tmp_path / "out", *_QUICK)
    names = contents(tmp_path / "out")
    assert status == FINISHED
    assert max(int(name.split("_")[-1].removesuffix(".wav")) for name in names) == pytest.approx(2 * RATE, abs=RATE)


@pytest.mark.parametrize(
    ("inp", "code"), [("missing", "input_missing"), ("hollow", "input_empty"), ("bad", "nothing_usable")]
)
def test_input_that_gives_nothing_fails_with_a_sentence(tmp_path: Path, inp: str, code: str) -> None:
    (tmp_path / "hollow").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/x.wav").write_bytes(b"no sound")
    status, told = do(tmp_path / "events", "slice", "--inp", tmp_path / inp, "--out", tmp_path / "out", *_QUICK)
    assert status == FAILED
    assert told[-1]["event"] == "failed" and told[-1]["code"] == code and told[-1]["message"]


@pytest.mark.parametrize("wrong", [("--max", 2), ("--alpha", -1), ("--hop-size", 0), ("--n-parts", 0)])
def test_wrong_options_fail_with_a_sentence(raw: Path, tmp_path: Path, wrong: tuple[str, int]) -> None:
    status, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *wrong)
    assert status == FAILED and told[-1]["code"] == "bad_option"


def test_the_folder_of_the_recordings_is_no_place_for_the_clips(raw: Path, tmp_path: Path) -> None:
    status, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", raw, *_QUICK)
    assert status == FAILED and told[-1]["code"] == "bad_option"


def _many(folder: Path, count: int) -> Path:
    folder.mkdir()
    for seed in range(count):
        save(folder / f"{seed:03}.wav", bursts(seed, 4, longest=0.1) + np.float32(0.1))
    return folder


@pytest.mark.parametrize("parts", [1, 2])
def test_killed_in_the_middle_it_goes_on_to_the_same_result(tmp_path: Path, parts: int) -> None:
    raw, out = _many(tmp_path / "many", 120), tmp_path / "out"
    options = ("--inp", raw, "--min-length", 500, "--n-parts", parts)
    child = start("slice", *options, "--out", out)
    eventually(lambda: out.is_dir() and len(contents(out)) > 10, 600)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert len(contents(out)) < 120
    (out / ".000.wav_0_0.wav.0123456789abcdef.part").write_bytes(b"half a clip")
    status, told = do(tmp_path / "events", "slice", *options[:-1], 1, "--out", out)
    assert status == FINISHED and told[-1]["skipped"] > 0 and told[-1]["done"] + told[-1]["skipped"] == 120
    do(tmp_path / "events", "slice", *options[:-1], 1, "--out", tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")
    assert not list(out.glob(".*.part"))


def test_a_signal_between_a_file_and_its_owner_leaves_no_partial_file(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: AtomicFile) -> AtomicFile:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal was not heard")

    monkeypatch.setattr(AtomicFile, "__enter__", interrupted)
    status, told = do(tmp_path / "events", "slice", "--inp", raw, "--out", tmp_path / "out", *_QUICK)
    assert (status, told[-1]["event"]) == (CANCELLED, "cancelled")
    assert not list((tmp_path / "out").glob(".*.part"))


@pytest.mark.parametrize("parts", [1, 2])
def test_sigterm_ends_it_and_leaves_no_partial_file(tmp_path: Path, parts: int) -> None:
    raw, out = _many(tmp_path / "many", 1), tmp_path / "out"
    for number in range(1, 4000):  # seconds of work: a busy machine may look late
        (raw / f"{number:04}.wav").hardlink_to(raw / "000.wav")
    child = start("slice", "--inp", raw, "--min-length", 500, "--n-parts", parts, "--out", out)
    eventually(lambda: out.is_dir() and len(list(out.iterdir())) > 5, 600)
    child.terminate()
    output, _ = child.communicate()
    assert child.returncode == CANCELLED
    assert '"cancelled"' in output.splitlines()[-1] and '"finished"' not in output
    assert not list(out.glob(".*.part"))

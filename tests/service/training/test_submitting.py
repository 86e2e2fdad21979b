"""Accepting trainings: names, defaults, runs of a session, and what is refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import ConflictError, MissingError, ParameterError
from service.jobs.errors import JobConflictError
from service.jobs.kinds import Result
from service.jobs.records import Status
from service.training import fields
from service.training.names import (
    ASR,
    DENOISE,
    FORMAT,
    GPT,
    KINDS,
    ONE_CLICK,
    SLICE,
    SOVITS,
    JobName,
    checked_file_name,
)
from service.training.submitting import REQUESTS
from tests.service.training.bench import TrainingBench, recordings

BEYOND = {
    *("opt_root", "denoise_opt_dir", "asr_opt_dir", "parts", "version"),
    *("lora_rank", "if_grad_ckpt", "precision", "processes"),
}
"""Fields that the interface that is replaced does not have."""
OF_USER = {"exp_name": "安娜", "user_id": "u1", "session_id": "s1"}


def test_defaults_are_those_of_the_interface() -> None:
    def made(form: type[fields.TrainingFields], **given: Any) -> dict[str, Any]:
        return form.model_validate({"session_id": "s", **given}).model_dump(exclude={"session_id", "user_id", *BEYOND})

    assert made(fields.SliceRequest, inp="a") == {
        **{"inp": "a", "threshold": -34, "min_length": 4000, "min_interval": 300, "hop_size": 10},
        **{"max_sil_kept": 500, "max": 0.9, "alpha": 0.25, "n_parts": 4, "tool": ""},
    }
    assert made(fields.AsrRequest, asr_inp_dir="a") == {
        **{"asr_inp_dir": "a", "asr_model": "达摩 ASR (中文)", "asr_model_size": "large", "asr_lang": "zh"},
        **{"asr_precision": "float32", "tool": ""},
    }
    assert made(fields.DenoiseRequest, denoise_inp_dir="a") == {"denoise_inp_dir": "a", "tool": ""}
    of_format = made(fields.FormatRequest, **OF_USER, inp_text="l", inp_wav_dir="w")
    assert {name: of_format[name] for name in of_format if name.startswith(("gpu", "bert", "ssl", "pre"))} == {
        **{"gpu_numbers1a": "0-0", "gpu_numbers1Ba": "0-0", "gpu_numbers1c": "0-0"},
        "bert_pretrained_dir": "GPT_SoVITS/pretrained_models/chinese-roberta-wwm-ext-large",
        "ssl_pretrained_dir": "GPT_SoVITS/pretrained_models/chinese-hubert-base",
        "pretrained_s2G_path": "GPT_SoVITS/pretrained_models/gsv-v2final-pretrained/s2G2333k.pth",
    }
    assert made(fields.SovitsRequest, **OF_USER) == {
        **{"exp_name": "安娜", "inp_path": "", "if_save_latest": True, "if_save_every_weights": True},
        **{"batch_size": 3, "total_epoch": 8, "text_low_lr_rate": 0.4, "save_every_epoch": 4, "gpu_numbers1Ba": "0"},
        "pretrained_s2G": "GPT_SoVITS/pretrained_models/gsv-v2final-pretrained/s2G2333k.pth",
        "pretrained_s2D": "GPT_SoVITS/pretrained_models/gsv-v2final-pretrained/s2D2333k.pth",
    }
    assert made(fields.GptRequest, **OF_USER) == {
        **{"exp_name": "安娜", "inp_path": "", "batch_size": 3, "total_epoch": 15, "if_dpo": True},
        **{"if_save_latest": True, "if_save_every_weights": True, "save_every_epoch": 5, "gpu_numbers": "0"},
        "pretrained_s1": "GPT_SoVITS/pretrained_models/gsv-v2final-pretrained/"
        "s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
    }
    one_click = made(fields.OneClickRequest, **OF_USER, inp="a")
    union = {name for kind in (SLICE, ASR, FORMAT, SOVITS, GPT) for name in REQUESTS[kind].model_fields}
    taken_from_the_step_before = {"asr_inp_dir", "inp_text", "inp_wav_dir", "inp_path"}
    assert union - taken_from_the_step_before - {"session_id", "user_id", *BEYOND} <= one_click.keys()
    assert [one_click[name] for name in ("gpu_numbers1Ba_Ba", "batch_size_Bb", "total_epoch_Bb")] == ["0", 3, 15]
    assert one_click["save_every_epoch_Bb"] == 5


def test_names_of_jobs_tell_what_they_are_made_of() -> None:
    for name in (JobName("a:b.c", SLICE, "1"), JobName("会话", ONE_CLICK, "12", "asr"), JobName("s", UVR, "m0")):
        assert JobName.of(str(name)) == name
    assert all(JobName.of(text) is None for text in ("", "t", "a:b", "a:slice:", ":slice:1", "a:slice:X", "a:x:1"))
    # A session that is called as another's step is another name.
    assert str(JobName("s:one_click:1.slice", SLICE, "1")) != str(JobName("s", ONE_CLICK, "1", "slice"))


UVR = KINDS[6]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "-rf", " a", "a\n", "a\\b", "x" * 101, "名" * 34])
def test_a_name_that_could_lead_elsewhere_is_refused_not_rewritten(name: str) -> None:
    with pytest.raises(ParameterError):
        checked_file_name("exp_name", name)


@pytest.mark.parametrize("name", ["anna", "安娜 1", "v2.0_final", "a-b"])
def test_usual_names_are_taken_as_they_are(name: str) -> None:
    assert checked_file_name("exp_name", name) == name


def test_the_same_again_is_the_same_job_until_it_ends_well(bench: TrainingBench) -> None:
    body = {"inp": recordings(bench.settings), "session_id": "s"}
    first = bench.trainings.submit(SLICE, body)
    assert bench.trainings.submit(SLICE, body).job_id == first.job_id == "s:slice:1"
    with pytest.raises(JobConflictError):
        bench.trainings.submit(SLICE, {**body, "max": 0.5})
    bench.jobs.endings.cancel(SLICE, first.job_id)
    again = bench.trainings.submit(SLICE, body)
    assert (again.job_id, again.status) == (first.job_id, Status.WAIT), "it goes on where it ended"
    lease = bench.jobs.leases.claim(SLICE, "w", 60)
    assert lease is not None
    bench.jobs.attempts.finish(lease.job, Result())
    assert bench.trainings.submit(SLICE, body).job_id == "s:slice:2", "after a good end it is a new run"


def test_a_mark_is_one_job_however_often_it_comes(bench: TrainingBench) -> None:
    body = {"inp": recordings(bench.settings), "session_id": "s"}
    first = bench.trainings.submit(SLICE, body, mark="m1a2b3c")
    lease = bench.jobs.leases.claim(SLICE, "w", 60)
    assert lease is not None
    bench.jobs.attempts.finish(lease.job, Result())
    again = bench.trainings.submit(SLICE, body, mark="m1a2b3c")
    assert (again.key, again.status) == (first.key, Status.DONE)


def test_an_experiment_belongs_to_one_user(bench: TrainingBench) -> None:
    bench.trainings.submit(SOVITS, OF_USER)
    bench.trainings.submit(GPT, OF_USER)
    with pytest.raises(ConflictError, match="another user"):
        bench.trainings.submit(SOVITS, {**OF_USER, "user_id": "u2", "session_id": "s2"})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (SLICE, {"inp": "/etc/passwd"}),
        (SLICE, {"inp": "data/../../etc"}),
        (DENOISE, {"denoise_inp_dir": "/etc"}),
        (ASR, {"asr_inp_dir": "/"}),
        (FORMAT, {**OF_USER, "inp_text": "/etc/passwd", "inp_wav_dir": ""}),
        (SOVITS, {**OF_USER, "inp_path": "/etc"}),
        (SOVITS, {**OF_USER, "pretrained_s2G": "/etc/passwd"}),
        (GPT, {**OF_USER, "exp_name": "../../etc"}),
        (GPT, {**OF_USER, "pretrained_s1": "../../../etc/passwd"}),
    ],
)
def test_paths_outside_are_refused(bench: TrainingBench, kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        bench.trainings.submit(kind, {"session_id": "s", **body})


def test_fields_are_checked(bench: TrainingBench) -> None:
    for wrong in ({}, {"inp": "data", "session_id": ""}, {"inp": "data", "session_id": "s", "max": "loud"}):
        with pytest.raises(ParameterError, match=r"session_id|inp|max"):
            bench.trainings.submit(SLICE, wrong)


def test_what_is_not_there_is_named(bench: TrainingBench) -> None:
    (bench.settings.root / "data").mkdir()
    with pytest.raises(MissingError, match="inp: there is no file or folder data/gone"):
        bench.trainings.submit(SLICE, {"inp": "data/gone", "session_id": "s"})


def test_a_missing_network_is_named_with_the_command_that_fetches_it(bench: TrainingBench) -> None:
    (bench.settings.root / fields.S2D).unlink()
    with pytest.raises(MissingError, match=r"s2D2333k\.pth is not installed; fetch it with: .* fetch sovits-v2-d"):
        bench.trainings.submit(SOVITS, OF_USER)


def test_one_click_consists_of_six_steps_each_of_which_reads_what_the_one_before_makes(bench: TrainingBench) -> None:
    body = {**OF_USER, "inp": recordings(bench.settings), "total_epoch_Bb": 7, "batch_size": 2}
    job = bench.trainings.submit(ONE_CLICK, body)
    steps = bench.jobs.reader.steps(job)
    assert [step.kind for step in steps] == [SLICE, DENOISE, ASR, FORMAT, SOVITS, GPT]
    assert [step.blocked for step in steps] == [0, 1, 1, 1, 1, 1] and job.blocked == 6
    places = bench.training.commands.places
    sliced, denoised, listed, features, sovits, gpt = (step.request for step in steps)
    assert denoised["denoise_inp_dir"] == places.shown(places.output(SLICE, sliced, sliced["inp"]))
    assert listed["asr_inp_dir"] == features["inp_wav_dir"]
    assert features["inp_text"] == places.shown(places.listed(listed))
    assert (sovits["batch_size"], gpt["batch_size"], gpt["total_epoch"]) == (2, 3, 7)
    assert all(path.startswith("data/anna/") for path in (denoised["denoise_inp_dir"], features["inp_text"]))


def test_one_click_runs_to_its_end(bench: TrainingBench) -> None:
    body = {**OF_USER, "inp": recordings(bench.settings, units=2), "total_epoch": 1, "total_epoch_Bb": 1}
    (job,) = bench.finish(bench.trainings.submit(ONE_CLICK, body))
    assert (job.status, job.steps_done, job.steps_total) == (Status.DONE, 6, 6)
    assert [step.status for step in bench.jobs.reader.steps(job)] == [Status.DONE] * 6

"""The command line of every step, from the fields of its job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from service.errors import MissingError, ParameterError
from service.settings import Settings, load_settings
from service.training import fields
from service.training.commands import Commands
from service.training.names import ASR, DENOISE, FORMAT, GPT, SLICE, SOVITS, UVR5
from service.training.places import Places
from service.training.pretrained import Pretrained
from service.training.submitting import validated
from tests.engine.boxed import boxed
from tests.service.training.bench import networks, recordings

USER = {"exp_name": "anna", "user_id": "u", "session_id": "s"}


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    found = load_settings(root=tmp_path, host="127.0.0.1")
    networks(found.root)
    recordings(found)
    (found.root / "data/anna/anna.list").write_text("")
    return found


def argv(settings: Settings, kind: str, **body: Any) -> list[str]:
    root = settings.root
    places = Places(root, root / "data", root / "logs", settings.training_places)
    made = Commands(places, Pretrained(root, settings.weight_places), "CPU", 50, processes=2)
    step = made.step(kind, validated(kind, {"session_id": "s", **body}).model_dump())
    assert step.argv[:2] == (sys.executable, "-m")
    return [word.replace(f"{root}/", "") for word in step.argv[2:]]


def installed(settings: Settings, *paths: str) -> None:
    """Put files where published networks lie."""
    for path in paths:
        (settings.root / path).parent.mkdir(parents=True, exist_ok=True)
        (settings.root / path).write_bytes(b"weights")


def test_slice(settings: Settings) -> None:
    words = argv(settings, SLICE, inp="data/anna/raw", threshold=-40)
    assert words[:5] == ["GPT_SoVITS.dataset", "slice", "--inp", "data/anna/raw", "--out"]
    assert words[5].startswith("data/anna/slice-")
    assert words[6:] == [
        *("--threshold=-40", "--min-length=4000", "--min-interval=300", "--hop-size=10", "--max-sil-kept=500"),
        *("--max=0.9", "--alpha=0.25", "--n-parts=4"),
    ]


def test_the_same_work_has_the_same_folder_whoever_asks(settings: Settings) -> None:
    def out(**body: Any) -> str:
        return argv(settings, SLICE, inp="data/anna/raw", **body)[5]

    assert out() == out(session_id="other", tool="slice", n_parts=2) != out(max=0.5)


def test_what_lies_in_no_dataset_goes_to_one_of_the_sessions(settings: Settings) -> None:
    (settings.root / "output/x").mkdir(parents=True)
    assert argv(settings, DENOISE, denoise_inp_dir="output/x", session_id="../会")[5].startswith(
        "data/=2E.=2F=E4=BC=9A/"
    )


def test_asr(settings: Settings) -> None:
    words = argv(settings, ASR, asr_inp_dir="data/anna/raw")
    assert words[6:] == ["--model=达摩 ASR (中文)", "--size=large", "--language=zh", "--precision=float32"]


def test_features(settings: Settings) -> None:
    places = settings.training_places
    roots = [word for place in places for word in ("--root", str(place).replace(f"{settings.root}/", ""))]
    words = argv(settings, FORMAT, **USER, inp_text="data/anna/anna.list", inp_wav_dir="data/anna/raw")
    assert words == [
        *("GPT_SoVITS.dataset", "features", "--list", "data/anna/anna.list", "--exp-dir", "logs/anna"),
        *("--wav-dir", "data/anna/raw", *roots, "--bert-dir", fields.ROBERTA, "--hubert-dir", fields.HUBERT),
        *("--pretrained-s2g", fields.S2G, "--version", "v2", "--device", "CPU"),
    ]
    assert "--wav-dir" not in argv(settings, FORMAT, **USER, inp_text="data/anna/anna.list", inp_wav_dir="")


def test_training(settings: Settings) -> None:
    common = ["--exp-dir", "logs/anna", "--name", "anna", "--batch-size=3"]
    assert argv(settings, SOVITS, **USER, if_save_latest=False) == [
        *("GPT_SoVITS.training", "s2", *common, "--save-every-epoch=4", "--epochs", "8"),
        *("--no-if-save-latest", "--if-save-every-weights", "--pretrained", fields.S2G, "--pretrained-d", fields.S2D),
        *("--text-low-lr-rate=0.4", "--sample-steps", "50", "--device", "CPU"),
    ]
    assert argv(settings, GPT, **USER) == [
        *("GPT_SoVITS.training", "s1", *common, "--save-every-epoch=5", "--epochs", "15"),
        *("--if-save-latest", "--if-save-every-weights", "--pretrained", fields.S1, "--if-dpo", "--device", "CPU"),
    ]


def test_the_trainings_own_parser_takes_what_is_composed(settings: Settings) -> None:
    from GPT_SoVITS.training.command import parser

    for kind in (SOVITS, GPT):
        given = parser().parse_args(argv(settings, kind, **USER)[1:])
        assert given.name == "anna" and given.batch_size == 3


@pytest.mark.parametrize("kind", [SOVITS, GPT])
def test_a_training_is_asked_for_another_precision_and_more_processes(settings: Settings, kind: str) -> None:
    from GPT_SoVITS.training.command import parser

    words = argv(settings, kind, **USER, precision="fp16", processes=2)
    given = parser().parse_args(words[1:])
    assert (given.precision, given.processes) == ("fp16", 2)
    usual = argv(settings, kind, **USER)
    assert [word for word in words if word not in usual] == ["--precision=fp16", "--processes=2"]
    with pytest.raises(ParameterError, match="processes is 3, this service allows 2"):
        argv(settings, kind, **USER, processes=3)


@pytest.mark.parametrize(("kind", "weights"), [(SOVITS, "pretrained_s2G"), (GPT, "pretrained_s1")])
def test_what_is_not_allowed_is_told_before_weights_are_missed(settings: Settings, kind: str, weights: str) -> None:
    with pytest.raises(ParameterError, match="processes is 3"):
        argv(settings, kind, **USER, **{weights: "GPT_SoVITS/pretrained_models/none.pth"}, processes=3)


def test_more_processes_than_anybody_may_have_are_a_wrong_field() -> None:
    with pytest.raises(ParameterError, match="processes"):
        validated(GPT, {"session_id": "s", **USER, "processes": 65})


def test_a_job_from_before_an_update_has_no_such_fields(settings: Settings) -> None:
    root = settings.root
    places = Places(root, root / "data", root / "logs", settings.training_places)
    request = validated(GPT, {"session_id": "s", **USER}).model_dump(exclude={"precision", "processes"})
    step = Commands(places, Pretrained(root, settings.weight_places), "CPU").step(GPT, request)
    assert not any(word.startswith(("--precision", "--processes")) for word in step.argv)


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_the_versions_with_lora_are_trained_from_their_own_published_weights(settings: Settings, version: str) -> None:
    folder = f"{fields.PRETRAINED}/{'gsv-v4-pretrained/s2Gv4.pth' if version == 'v4' else 's2Gv3.pth'}"
    installed(settings, folder, f"{fields.PRETRAINED}/s1v3.ckpt")
    words = argv(settings, SOVITS, **USER, version=version, lora_rank="64", if_grad_ckpt=True)
    assert words[words.index("--version") :] == [
        *("--version", version, "--pretrained", folder, "--lora-rank=64", "--if-grad-ckpt", "--device", "CPU"),
    ]
    assert "--pretrained-d" not in words
    words = argv(settings, GPT, **USER, version=version)
    assert words[words.index("--pretrained") + 1] == f"{fields.PRETRAINED}/s1v3.ckpt"
    told = argv(settings, SOVITS, **USER, pretrained_s2G=folder)
    assert "--lora-rank=32" in told and "--version" not in told


def test_a_rank_that_is_not_offered_is_refused(settings: Settings) -> None:
    with pytest.raises(ParameterError, match="16, 32, 64, 128"):
        argv(settings, SOVITS, **USER, lora_rank=17)


def test_separation(settings: Settings) -> None:
    words = argv(settings, UVR5, model_name="HP2_all_vocals", input_root="data/anna/raw", agg=5, format0="flac")
    assert words[:6] == ["GPT_SoVITS.dataset", "separate", "--inp", "data/anna/raw", "--model", "HP2_all_vocals"]
    assert (words[6], words[8]) == ("--vocals", "--others") and words[7].endswith("/vocals")
    assert words[10:] == ["--agg", "5", "--format", "flac"]
    several = {"paths": ["data/anna/raw/plan.json", "data/anna/anna.list"]}
    words = argv(settings, UVR5, model_name="HP2_all_vocals", **several)
    assert words[3].endswith("/inputs"), "files of several places are linked into one"


def test_the_parsers_of_the_steps_take_what_is_composed(settings: Settings) -> None:
    from GPT_SoVITS.dataset.command import parser, steps

    known = steps()
    bodies: dict[str, dict[str, Any]] = {
        SLICE: {"inp": "data/anna/raw"},
        DENOISE: {"denoise_inp_dir": "data/anna/raw"},
        ASR: {"asr_inp_dir": "data/anna/raw"},
        FORMAT: {**USER, "inp_text": "data/anna/anna.list", "inp_wav_dir": "data/anna/raw"},
        UVR5: {"model_name": "HP2_all_vocals", "input_root": "data/anna/raw"},
    }
    for kind, body in bodies.items():
        words = argv(settings, kind, **body)[1:]
        if words[0] in {step.name for step in known}:
            assert parser(known).parse_args(words).step == words[0]


def test_results_go_where_the_client_says_within_the_folders_for_results(settings: Settings) -> None:
    assert argv(settings, SLICE, inp="data/anna/raw", opt_root="output/slicer_opt")[5] == "output/slicer_opt"
    assert argv(settings, DENOISE, denoise_inp_dir="data/anna/raw", denoise_opt_dir="data/b")[5] == "data/b"
    words = argv(settings, ASR, asr_inp_dir="data/anna/raw", asr_opt_dir="output/asr_opt")
    assert words[5] == "output/asr_opt"
    separated = {"input_root": "data/anna/raw", "vocal_root": "output/uvr5_opt", "ins_root": "output/rest"}
    words = argv(settings, UVR5, model_name="HP2_all_vocals", **separated)
    assert (words[7], words[9]) == ("output/uvr5_opt", "output/rest")
    for outside in ("GPT_SoVITS", "../x", "/tmp", "output/../logs"):
        with pytest.raises(ParameterError):
            argv(settings, SLICE, inp="data/anna/raw", opt_root=outside)


def test_parts_of_the_features_alone(settings: Settings) -> None:
    def steps(**body: Any) -> str:
        words = argv(settings, FORMAT, **USER, inp_text="data/anna/anna.list", inp_wav_dir="", **body)
        return words[words.index("--steps") + 1] if "--steps" in words else ""

    assert steps(parts=["1a"]) == "text"
    assert steps(parts=["1c", "1b"]) == "hubert,semantic"
    installed(settings, f"{fields.PRETRAINED}/v2Pro/s2Gv2Pro.pth")
    assert steps(parts=["1b"], version="v2Pro") == "hubert,speaker"
    assert steps(parts=["1a", "1b", "1c"]) == steps() == ""


def test_a_part_of_the_features_asks_for_its_own_network_alone(settings: Settings) -> None:
    none = dict.fromkeys(("bert_pretrained_dir", "ssl_pretrained_dir", "pretrained_s2G_path"), "GPT_weights/none")
    body = {**USER, "inp_text": "data/anna/anna.list", "inp_wav_dir": ""}
    own = (
        ("bert_pretrained_dir", fields.ROBERTA),
        ("ssl_pretrained_dir", fields.HUBERT),
        ("pretrained_s2G_path", fields.S2G),
    )
    for part, (name, path) in zip(("1a", "1b", "1c"), own, strict=True):
        words = argv(settings, FORMAT, **body, **{**none, name: path}, parts=[part])
        assert sum(word in words for word in ("--bert-dir", "--hubert-dir", "--pretrained-s2g")) == 1
        with pytest.raises(MissingError):
            argv(settings, FORMAT, **body, **none, parts=[part])


def test_the_version_of_a_training_is_passed_on(settings: Settings) -> None:
    assert "--version" not in argv(settings, GPT, **USER)
    installed(settings, f"{fields.PRETRAINED}/s1v3.ckpt")
    words = argv(settings, GPT, **USER, version="v2Pro")
    assert words[words.index("--version") + 1] == "v2Pro"


def test_weights_with_an_encoder_of_the_programs_need_no_other_network_and_are_not_trained_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = boxed(tmp_path / "own", monkeypatch)
    settings = load_settings(root=tmp_path / "root", host="127.0.0.1", starter=True)
    recordings(settings)
    (settings.root / "data/anna/anna.list").write_text("")
    listed = {"inp_text": "data/anna/anna.list", "inp_wav_dir": "", "pretrained_s2G_path": own.pair.sovits}
    for parts in ([], ["1b"]):
        words = argv(settings, FORMAT, **USER, **listed, parts=parts)
        assert words[words.index("--pretrained-s2g") + 1] == own.pair.sovits, "every part has to know the encoder"
        assert "--hubert-dir" not in words and "--bert-dir" not in words
    with pytest.raises(ParameterError, match=r"own\.pth can speak but not be trained further: train its GPT"):
        argv(settings, SOVITS, **USER, pretrained_s2G=own.pair.sovits)
    assert own.pair.gpt in argv(settings, GPT, **USER, pretrained_s1=own.pair.gpt)

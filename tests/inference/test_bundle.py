"""Weights as a pair: what belongs together, what is refused and how, what compiles when."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import Weights, open_weights
from convert.defaults import default_config
from convert.reader import load
from GPT_SoVITS import compiled
from GPT_SoVITS.engine.errors import EngineError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import Streaming, WeightsPair
from GPT_SoVITS.inference import bundle as module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.references import PreparedReference
from tests.convert import torchfile
from tests.engine.small import SmallInstallation
from tests.inference.conftest import FEW
from tests.inference.driver import asked, speak_alone


def test_a_bundle_says_what_it_is(home: SmallInstallation, bundle: Bundle) -> None:
    assert bundle.weights == home.pair()
    assert (bundle.version, bundle.sample_rate) == ("v2", 32000)
    assert bundle.decode_description.startswith(("native ", "portable"))
    size = sum((home.folder / name).stat().st_size for name in ("one.ckpt", "one.pth"))
    assert 0.2 * size < bundle.memory_bytes < 1.2 * size
    assert bundle.mute_similarity.shape == (1025,)
    assert bundle.mute_similarity[486] == pytest.approx(1.0) and np.abs(bundle.mute_similarity).max() <= 1.0001


def _gpt(path: Path, **model: int) -> str:
    config: dict[str, Any] = dict(default_config("t2s", "v2"))
    config["model"] = config["model"] | model
    torchfile.save(
        {"weight": {"model.ar_text_embedding.word_embeddings.weight": np.zeros((4, 4))}, "config": config}, path
    )
    return str(path)


@pytest.fixture
def files(home: SmallInstallation, tmp_path: Path) -> dict[str, str]:
    """Weight files with something wrong."""
    damaged, noise = tmp_path / "damaged.pth", tmp_path / "noise.ckpt"
    content = Path(home.pair().sovits).read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    noise.write_bytes(bytes(range(256)) * 40)
    head = tmp_path / "v4.pth"
    shutil.copy(home.pair().sovits, head)
    with head.open("r+b") as file:
        file.write(b"04")
    lacking = _gpt(tmp_path / "lacking.ckpt")
    (tmp_path / "folder").mkdir()
    return {"damaged": str(damaged), "noise": str(noise), "v4": str(head), "lacking": lacking,
            "folder": str(tmp_path / "folder"), "missing": str(tmp_path / "missing.pth")}  # fmt: skip


@pytest.mark.parametrize(
    ("gpt", "sovits", "kind", "message"),
    [
        ("one.ckpt", "missing", WeightsMissingError, r"SoVITS weights: 'missing\.pth' is not there"),
        ("missing", "one.pth", WeightsMissingError, r"GPT weights: 'missing\.pth' is not there"),
        ("one.ckpt", "damaged", WeightsInvalidError, r"SoVITS weights: .*damaged\.pth"),
        ("noise", "one.pth", WeightsInvalidError, r"GPT weights: .*noise\.ckpt"),
        ("lacking", "one.pth", WeightsInvalidError, r"missing: "),
        ("folder", "one.pth", WeightsInvalidError, r"holds none of"),
        (
            "one.pth",
            "one.pth",
            WeightsInvalidError,
            r"'one\.pth' holds a network of kind 'sovits', expected GPT weights",
        ),
        ("one.ckpt", "one.ckpt", WeightsInvalidError, r"'one\.ckpt' holds a network of kind 't2s', expected SoVITS"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_in_words(
    home: SmallInstallation, features: Features, files: dict[str, str],
    gpt: str, sovits: str, kind: type[EngineError], message: str,
) -> None:  # fmt: skip
    pair = WeightsPair(*(files.get(name, str(home.folder / name)) for name in (gpt, sovits)))
    with pytest.raises(kind, match=message):
        load_bundle(pair, home.settings(), features)


def _pretend(monkeypatch: pytest.MonkeyPatch, ending: str, **fields: str) -> None:
    """Let files with this ending seem to be of another version."""

    def pretending(path: str, **given: Any) -> Weights:
        found = open_weights(path, **given)
        return replace(found, **fields) if path.endswith(ending) else found  # type: ignore[arg-type]

    monkeypatch.setattr(module, "open_weights", pretending)


def test_a_version_that_is_not_built_yet_says_so(
    home: SmallInstallation, features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPOKEN", ("v1",))
    with pytest.raises(WeightsInvalidError, match=r"is SoVITS v2; speaking with it is not built yet, only v1"):
        load_bundle(home.pair(), home.settings(), features)


@pytest.mark.parametrize(("version", "resource"), [("v3", "vocoder-v3"), ("v4", "vocoder-v4")])
def test_versions_with_mel_spectrograms_need_their_vocoder(
    home: SmallInstallation, monkeypatch: pytest.MonkeyPatch, version: str, resource: str
) -> None:
    _pretend(monkeypatch, "pth", version=version)
    with pytest.raises(WeightsMissingError, match=f"fetch {resource}"):
        load_bundle(home.pair(), home.settings(), Features(home.settings()))


def test_gpt_and_sovits_of_different_symbols_do_not_belong_together(
    home: SmallInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, "ckpt", symbols="v1")
    with pytest.raises(
        WeightsInvalidError, match=r"knows the phonemes of v1, .*choose GPT and SoVITS weights of the same"
    ):
        load_bundle(home.pair(), home.settings(), Features(home.settings()))


def test_pro_versions_need_the_speaker_verifier(home: SmallInstallation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("GPT_SoVITS.inference.installed.locate", lambda resource: None)
    _pretend(monkeypatch, "pth", version="v2Pro")
    with pytest.raises(WeightsMissingError, match=r"fetch speaker-verifier"):
        load_bundle(home.pair(), home.settings(), Features(home.settings()))


def test_after_warming_up_nothing_compiles(
    home: SmallInstallation, voice: PreparedReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUCKETS", FEW)
    shared = Features(home.settings())
    warm = load_bundle(home.pair("two"), home.settings(), shared)
    told: list[str] = []
    assert warm.warm_up(lambda steps: told.append) > 0
    assert any("content" in what for what in told) and any("latent" in what for what in told)
    before = compiled.compilations()
    for fields in ({}, {"streaming": Streaming.TOKENS_FAST}, {"streaming": Streaming.TOKENS, "speed": 0.7}):
        speak_alone(warm, shared, voice, asked("Hello there, how are you?", **fields))
    assert compiled.compilations() == before


def _overflowing(source: str, path: Path, only: str = "") -> str:
    """Write weights again, every number (or those of one part) finite and 1e30 times as large."""
    tree = dict(load(source).tree)
    tree["weight"] = {
        key: np.float32(1e30 if only in key else 1) * np.asarray(tensor.array(), np.float32)
        for key, tensor in tree["weight"].items()
    }
    torchfile.save(tree, path)
    return str(path)


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("gpt", r"^GPT weights: 'huge\.ckpt' makes logits that are not numbers"),
        ("", r"^SoVITS weights: 'huge\.pth' makes .* that are not numbers"),
        ("dec.ups", r"^SoVITS weights: 'huge\.pth' makes samples that are not numbers"),
        ("flow.", r"^SoVITS weights: 'huge\.pth' makes latent frames that are not numbers"),
        ("ref_enc.", r"^SoVITS weights: 'huge\.pth' makes conditions of a voice that are not numbers"),
    ],
)
def test_finite_weights_whose_results_overflow_are_refused_at_once(
    home: SmallInstallation, features: Features, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    only: str, message: str,
) -> None:  # fmt: skip
    good = home.pair()
    if only == "gpt":
        pair = replace(good, gpt=_overflowing(good.gpt, tmp_path / "huge.ckpt"))
    else:
        pair = replace(good, sovits=_overflowing(good.sovits, tmp_path / "huge.pth", only))
    with caplog.at_level(logging.INFO), pytest.raises(WeightsInvalidError, match=message):
        load_bundle(pair, home.settings(), features)
    assert not [record.message for record in caplog.records if "nan" in record.message or "graph" in record.message]


def test_a_refusal_says_no_place_on_this_machine(home: SmallInstallation, features: Features, tmp_path: Path) -> None:
    tree = dict(load(home.pair().gpt).tree)
    weight = {key: np.array(tensor.array()) for key, tensor in tree["weight"].items()}
    weight["model.bert_proj.bias"][0] = np.nan
    torchfile.save({**tree, "weight": weight}, tmp_path / "nan.ckpt")
    with pytest.raises(WeightsInvalidError, match=r"nan\.ckpt: bert_proj\.bias: holds values") as refused:
        load_bundle(replace(home.pair(), gpt=str(tmp_path / "nan.ckpt")), home.settings(), features)
    assert str(tmp_path) not in str(refused.value)

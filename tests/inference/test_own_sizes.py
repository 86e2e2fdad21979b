"""Weights whose files name sizes, rate, languages and content encoder of their own run through every implementation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS import starter
from GPT_SoVITS.engine.errors import InvalidRequestError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import SamplingParameters, WeightsPair
from GPT_SoVITS.execution import plan_execution
from GPT_SoVITS.inference import bundle as bundle_module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import plan
from GPT_SoVITS.inference.references import PreparedReference, References
from GPT_SoVITS.native.library import load
from GPT_SoVITS.scheduler.limits import as_engine_error
from GPT_SoVITS.text.errors import EmptyTextError
from tests.engine.small import SmallInstallation, write_gpt, write_sovits
from tests.engine.small_own import CODES, GPT, RATE, SAMPLING, SOVITS, OwnInstallation
from tests.inference.conftest import FEW
from tests.inference.driver import asked, finish, generate, speak_tokens

TEXT = "Hello there, how are you?"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnInstallation]:
    installation = OwnInstallation(tmp_path_factory.mktemp("own"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starter, "CONTENT_ENCODER", installation.content)
        patch.setattr(bundle_module, "BUCKETS", FEW)
        yield installation


class _Voice:
    """The pair, loaded by one implementation, with its reference prepared."""

    def __init__(self, own: OwnInstallation, backend: str) -> None:
        settings = own.settings(decode_backend=backend, vocoder_backend=backend, precision="float32")
        self.features = Features(settings)
        self.bundle: Bundle = load_bundle(own.pair, settings, self.features)
        kept = References(self.features)
        self.reference: PreparedReference = finish(kept.prepare(self.bundle, own.voice))
        kept.close()

    def speak(self, tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        segment = plan(asked(TEXT), self.bundle, self.reference).segments[0]
        return speak_tokens(self.bundle, segment, tokens)[0]


@pytest.fixture(scope="module")
def native(own: OwnInstallation) -> _Voice:
    if load().handle is None:
        pytest.skip(load().description)
    return _Voice(own, "native")


@pytest.fixture(scope="module")
def graphs(own: OwnInstallation) -> _Voice:
    return _Voice(own, "jit")


def test_the_file_says_rate_tokens_languages_and_what_is_needed_beside_it(native: _Voice) -> None:
    bundle = native.bundle
    assert (bundle.version, bundle.sample_rate) == ("v2", RATE)
    assert bundle.vits.config.frames_per_code == 2 and bundle.decoder.config.eos == CODES
    assert (bundle.languages, bundle.needs) == (("en",), ())
    assert bundle.mute_similarity.shape == (CODES + 1,) and bundle.mute_similarity[2] == pytest.approx(1)


def test_its_own_content_encoder_makes_the_prompt(native: _Voice, own: OwnInstallation) -> None:
    """4 s and 0.6 s of silence at 25 tokens a second; the official encoder is not even there."""
    assert abs(len(native.reference.tokens) - 115) <= 1 and native.reference.tokens.max() < CODES
    with pytest.raises(WeightsMissingError, match=r"HuBERT: .*none"):
        native.features.hubert()


def test_graphs_and_native_code_agree(native: _Voice, graphs: _Voice) -> None:
    np.testing.assert_array_equal(native.reference.tokens, graphs.reference.tokens)
    np.testing.assert_allclose(native.reference.condition, graphs.reference.condition, atol=1e-4)
    segment = plan(asked(TEXT), native.bundle, native.reference).segments[0]
    tokens = generate(native.bundle, native.features, segment).semantic
    assert len(tokens) > 5
    other = plan(asked(TEXT), graphs.bundle, graphs.reference).segments[0]
    np.testing.assert_array_equal(generate(graphs.bundle, graphs.features, other).semantic, tokens)
    audio = native.speak(tokens)
    assert len(audio) == len(tokens) * RATE // 25 and np.abs(audio).max() > 1e-3
    np.testing.assert_allclose(graphs.speak(tokens), audio, atol=1e-4)


def test_a_request_that_leaves_sampling_open_is_sampled_as_the_weights_recommend(native: _Voice) -> None:
    chosen = SamplingParameters(top_k=9)
    taken = [
        plan(asked(TEXT, sampling=chosen, sampling_open=is_open), native.bundle, native.reference).request.sampling
        for is_open in (True, False)
    ]
    assert taken == [SamplingParameters(**SAMPLING), chosen]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["123", "123 " * 120], ids=["short", "cut into halves that fit"])
def test_digits_alone_are_read_in_the_only_language(native: _Voice, text: str) -> None:
    planned = [plan(asked(text, language), native.bundle, native.reference).segments for language in ("auto", "en")]
    assert [one.text for one in planned[0]] == [one.text for one in planned[1]]


def test_a_text_without_a_sound_has_the_code_of_its_cause(native: _Voice) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        plan(asked("你好。", "en"), native.bundle, native.reference)
    assert refused.value.code == "text_empty"
    assert as_engine_error(EmptyTextError("nothing")).code == "text_empty"


@pytest.mark.parametrize(("text", "language"), [("今天天气不错。", "all_zh"), ("Good morning. 早上好。", "auto")])
def test_other_languages_are_refused_in_words(native: _Voice, text: str, language: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"speak en only, and the text has zh; choose other") as refused:
        plan(asked(text, language), native.bundle, native.reference)
    assert (refused.value.code, refused.value.params) == ("language_not_trained", {"found": "zh", "spoken": "en"})


def test_a_prompt_in_another_language_is_refused_too(native: _Voice, own: OwnInstallation) -> None:
    kept = References(native.features)
    with pytest.raises(InvalidRequestError, match=r"said in the reference has zh; .* another reference") as refused:
        finish(kept.prepare(native.bundle, replace(own.voice, text="今天天气不错。", language="all_zh")))
    assert refused.value.code == "transcript_not_trained"
    kept.close()


def test_chinese_is_spoken_without_roberta_where_the_decoder_has_no_place_for_it(
    own: OwnInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("GPT_SoVITS.inference.installed.locate", lambda resource: None)
    settings, chinese = own.settings(), {**GPT["model"], "languages": ["zh"]}
    write_gpt(tmp_path / "zh.ckpt", 0, {**GPT, "model": chinese})
    features = Features(settings)
    bundle = load_bundle(WeightsPair(str(tmp_path / "zh.ckpt"), own.pair.sovits), settings, features)
    assert (bundle.languages, bundle.needs) == (("zh",), ())
    kept = References(features)
    reference = finish(kept.prepare(bundle, replace(own.voice, text="今天天气不错。", language="all_zh")))
    kept.close()
    given = plan(asked("你好，世界。", "zh"), bundle, reference).segments[0].decode_input(features)
    assert given.bert.shape == (8, len(given.phonemes)) and not given.bert.any()
    del chinese["languages"]
    write_gpt(tmp_path / "all.ckpt", 0, {**GPT, "model": chinese})
    with pytest.raises(WeightsInvalidError, match="and 8 text channels; expected at least"):
        load_bundle(WeightsPair(str(tmp_path / "all.ckpt"), own.pair.sovits), settings, features)


def test_files_that_were_not_trained_together_are_refused(own: OwnInstallation, home: SmallInstallation) -> None:
    settings = own.settings()
    with pytest.raises(WeightsInvalidError, match=r"'one\.ckpt' has 1024 semantic tokens, 'own\.pth' 30; choose"):
        load_bundle(WeightsPair(home.pair().gpt, own.pair.sovits), settings, Features(settings))


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("model", {"mrte_heads": 3}, r"mrte_hidden is 16; expected a multiple of model\.mrte_heads, 3"),
        ("model", {"style_hidden": 13}, r"style_hidden is 13, expected a multiple of 2"),
        ("model", {"mrte_hidden": 32}, r"mrte_hidden is 32; v2 adds the condition to it, which has 16"),
        ("data", {"sampling_rate": 24000}, r"sampling_rate is 24000; the generator makes 16000 samples a second"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_name(
    own: OwnInstallation, tmp_path: Path, section: str, values: dict[str, Any], message: str
) -> None:
    path, settings = tmp_path / "odd.pth", own.settings()
    write_sovits(path, 0, more={**SOVITS, section: {**SOVITS[section], **values}})
    with pytest.raises(WeightsInvalidError, match=message):
        load_bundle(WeightsPair(own.pair.gpt, str(path)), settings, Features(settings))


def test_what_a_weight_file_recommends_is_bounded(own: OwnInstallation, tmp_path: Path) -> None:
    path, settings = tmp_path / "odd.ckpt", own.settings()
    write_gpt(path, 0, {**GPT, "inference": {"sampling": {"top_k": 0}}})
    with pytest.raises(WeightsInvalidError, match=r"inference\.sampling\.top_k is 0; expected a whole number"):
        load_bundle(WeightsPair(str(path), own.pair.sovits), settings, Features(settings))


def test_the_plan_decides_the_implementation(native: _Voice, graphs: _Voice) -> None:
    assert native.bundle.needs_graphs is False and graphs.bundle.needs_graphs is True
    assert plan_execution(native.features.settings) != plan_execution(graphs.features.settings)

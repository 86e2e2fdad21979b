"""The registry of model versions agrees with everything that has to know them."""

from __future__ import annotations

import pytest

from convert.defaults import default_config
from convert.expected import expected_keys
from convert.version import VERSIONS as DETECTED
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.shapes import ESTIMATOR, UNUSED, condition_shapes, estimator_shapes
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.native_vocoder import PREFIX
from GPT_SoVITS.sovits.shapes import encoder_shapes, generator_shapes
from GPT_SoVITS.text.frontend import LANGUAGES_BY_SYMBOLS
from GPT_SoVITS.text.symbols import SYMBOLS, symbol_set
from GPT_SoVITS.versions import SPOKEN, VERSIONS, ModelVersion, UnknownVersionError, version_of
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig

every_version = pytest.mark.parametrize("version", VERSIONS.values(), ids=list(VERSIONS))


def test_the_converter_detects_exactly_the_registered_versions() -> None:
    assert tuple(VERSIONS) == DETECTED


@every_version
def test_phoneme_set_and_languages_are_those_of_the_text_front_end(version: ModelVersion) -> None:
    assert len(SYMBOLS[version.symbols]) == version.phonemes
    assert symbol_set(version.name) == version.symbols
    assert version.languages == LANGUAGES_BY_SYMBOLS[version.symbols]


@every_version
def test_its_resources_are_in_the_manifest(version: ModelVersion) -> None:
    named = (version.gpt, version.sovits, version.discriminator, version.vocoder_resource)
    for resource in filter(None, named):
        assert load_manifest().get(resource).files


@pytest.mark.parametrize("name", [name for name in SPOKEN if VERSIONS[name].mel is None])
def test_rate_hop_and_shapes_are_those_of_the_published_configuration(name: str) -> None:
    version, config = version_of(name), default_config("sovits", name)
    assert config["data"]["sampling_rate"] == version.sample_rate
    assert config["data"]["hop_length"] == version.hop_length
    config["model"]["version"] = name
    shapes = {key: shape for key, shape in expected_keys("sovits", config).items() if not key.startswith("enc_q.")}
    sizes = SovitsConfig.from_official(config, name)
    generator = {f"{PREFIX}{key}": shape for key, shape in generator_shapes(sizes.generator).items()}
    assert encoder_shapes(sizes) | generator == {key: tuple(shape) for key, shape in shapes.items()}
    assert shapes["enc_p.text_embedding.weight"][0] == version.phonemes
    assert ("sv_emb.weight" in shapes) == version.uses_speaker_verifier


@pytest.mark.parametrize("name", [name for name in SPOKEN if VERSIONS[name].mel is not None])
def test_shapes_and_rates_of_versions_with_mel_spectrograms_are_the_published_ones(name: str) -> None:
    version, config = version_of(name), default_config("sovits", name)
    config["model"]["version"] = name
    shapes = {key: tuple(shape) for key, shape in expected_keys("sovits", config).items()}
    cfm = CfmConfig.from_official(config, name)
    estimator = {ESTIMATOR + key: shape for key, shape in estimator_shapes(cfm).items()}
    ours = encoder_shapes(SovitsConfig.from_official(config, name)) | condition_shapes(cfm) | estimator
    assert {key: shape for key, shape in shapes.items() if not key.startswith(UNUSED)} == ours
    vocoder = default_config(version.vocoder, "")
    sizes = HifiGanConfig if version.vocoder == "hifigan" else BigVganConfig
    known = sizes.from_official(vocoder)
    assert (known.sampling_rate, known.generator.samples_per_frame) == (version.sample_rate, version.hop_length)
    assert known.generator.input_channels == cfm.mel


def test_an_unknown_version_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownVersionError, match="v2ProPlus"):
        version_of("v9")

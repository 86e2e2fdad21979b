"""RoBERTa: padding, batches, phoneme features; the full network agrees with the official one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.phone_features import PhoneFeatures, load_tokenizer
from GPT_SoVITS.features.roberta import RobertaEncoder, encoder_arrays
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError
from tests.networks.features_small import FIXTURES, ROBERTA, Array, compiled_roberta, roberta_arrays
from tests.parity.weights import load_config

ARRAYS = roberta_arrays()
IDS = np.random.default_rng(1).integers(0, ROBERTA.vocabulary, (2, 13))
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "你", "好", "世", "界", "，", "。", "ab", "a", "b", "##b"]
CLS, SEP, UNKNOWN = 2, 3, 1


@pytest.fixture(scope="module")
def roberta() -> Roberta:
    return compiled_roberta()


@pytest.fixture(scope="module")
def features(roberta: Roberta, tmp_path_factory: pytest.TempPathFactory) -> PhoneFeatures:
    folder = tmp_path_factory.mktemp("model")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    return PhoneFeatures(roberta, load_tokenizer(folder))


def _exact(ids: Array, state: int) -> Array:
    encoder = RobertaEncoder(ROBERTA, (state,))
    load_arrays(encoder, encoder_arrays(ARRAYS, ROBERTA, state))
    tensors = compiled.to_tensor(ids.astype(np.int32)), compiled.to_tensor(np.ones(ids.shape, np.float32))
    result: Array = compiled.compile_cell(encoder)(*tensors)[0].asnumpy()
    return result


def test_the_third_hidden_state_from_the_end_is_returned_unchanged_by_padding(roberta: Roberta) -> None:
    assert ROBERTA.feature_layers == 2
    states = roberta(IDS)
    assert states.shape == (2, 13, 16) and np.abs(states).max() > 0.5
    np.testing.assert_allclose(states, _exact(IDS, 2), atol=1e-5)


def test_a_padded_batch_is_each_alone(roberta: Roberta) -> None:
    mask = (np.arange(13)[None] < np.array([[13], [6]])).astype(np.int64)
    batch = roberta(IDS * mask, mask)
    np.testing.assert_allclose(batch[:1], roberta(IDS[:1]), atol=1e-5)
    np.testing.assert_allclose(batch[1:, :6], roberta(IDS[1:, :6]), atol=1e-5)


def test_too_many_tokens_are_refused(roberta: Roberta) -> None:
    with pytest.raises(FeatureError, match="24 positions"):
        roberta(np.zeros((1, 25), np.int64))


def test_a_character_is_repeated_for_its_phonemes(roberta: Roberta, features: PhoneFeatures) -> None:
    states = roberta(np.array([[CLS, 4, 5, 8, 6, 7, 9, SEP]]))[0, 1:-1]
    word2ph = [2, 2, 1, 2, 0, 1]
    result = features("你好，世界。", word2ph)
    assert result.shape == (16, 8) and result.dtype == np.float32
    np.testing.assert_allclose(result.T, np.repeat(states, word2ph, axis=0), atol=1e-6)


def test_characters_of_one_token_share_it_and_white_space_has_none(roberta: Roberta, features: PhoneFeatures) -> None:
    states = roberta(np.array([[CLS, 4, 10, UNKNOWN, SEP]]))[0]
    result = features.character_features("你 AB龘")
    np.testing.assert_allclose(result[[0, 2, 3, 4]], states[[1, 2, 2, 3]], atol=1e-6)
    assert not result[1].any()


def test_a_long_text_is_read_in_halves(features: PhoneFeatures) -> None:
    text = "你好世界" * 10
    result = features.character_features(text)
    assert result.shape == (40, 16)
    np.testing.assert_allclose(result[:20], features.character_features(text[:20]), atol=1e-6)


def test_no_text_has_no_features(features: PhoneFeatures) -> None:
    assert features("", []).shape == (16, 0)


def test_word2ph_of_another_length_is_refused(features: PhoneFeatures) -> None:
    with pytest.raises(FeatureError, match="1 numbers for 2 characters"):
        features("你好", [2])


def test_both_kinds_of_tokenizer_files_agree(features: PhoneFeatures, tmp_path: Path) -> None:
    features.tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path).encode("你好ab。").ids == features.tokenizer.encode("你好ab。").ids


def test_a_folder_without_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"vocab\.txt"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(FeatureError, match="not a tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_text("[UNK]\n你", encoding="utf-8")
    with pytest.raises(FeatureError, match=r"\[SEP\]"):
        load_tokenizer(tmp_path)


def test_layers_above_the_features_are_not_needed_but_below_they_are() -> None:
    without_top = {key: array for key, array in ARRAYS.items() if not key.startswith("encoder.layer.3.")}
    Roberta(ROBERTA, without_top)
    key = "encoder.layer.1.attention.output.LayerNorm.bias"
    with pytest.raises(WeightsError, match=r"layer\.1\.layer_norm\.bias"):
        Roberta(ROBERTA, {name: array for name, array in ARRAYS.items() if name != key})


def test_layers_beyond_the_configuration_are_refused() -> None:
    extra = {key.replace("layer.3.", "layer.4."): array for key, array in ARRAYS.items() if "layer.3." in key}
    with pytest.raises(WeightsError, match=r"unexpected: encoder\.layer\.4"):
        Roberta(ROBERTA, {**ARRAYS, **extra})


def test_the_official_configuration_is_read() -> None:
    official = load_config(FIXTURES / "bert_large")
    config = RobertaConfig.from_official(official)
    assert (config.feature_layers, config.hidden_size, config.positions) == (22, 1024, 512)
    with pytest.raises(FeatureError, match="hidden_act"):
        RobertaConfig.from_official({**official, "hidden_act": "gelu_new"})
    with pytest.raises(FeatureError, match="vocab_size"):
        RobertaConfig.from_official({key: value for key, value in official.items() if key != "vocab_size"})

"""The random weights are files that every reader of official files takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import make_weights
from convert import open_weights
from GPT_SoVITS.audio.decode import check_reference_length
from GPT_SoVITS.features.phone_features import load_tokenizer


def test_a_saved_file_is_read_back_in_half_precision(tmp_path: Path) -> None:
    arrays = make_weights.half({"a": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.arange(3)})
    make_weights.save({"weight": arrays, "config": {"x": 1}, "info": ""}, tmp_path / "file.pth")
    raw = (tmp_path / "file.pth").read_bytes()
    assert raw[:2] == b"PK" and b"archive/version" in raw and b"HalfStorage" in raw


def test_characters_of_the_vocabulary_are_single_tokens(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(make_weights.vocabulary(21128)) + "\n", encoding="utf-8")
    encoding = load_tokenizer(tmp_path).encode("先帝创业未半")
    assert len(encoding.ids) == 8
    assert encoding.ids[0] == 101 and encoding.ids[-1] == 102
    assert 100 not in encoding.ids and max(encoding.ids) < 21128


def test_the_reference_is_a_valid_clip(tmp_path: Path) -> None:
    make_weights.reference(tmp_path / "reference.wav")
    samples, rate = soundfile.read(tmp_path / "reference.wav")
    check_reference_length(len(samples) / rate)
    assert 0.01 < float(np.sqrt(np.mean(samples**2))) < 0.5


def test_further_transformer_blocks_have_the_numbers_of_those_that_are_there() -> None:
    first = np.arange(12, dtype=np.float32).reshape(4, 3)
    key = "cfm.estimator.transformer_blocks.{}.ff.ff.2.weight"
    deep = make_weights.deepened({key.format(0): first, key.format(1): first + 100, "other": first}, 4)
    assert set(deep) == {*(key.format(index) for index in range(4)), "other"}
    np.testing.assert_array_equal(np.sort(deep[key.format(3)], axis=0), first + 100)
    assert not np.array_equal(deep[key.format(2)], first)


@pytest.mark.full
@pytest.mark.parametrize("version", make_weights.VOCODERS)
def test_vocoders_are_read_as_what_they_are(tmp_path: Path, version: str) -> None:
    make_weights.vocoder(version, tmp_path / make_weights.VOCODERS[version])
    opened = open_weights(tmp_path / make_weights.VOCODERS[version])
    assert opened.kind == {"v3": "bigvgan", "v4": "hifigan"}[version]


@pytest.mark.full
@pytest.mark.parametrize("version", make_weights.VERSIONS)
def test_full_size_files(tmp_path: Path, version: str) -> None:
    make_weights.gpt(version, tmp_path / "g.ckpt")
    make_weights.sovits(version, tmp_path / "s.pth")
    gpt, sovits = open_weights(tmp_path / "g.ckpt"), open_weights(tmp_path / "s.pth")
    assert (gpt.kind, sovits.kind, sovits.version) == ("t2s", "sovits", version)
    assert not np.asarray(gpt.arrays["ar_predict_layer.weight"])[1024].any()

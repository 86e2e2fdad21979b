"""Versions are found, and the evidence is told."""

from __future__ import annotations

import hashlib

import pytest

from convert import load, version
from convert.official import find
from convert.version import sovits_version, t2s_version
from tests.convert.conftest import CHECKPOINTS

ROWS = "enc_p.text_embedding.weight"


@pytest.mark.parametrize(
    ("name", "wanted", "lora", "word"),
    [
        ("s2G_v1.pth", "v1", False, "322 text symbols"),
        ("s2G_v2.pth", "v2", False, "732 text symbols"),
        ("s2G_v2Pro.pth", "v2Pro", False, "first two bytes 05"),
        ("s2G_v2ProPlus.pth", "v2ProPlus", False, "first two bytes 06"),
        ("s2G_v3_lora.pth", "v3", True, "first two bytes 03"),
    ],
)
def test_fixture_versions(name: str, wanted: str, lora: bool, word: str) -> None:
    checkpoint = load(CHECKPOINTS / name)
    official = find(checkpoint)
    shapes = {key: tensor.shape for key, tensor in official.weights.items()}
    found = sovits_version(shapes, official.config, checkpoint.head, checkpoint.size)
    assert (found.name, found.lora) == (wanted, lora)
    assert word in "; ".join(found.how)


@pytest.mark.parametrize(("head", "wanted"), [(b"00", "v1"), (b"01", "v2"), (b"02", "v3"), (b"04", "v4")])
def test_head_decides(head: bytes, wanted: str) -> None:
    assert sovits_version({}, {}, head + b"\x03\x04", 1).name == wanted


def test_published_hash_comes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"06" + bytes(100)
    published = {hashlib.md5(head).hexdigest(): ("v4", "s2Gv4.pth")}
    monkeypatch.setattr(version, "_PUBLISHED", published)
    found = sovits_version({}, {}, head, 1)
    assert found.name == "v4" and "s2Gv4.pth" in found.how[0]


def test_head_of_v2_is_corrected_by_the_symbols() -> None:
    found = sovits_version({ROWS: (322, 192)}, {}, b"01\x03\x04", 1)
    assert (found.name, found.symbols) == ("v1", "v1")
    assert len(found.how) == 2


@pytest.mark.parametrize(("said", "wanted"), [("v3", "v3"), ("v4", "v4"), ("v2", "v3"), (None, "v3")])
def test_flow_matching_decoder_is_v3_unless_the_configuration_says_v4(said: str | None, wanted: str) -> None:
    config = {"model": {"version": said}} if said else {}
    shapes = {"cfm.estimator.proj_out.bias": (100,), ROWS: (732, 192)}
    assert sovits_version(shapes, config, b"PK", 1).name == wanted


@pytest.mark.parametrize(("channels", "wanted"), [(512, "v2Pro"), (768, "v2ProPlus")])
def test_pro_without_its_head_is_known_by_its_decoder(channels: int, wanted: str) -> None:
    shapes = {"sv_emb.weight": (1024, 20480), "dec.conv_pre.weight": (channels, 192, 7), ROWS: (732, 192)}
    assert sovits_version(shapes, {}, b"PK", 1).name == wanted


@pytest.mark.parametrize(("size", "wanted"), [(82_942 << 10, "v1"), (83_014 << 10, "v2"), (750 << 20, "v3")])
def test_size_decides_when_the_weights_are_silent(size: int, wanted: str) -> None:
    found = sovits_version({}, {}, b"PK", size)
    assert found.name == wanted and "KiB" in found.how[0]


@pytest.mark.parametrize(("rows", "wanted"), [(512, "v1"), (732, "v2")])
def test_text_to_semantic_version(rows: int, wanted: str) -> None:
    assert t2s_version({"ar_text_embedding.word_embeddings.weight": (rows, 512)}).name == wanted

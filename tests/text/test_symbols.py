"""The symbol tables are those that the published checkpoints were trained with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.symbols import IDS, SYMBOLS, UNK, known, symbol_set, to_ids

RECORDED = json.loads((Path(__file__).parent.parent / "data/text/symbols.json").read_text("utf-8"))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_tables_equal_the_official_ones_in_order(version: str) -> None:
    assert list(SYMBOLS[version]) == RECORDED[version]["symbols"]
    assert len(SYMBOLS[version]) == RECORDED[version]["count"]
    assert IDS[version] == RECORDED[f"{version}_index"]


def test_v1_is_a_prefix_of_v2() -> None:
    assert SYMBOLS["v2"][: len(SYMBOLS["v1"])] == SYMBOLS["v1"]


@pytest.mark.parametrize("version", ["v2", "v2Pro", "v2ProPlus", "v3", "v4"])
def test_every_version_but_v1_uses_the_v2_symbols(version: str) -> None:
    assert symbol_set(version) == "v2"
    assert symbol_set("v1") == "v1"


def test_unknown_phonemes_become_unk() -> None:
    assert known(["[", "#", "a"], "v1") == [UNK, UNK, "a"]
    assert known(["[", "#", "a"], "v2") == ["[", UNK, "a"]


def test_ids_name_the_phoneme_that_is_unknown() -> None:
    assert to_ids(["_", "UNK", "停"], "v2") == [95, 86, 351]
    with pytest.raises(TextError, match="'停' is not one of the 322 symbols of v1"):
        to_ids(["停"], "v1")

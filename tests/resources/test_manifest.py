"""The manifest: official names and places, every version complete, nothing invented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from GPT_SoVITS.resources import load_manifest
from GPT_SoVITS.resources.errors import UnknownResourceError
from GPT_SoVITS.resources.manifest import VARIABLE, Archive, File, WebPath
from GPT_SoVITS.resources.messages import MESSAGES, default_language, readable_size, say

MANIFEST = load_manifest()
ENCODERS = {"chinese-hubert-base/pytorch_model.bin", "chinese-roberta-wwm-ext-large/pytorch_model.bin"}
V2 = "gsv-v2final-pretrained"
S1V3 = "s1v3.ckpt"
VERIFIER = "sv/pretrained_eres2netv2w24s4ep4.ckpt"
# Official: config.py (GPT and SoVITS of each version), README (vocoders, speaker verifier).
NEEDED = {
    "v1": {"s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt", "s2G488k.pth"},
    "v2": {f"{V2}/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt", f"{V2}/s2G2333k.pth"},
    "v2Pro": {S1V3, "v2Pro/s2Gv2Pro.pth", VERIFIER},
    "v2ProPlus": {S1V3, "v2Pro/s2Gv2ProPlus.pth", VERIFIER},
    "v3": {S1V3, "s2Gv3.pth", "models--nvidia--bigvgan_v2_24khz_100band_256x/bigvgan_generator.pt"},
    "v4": {S1V3, "gsv-v4-pretrained/s2Gv4.pth", "gsv-v4-pretrained/vocoder.pth"},
}
DISCRIMINATORS = {
    "v1": {"s2D488k.pth"},
    "v2": {f"{V2}/s2D2333k.pth"},
    "v2Pro": {"v2Pro/s2Dv2Pro.pth"},
    "v2ProPlus": {"v2Pro/s2Dv2ProPlus.pth"},
    "v3": set(),
    "v4": set(),
}


def heavy(version: str, *, training: bool) -> set[str]:
    selected = MANIFEST.select(versions=[version], training=training)
    return {file.name for resource in selected for file in resource.files if not file.name.endswith(".json")}


@pytest.mark.parametrize("version", NEEDED)
def test_a_version_has_what_it_needs_and_no_more(version: str) -> None:
    assert heavy(version, training=False) == ENCODERS | NEEDED[version]
    assert heavy(version, training=True) == ENCODERS | NEEDED[version] | DISCRIMINATORS[version]


def test_versions_and_languages() -> None:
    assert set(MANIFEST.versions) == set(NEEDED)
    assert set(MANIFEST.languages) == {"zh", "en", "ja", "mixed"}
    assert [resource.id for resource in MANIFEST.select(languages=["ja"])] == ["naist-jdic"]


def test_ids_are_unique_and_unknown_ones_are_told() -> None:
    ids = [resource.id for resource in MANIFEST.resources]
    assert len(ids) == len(set(ids))
    with pytest.raises(UnknownResourceError, match=r"'gpt-v9'; there are: hubert, "):
        MANIFEST.select(["gpt-v9"])


def test_everything_is_described_and_can_be_had() -> None:
    for resource in MANIFEST.resources:
        assert resource.licence and set(resource.description) == {"zh", "en"}
        assert re.search("[\u4e00-\u9fff]", resource.description["zh"])
        assert str(resource.folder).startswith("GPT_SoVITS/pretrained_models")
        for part in resource.archives or resource.files:
            assert part.remotes, f"{resource.id}: {part.name}"
            for remote in part.remotes:
                assert not isinstance(remote, WebPath) or remote.url.startswith("https://")


def test_checksums_look_like_checksums_and_belong_to_one_file() -> None:
    known: dict[str, str] = {}
    for resource in MANIFEST.resources:
        parts: list[File | Archive] = [*resource.files, *resource.archives]
        for part in parts:
            assert part.size is None or part.size > 0
            if part.sha256 is not None:
                assert re.fullmatch("[0-9a-f]{64}", part.sha256)
                # left-id.def and right-id.def of the Japanese dictionary are the same table.
                assert known.setdefault(part.sha256, part.name) == part.name or part.name == "right-id.def"


def test_every_weight_has_a_checksum() -> None:
    for resource in MANIFEST.resources:
        if resource.versions:
            assert all(file.sha256 for file in resource.files), resource.id


def test_messages_exist_in_both_languages_with_the_same_parameters() -> None:
    for key, texts in MESSAGES.items():
        assert set(texts) == {"zh", "en"}, key
        fields = [set(re.findall(r"\{(\w+)", text)) for text in texts.values()]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert default_language(environment) == language


def test_sizes_are_readable() -> None:
    assert [readable_size(size) for size in (None, 0, 999, 1000, 155_315_150, 2_345_000_000)] == [
        "?",
        "0 B",
        "999 B",
        "1.0 kB",
        "155.3 MB",
        "2.35 GB",
    ]
    assert say("yes", "zh") == "有"


def test_a_second_manifest_takes_the_place_of_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {
        "id": "hubert",
        "description": {"zh": "自己的", "en": "our own"},
        "versions": ["v2"],
        "languages": [],
        "use": "synthesis",
        "licence": "MIT",
        "folder": "GPT_SoVITS/pretrained_models",
        "files": [{"name": "own.bin", "size": 3, "sha256": None}],
    }
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"repositories": {}, "resources": [entry, {**entry, "id": "ours-alone"}]}), "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    found = load_manifest()
    assert found.get("hubert").description["en"] == "our own"
    assert found.get("ours-alone").size == 3
    assert [each.id for each in found.resources] == [*(each.id for each in MANIFEST.resources), "ours-alone"]

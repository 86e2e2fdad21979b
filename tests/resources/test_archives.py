"""Resources that come packed: members are found by name, verified, placed together."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from GPT_SoVITS.resources.errors import FetchError
from GPT_SoVITS.resources.manifest import Archive, File, Resource, WebPath
from GPT_SoVITS.resources.sources import Web
from tests.resources.conftest import CONTENT, MakeFetcher, digest_of, resource_of
from tests.resources.stand_in import StandIn

OTHER = b"second file"
PLACE = Path("root/GPT_SoVITS/pretrained_models")


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("other/a.bin")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def packed(hub: StandIn, name: str, content: bytes) -> Archive:
    hub.files[f"/{name}"] = content
    return Archive(name, len(content), digest_of(content), (WebPath(f"{hub.url}/{name}"),))


def two_files(*archives: Archive) -> Resource:
    files = (File("a.bin", len(CONTENT), digest_of(CONTENT)), File("b.txt", None, None))
    return resource_of(*files, archives=archives)


MEMBERS = {"Top/inner/a.bin": CONTENT, "Top/b.txt": OTHER, "Top/unwanted.txt": b"x"}


@pytest.mark.parametrize(("name", "pack"), [("thing.zip", zip_of), ("thing.tar.gz", tar_of)])
def test_the_named_members_are_placed(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path, name: str, pack: type
) -> None:
    make_fetcher([Web()]).fetch(two_files(packed(hub, name, pack(MEMBERS))))
    placed = {path.name: path.read_bytes() for path in (tmp_path / PLACE).iterdir()}
    assert placed == {"a.bin": CONTENT, "b.txt": OTHER}


def test_the_next_archive_serves_when_one_lacks_a_file(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    poor = packed(hub, "poor.zip", zip_of({"a.bin": CONTENT}))
    whole = packed(hub, "whole.zip", zip_of(MEMBERS))
    make_fetcher([Web()]).fetch(two_files(poor, whole))
    assert sorted(path.name for path in (tmp_path / PLACE).iterdir()) == ["a.bin", "b.txt"]


def test_a_wrong_member_places_nothing(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    archive = packed(hub, "thing.zip", zip_of({"a.bin": bytes(len(CONTENT)), "b.txt": OTHER}))
    with pytest.raises(FetchError, match=digest_of(CONTENT)):
        make_fetcher([Web()]).fetch(two_files(archive))
    assert list((tmp_path / PLACE).iterdir()) == []


def test_a_damaged_archive_places_nothing(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    archive = packed(hub, "thing.tar.gz", tar_of(MEMBERS)[:1000])
    with pytest.raises(FetchError, match="cannot be unpacked"):
        make_fetcher([Web()]).fetch(two_files(archive))
    assert list((tmp_path / PLACE).iterdir()) == []


def test_members_cannot_choose_their_place(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    archive = packed(hub, "evil.zip", zip_of({"../../../../a.bin": CONTENT, "/b.txt": OTHER}))
    make_fetcher([Web()]).fetch(two_files(archive))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(written) == [tmp_path / PLACE / "a.bin", tmp_path / PLACE / "b.txt"]

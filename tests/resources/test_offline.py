"""Fetching without a network, from a folder in any of the layouts that people have."""

from __future__ import annotations

from pathlib import Path

import pytest

from GPT_SoVITS.resources.errors import NotAvailableError, ResourceError
from GPT_SoVITS.resources.manifest import Archive, File
from GPT_SoVITS.resources.offline import OfflineFolder
from tests.resources.conftest import CONTENT, NAME, REPO, MakeFetcher, digest_of, file_of, resource_of
from tests.resources.test_archives import MEMBERS, two_files, zip_of

LAYOUTS = {
    "official tree": f"GPT_SoVITS/pretrained_models/{NAME}",
    "content of pretrained_models": NAME,
    "pretrained_models": f"pretrained_models/{NAME}",
    "repositories by name": f"{REPO}/{NAME}",
    "Hugging Face cache": f"models--owner--voices/snapshots/abc/{NAME}",
    "Hugging Face home": f"hub/models--owner--voices/snapshots/abc/{NAME}",
    "another official place": f"GPT_SoVITS/text/G2PWModel/{NAME}",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_is_found(make_fetcher: MakeFetcher, tmp_path: Path, layout: str) -> None:
    copy = tmp_path / "usb" / layout
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    fetcher = make_fetcher([], offline=OfflineFolder(tmp_path / "usb"))
    fetcher.fetch(resource_of(file_of(), also_at=("GPT_SoVITS/text/G2PWModel", "~/elsewhere")))
    assert (tmp_path / "root/GPT_SoVITS/pretrained_models" / NAME).read_bytes() == CONTENT
    assert copy.exists()


def test_a_damaged_copy_is_refused(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    (tmp_path / "usb/folder").mkdir(parents=True)
    (tmp_path / "usb" / NAME).write_bytes(bytes(len(CONTENT)))
    with pytest.raises(ResourceError, match=digest_of(CONTENT)):
        make_fetcher([], offline=OfflineFolder(tmp_path / "usb")).fetch(resource_of(file_of()))
    assert not (tmp_path / "root/GPT_SoVITS/pretrained_models" / NAME).exists()


def test_an_absent_file_names_where_it_was_looked_for(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match=r"looked for: GPT_SoVITS/pretrained_models/folder/weights=1.bin, "):
        make_fetcher([], offline=OfflineFolder(tmp_path)).fetch(resource_of(file_of()))


def test_an_absent_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="does not exist"):
        OfflineFolder(tmp_path / "nowhere")


@pytest.mark.parametrize("as_archive", [True, False])
def test_a_packed_resource_is_taken_packed_or_unpacked(
    make_fetcher: MakeFetcher, tmp_path: Path, as_archive: bool
) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    archive = zip_of(MEMBERS)
    if as_archive:
        (usb / "thing.zip").write_bytes(archive)
    else:
        (usb / "a.bin").write_bytes(CONTENT)
        (usb / "b.txt").write_bytes(b"second file")
    resource = two_files(Archive("thing.zip", len(archive), digest_of(archive), ()))
    make_fetcher([], offline=OfflineFolder(usb)).fetch(resource)
    placed = tmp_path / "root/GPT_SoVITS/pretrained_models"
    assert sorted(path.name for path in placed.iterdir()) == ["a.bin", "b.txt"]


def test_a_file_of_unknown_checksum_is_copied(make_fetcher: MakeFetcher, tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb/a.txt").write_text("text")
    make_fetcher([], offline=OfflineFolder(tmp_path / "usb")).fetch(resource_of(File("a.txt", None, None)))
    assert told == ["fetching", "unverified", "placed"]

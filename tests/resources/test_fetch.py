"""Fetching from a hub: what arrives is whole or nothing is placed, and a cut costs only what is still missing."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest

from GPT_SoVITS.resources.errors import FetchError
from GPT_SoVITS.resources.sources import HuggingFace, ModelScope, Web, make_sources
from GPT_SoVITS.resources.transfer import part_of
from tests.resources.conftest import CONTENT, NAME, REPO, MakeFetcher, digest_of, file_of, resource_of
from tests.resources.stand_in import StandIn

PLACE = Path("root/GPT_SoVITS/pretrained_models") / NAME


def closed_address() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_file_of_hugging_face_is_placed(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_hugging_face(REPO, NAME, CONTENT)
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT
    assert not part_of(tmp_path / PLACE).exists()


def test_a_file_of_model_scope_is_placed(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_a_plain_address_serves_when_the_hub_lacks_the_file(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    hub.files["/plain/file.bin"] = CONTENT
    file = file_of(web=f"{hub.url}/plain/file.bin")
    make_fetcher([HuggingFace(hub.url), ModelScope(hub.url), Web()]).fetch(resource_of(file))
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_endpoints_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "https://scope.example")
    remotes = file_of().remotes
    assert [source.host(remotes[0]) for source in make_sources("huggingface", None)[:1]] == ["mirror.example"]
    assert [source.host(remotes[1]) for source in make_sources("modelscope", None)[:1]] == ["scope.example"]
    assert make_sources("auto", "https://other.example")[0].host(remotes[0]) == "other.example"


def test_what_is_there_is_not_asked_for_again(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path, told: list[str]
) -> None:
    target = tmp_path / PLACE
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert told == ["already"]
    assert hub.asked == []


def test_a_damaged_file_is_replaced(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    target = tmp_path / PLACE
    target.parent.mkdir(parents=True)
    target.write_bytes(bytes(len(CONTENT)))
    hub.put_hugging_face(REPO, NAME, CONTENT)
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert target.read_bytes() == CONTENT


def test_a_cut_connection_is_taken_up_where_it_broke(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_hugging_face(REPO, NAME, CONTENT)
    hub.behaviour.cut_after, hub.behaviour.cuts = 100_000, 1
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT
    assert hub.ranges() == [None, "bytes=100000-"]


def test_a_later_call_takes_up_an_ended_one(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    part = part_of(tmp_path / PLACE)
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:250_000])
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert hub.ranges() == ["bytes=250000-"]
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_a_line_that_gives_nothing_ends_with_what_was_had(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    hub.behaviour.cut_after, hub.behaviour.cuts = 0, 100
    with pytest.raises(FetchError, match=r"broke off after 0 of 300000 bytes .*to resume"):
        make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert hub.ranges() == [None, None, None]
    assert list((tmp_path / PLACE).parent.iterdir()) == []


def test_a_server_without_ranges_starts_over(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    hub.behaviour.cut_after, hub.behaviour.cuts, hub.behaviour.ignore_range = 100_000, 1, True
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_bytes_of_another_file_are_dropped_and_fetched_anew(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    part = part_of(tmp_path / PLACE)
    part.parent.mkdir(parents=True)
    part.write_bytes(b"not the beginning")
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert hub.ranges() == ["bytes=17-", None]
    assert (tmp_path / PLACE).read_bytes() == CONTENT


@pytest.mark.parametrize("part_bytes", [len(CONTENT) + 5, len(CONTENT)])
def test_a_part_that_is_not_shorter_is_dropped(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path, part_bytes: int
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    part = part_of(tmp_path / PLACE)
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(part_bytes))
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of(known=False)))
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_a_wrong_checksum_places_nothing(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    wrong = bytes(len(CONTENT))
    hub.put_model_scope(REPO, NAME, wrong)
    with pytest.raises(FetchError) as caught:
        make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert digest_of(wrong) in str(caught.value) and digest_of(CONTENT) in str(caught.value)
    assert list((tmp_path / PLACE).parent.iterdir()) == []


def test_a_hub_that_states_another_checksum_is_not_downloaded_from(hub: StandIn, make_fetcher: MakeFetcher) -> None:
    hub.put_hugging_face(REPO, NAME, bytes(len(CONTENT)))
    with pytest.raises(FetchError, match="SHA-256"):
        make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert [asked.method for asked in hub.asked] == ["HEAD"]


def test_another_size_is_noticed_before_the_download(hub: StandIn, make_fetcher: MakeFetcher) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT + b"more")
    with pytest.raises(FetchError, match="gave 300004 bytes, expected 300000"):
        make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))


def test_the_hubs_checksum_serves_where_the_manifest_has_none(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path, told: list[str]
) -> None:
    hub.put_hugging_face(REPO, NAME, CONTENT)
    hub.behaviour.linked_etag = digest_of(b"what the hub meant to give")
    with pytest.raises(FetchError, match=digest_of(b"what the hub meant to give")):
        make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of(known=False)))
    hub.behaviour.linked_etag = None
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of(known=False)))
    assert "unverified" not in told


def test_a_file_without_any_checksum_is_said_to_be_unverified(
    hub: StandIn, make_fetcher: MakeFetcher, told: list[str]
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of(known=False)))
    assert told == ["fetching", "unverified", "placed"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("make", [HuggingFace, ModelScope])
def test_a_refusal_names_the_address_and_the_status(
    hub: StandIn, make_fetcher: MakeFetcher, make: type[HuggingFace] | type[ModelScope], status: int
) -> None:
    hub.behaviour.status = status
    with pytest.raises(FetchError, match=rf"weights.*answered {status}"):
        make_fetcher([make(hub.url)]).fetch(resource_of(file_of()))


def test_a_busy_server_is_asked_again(hub: StandIn, make_fetcher: MakeFetcher) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    hub.behaviour.status = 503
    with pytest.raises(FetchError, match="HTTP 503"):
        make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert len(hub.asked) == 3


@pytest.mark.parametrize("make", [HuggingFace, ModelScope])
def test_no_network_is_told_within_seconds(
    make_fetcher: MakeFetcher, tmp_path: Path, make: type[HuggingFace] | type[ModelScope]
) -> None:
    address = closed_address()
    begun = time.monotonic()
    with pytest.raises(FetchError, match=rf"{address.removeprefix('http://')} cannot be reached"):
        make_fetcher([make(address)]).fetch(resource_of(file_of()))
    assert time.monotonic() - begun < 30
    assert not (tmp_path / PLACE).exists()


def test_a_silent_host_is_given_up_after_the_timeout_and_not_asked_again(make_fetcher: MakeFetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        source = HuggingFace(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.5)
        fetcher = make_fetcher([source])
        for _ in range(20):
            with pytest.raises(FetchError, match="cannot be reached"):
                fetcher.fetch(resource_of(file_of()))
        mute.settimeout(0.1)
        connections = 0
        with pytest.raises(TimeoutError):
            while True:
                mute.accept()
                connections += 1
        assert connections == 1


def test_the_next_hub_serves_when_the_first_cannot_be_reached(
    hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    make_fetcher([HuggingFace(closed_address()), ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT


def test_a_missing_library_is_told_with_the_command(
    hub: StandIn, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FetchError, match=r"huggingface_hub is not installed; install it with: .*pip install"):
        make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))


def test_the_token_goes_to_the_hub_and_not_to_the_store_it_redirects_to(
    hub: StandIn, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store = StandIn()
    try:
        hub.put_hugging_face(REPO, NAME, CONTENT)
        store.put_hugging_face(REPO, NAME, CONTENT)
        hub.behaviour.redirect_to = store.url
        make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
        assert [asked.headers.get("authorization") for asked in hub.asked] == ["Bearer hf_secret"] * 2
        assert [asked.headers.get("authorization") for asked in store.asked] == [None]
    finally:
        store.close()


def test_a_copy_in_the_users_cache_is_used(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    hub.put_hugging_face(REPO, NAME, CONTENT)
    huggingface_hub.hf_hub_download(REPO, NAME, endpoint=hub.url, cache_dir=tmp_path / "cache")
    hub.asked.clear()
    make_fetcher([HuggingFace(hub.url)]).fetch(resource_of(file_of()))
    assert (tmp_path / PLACE).read_bytes() == CONTENT
    assert not (tmp_path / PLACE).is_symlink()
    assert hub.asked == []


def test_a_full_disk_is_told_before_the_download(
    hub: StandIn, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put_model_scope(REPO, NAME, CONTENT)
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match=r"needs 300.0 kB more on its disk, 1.0 kB are free"):
        make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))


def test_two_at_once_do_not_write_into_one_file(hub: StandIn, make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    import fcntl

    hub.put_model_scope(REPO, NAME, CONTENT)
    part = part_of(tmp_path / PLACE)
    part.parent.mkdir(parents=True)
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(FetchError, match="is being downloaded by another process"):
            make_fetcher([ModelScope(hub.url)]).fetch(resource_of(file_of()))
    assert part.exists()

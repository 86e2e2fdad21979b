"""Fixtures: the stand-in hub, a small manifest, a fetcher without waiting."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import pytest
from huggingface_hub import constants

from GPT_SoVITS.resources.fetch import Fetcher
from GPT_SoVITS.resources.manifest import HUGGING_FACE, MODEL_SCOPE, Archive, File, HubPath, Resource, WebPath
from GPT_SoVITS.resources.sources import Source
from GPT_SoVITS.resources.transfer import Patience
from tests.resources.stand_in import StandIn

REPO = "owner/voices"
NAME = "folder/weights=1.bin"
CONTENT = random.Random(7).randbytes(300_000)
QUICK = Patience(connect=3.0, attempts=3, pause=0.0)

MakeFetcher = Callable[..., Fetcher]


@pytest.fixture
def hub() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the user's token nor the user's cache takes part."""
    for name in (
        "HF_TOKEN",
        "HF_ENDPOINT",
        "MODELSCOPE_ENDPOINT",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def told() -> list[str]:
    """The keys of what a fetcher of `make_fetcher` says."""
    return []


@pytest.fixture
def make_fetcher(tmp_path: Path, told: list[str]) -> MakeFetcher:
    def make(sources: Sequence[Source], **options: object) -> Fetcher:
        def tell(key: str, **_: object) -> None:
            told.append(key)

        return Fetcher(tmp_path / "root", sources, tell, patience=QUICK, **options)  # type: ignore[arg-type]

    return make


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_of(content: bytes = CONTENT, name: str = NAME, *, web: str | None = None, known: bool = True) -> File:
    """A manifest file at both hubs (and a plain address), with size and checksum unless `known` is false."""
    remotes = (HubPath(HUGGING_FACE, REPO, name), HubPath(MODEL_SCOPE, REPO, name))
    plain = () if web is None else (WebPath(web),)
    return File(name, len(content) if known else None, digest_of(content) if known else None, (*remotes, *plain))


def resource_of(*files: File, archives: tuple[Archive, ...] = (), also_at: tuple[str, ...] = ()) -> Resource:
    return Resource(
        id="thing",
        description={"zh": "东西", "en": "a thing"},
        versions=("v2",),
        languages=(),
        use="synthesis",
        licence="MIT",
        folder=PurePosixPath("GPT_SoVITS/pretrained_models"),
        also_at=also_at,
        files=files,
        archives=archives,
    )

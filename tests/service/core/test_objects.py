"""Large files are read from an object store by signed addresses, once their copies are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.objects.store import LEAST_BYTES
from tests.service.conftest import Running, Starter
from tests.service.s3 import Store, s3_store
from tests.waiting import eventually

LONG = bytes(range(256)) * (LEAST_BYTES // 256 + 1)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An S3 server with a bucket."""
    with s3_store(monkeypatch) as found:
        yield found


def _redirected(running: Running, path: str) -> Any:
    answer = running.client.get(path)
    return answer.headers["location"] if answer.status_code == 307 else None


def test_a_long_result_is_read_from_the_store_and_a_replaced_one_is_another(start: Starter, store: Store) -> None:
    running = start(objects_url="s3://voice/copies")
    path = running.root / "done" / "t.wav"
    path.write_bytes(LONG)
    assert running.client.get("/done/t.wav").content == LONG, "served from here while there is no copy"
    address = eventually(lambda: _redirected(running, "/done/t.wav"))
    assert "Signature" in address
    part = httpx.get(address, headers={"Range": "bytes=10-19"}, trust_env=False)
    assert (part.status_code, part.content) == (206, LONG[10:20])
    assert running.client.head("/done/t.wav").headers["content-length"] == str(len(LONG))
    path.write_bytes(LONG + b"more")
    assert running.client.get("/done/t.wav").content == LONG + b"more"
    assert httpx.get(eventually(lambda: _redirected(running, "/done/t.wav")), trust_env=False).content[-4:] == b"more"
    path.unlink()
    assert running.client.get("/done/t.wav").status_code == 404


def test_a_small_file_and_one_that_cannot_be_copied_are_served_from_here(start: Starter, store: Store) -> None:
    running = start(objects_url="s3://missing/copies")
    for name, content in (("small", b"RIFF"), ("long", LONG)):
        (running.root / "done" / f"{name}.wav").write_bytes(content)
        for _ in range(3):
            answer = running.client.get(f"/done/{name}.wav")
            assert (answer.status_code, answer.content) == (200, content)

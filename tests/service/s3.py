"""An S3 server within the test's process, which can be away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "voice"


class Store:
    """A server with a bucket; what it keeps outlives :meth:`stop`.

    Attributes:
        client: Of the AWS library, to look at what is kept.
    """

    def __init__(self) -> None:
        self._begin(0)
        self._port = self._server.get_host_and_port()[1]
        self.client: Any = None

    def _begin(self, port: int) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._server.start()
        self._answers = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def stop(self) -> None:
        """Answer no more."""
        if self._answers:
            self._server.stop()
        self._answers = False

    def start(self) -> None:
        """Answer again."""
        if not self._answers:
            self._begin(self._port)

    def kept(self, prefix: str = "") -> list[str]:
        """Return the names of objects."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def spoil(self, key: str) -> None:
        """Change one byte of an object."""
        content = bytearray(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        content[-1] ^= 1
        self.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(content))


@contextmanager
def s3_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A running server; the environment says where it is."""
    store = Store()
    given = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**given, "AWS_ENDPOINT_URL": store.url}.items():
        monkeypatch.setenv(name, value)
    store.client = boto3.client("s3")
    store.client.create_bucket(Bucket=BUCKET)
    yield store
    store.start()
    for key in store.kept():
        store.client.delete_object(Bucket=BUCKET, Key=key)
    store.client.delete_bucket(Bucket=BUCKET)
    store.stop()

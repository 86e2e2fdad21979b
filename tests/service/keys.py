"""API keys of a service under test, noticed at once instead of within two seconds."""

from __future__ import annotations

from service.keys.store import KeyStore
from tests.service.conftest import Running


def add_key(running: Running, name: str = "page") -> str:
    """Make a key as the command line does, in another process's place."""
    key = running.app.state.container.get(KeyStore).create(name)
    read_keys_again(running)
    return str(key)


def read_keys_again(running: Running) -> None:
    """Let the next request read the keys, as if the two seconds were over."""
    running.app.state.access._read_at = 0

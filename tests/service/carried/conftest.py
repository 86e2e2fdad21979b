"""Machines, each with a folder of its own; one database and one store for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.jobs import running
from service.settings import Settings, load_settings
from tests.service.conftest import Running, listening
from tests.service.databases import Databases
from tests.service.s3 import Store, s3_store
from tests.service.serving import http_client

Machine = Callable[..., Running]
SettingsOf = Callable[..., Settings]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """What all machines reach."""
    with s3_store(monkeypatch) as found:
        yield found


@pytest.fixture
def given(tmp_path: Path, databases: Databases, store: Store) -> dict[str, Any]:
    """Settings that all machines have."""
    return {"database_url": databases.url(tmp_path / "shared"), "files_url": "s3://voice/files"}


@pytest.fixture
def settings_of(tmp_path: Path, given: dict[str, Any]) -> SettingsOf:
    """Return the settings of a machine by its name."""

    def made(name: str, **more: Any) -> Settings:
        usual = {"root": tmp_path / name, "host": "127.0.0.1", "worker": False, "shutdown_seconds": 2}
        return load_settings(**{**usual, **given, **more})

    return made


@pytest.fixture
def machine(settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Start a replica: ``machine("a")``; it does not work on the queue."""
    monkeypatch.setattr(running, "FULL_DELAY", 0.2)
    with ExitStack() as stack:

        def begin(name: str, **more: Any) -> Running:
            fake, settings = FakeEngine(), settings_of(name, **more)
            app = create_app(settings, fake)
            stack.callback(fake.close, 1.0)
            address = stack.enter_context(listening(app))
            return Running(stack.enter_context(http_client(address)), app, fake, settings)

        yield begin

"""What only a server can do: lose a client whose commit is still on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.database import Database, make_certain
from service.keys.models import SecretRow
from tests.service.databases import Databases
from tests.service.faults import proxied
from tests.waiting import eventually


@pytest.fixture
def url(databases_of: Callable[[str], Databases], tmp_path: Path) -> Iterator[str]:
    databases = databases_of("postgresql")
    yield databases.url(tmp_path)
    databases.close()


def test_a_commit_on_its_way_is_waited_for(url: str) -> None:
    direct = Database(url)
    with proxied(url) as (proxy, address):
        database = Database(address)
        database.check()

        def late(send: Callable[[], None]) -> bool:
            def send_late() -> None:
                _wait_until_somebody_waits(direct)
                send()

            proxy.at_commit = None
            threading.Thread(target=send_late, daemon=True).start()
            return True

        proxy.at_commit = late
        with database.writing() as session:
            session.add(SecretRow(name="a", value="b"))
            make_certain(session)
        database.close()
    with direct.reading() as session:
        assert session.get(SecretRow, "a") is not None
    direct.close()


def _wait_until_somebody_waits(database: Database) -> None:
    def waits() -> bool:
        with database.reading() as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    eventually(waits)


def test_whoever_vanishes_within_a_transaction_holds_its_locks_for_half_a_minute_at_most(url: str) -> None:
    database = Database(url)
    with database.reading() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "30s"
    database.close()

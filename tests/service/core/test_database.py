"""The database, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

import service.tables  # noqa: F401  (fills the metadata)
from service.database import Base, Database
from service.database.migrate import DatabaseTooNewError, migrate
from service.keys.models import SecretRow
from service.keys.store import KeyStore
from tests.service.databases import Databases

pytestmark = pytest.mark.both_databases


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> str:
    """The address of an empty database."""
    return databases.url(tmp_path, tables=False)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


def test_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing_and_a_later_database_is_refused(database: Database) -> None:
    migrate(database)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match="9999"):
        migrate(database)


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            migrate(Database(database_url))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_servers_that_start_at_once_make_what_is_missing_once(database: Database, database_url: str) -> None:
    together, made = threading.Barrier(4), list[bytes]()

    def start() -> None:
        own = Database(database_url)
        together.wait()
        made.append(KeyStore(own).secret("signing"))
        own.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and len(set(made)) == 1


def test_an_exception_undoes_the_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.add(SecretRow(name="a", value="b"))
        session.flush()
        _ = 1 / 0
    with database.reading() as session:
        assert session.scalars(select(SecretRow)).all() == []


def test_writers_do_not_lose_each_others_changes(database: Database) -> None:
    with database.writing() as session:
        session.add(SecretRow(name="count", value="0"))

    def add() -> None:
        for _ in range(20):
            with database.writing() as session:
                row = session.get(SecretRow, "count", with_for_update=True)
                assert row is not None
                row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        row = session.get(SecretRow, "count")
        assert row is not None and row.value == "80"


def test_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path)
    with database.engine.connect() as connection:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
    assert found == {"journal_mode": "wal", "synchronous": 2}

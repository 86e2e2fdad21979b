"""A RabbitMQ for the tests of this folder, started once and only where one of them asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.broker.topology import DEAD_QUEUE, EXCHANGES, start_queue, work_queue
from service.database import Database
from tests.service.broker.bench import KINDS, OldClient
from tests.service.databases import Databases
from tests.service.rabbitmq import NoBrokerError, RabbitServer, rabbit_server


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitServer]:
    """The server; skips with the reason where none can be started."""
    try:
        with rabbit_server() as server:
            yield server
    except NoBrokerError as error:
        pytest.skip(str(error))


@pytest.fixture
def old(rabbit: RabbitServer) -> Iterator[OldClient]:
    """A client of the old service, on a broker without anything from other tests."""
    connection = rabbit.connect()
    channel = connection.channel()
    for exchange in EXCHANGES:
        channel.exchange_delete(exchange)
    for queue in (*map(start_queue, EXCHANGES), *map(work_queue, KINDS), DEAD_QUEUE):
        channel.queue_delete(queue)
    yield OldClient(connection)
    connection.close()


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    opened = Database(databases.url(tmp_path))
    yield opened
    opened.close()

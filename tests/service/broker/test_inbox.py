"""One message is one job, on both databases: duplicates, redeliveries, dying takers; and the ends that leave."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service.broker import inbox as inboxes
from service.broker.inbox import Fate, Inbox
from service.broker.incoming import LONGEST_BODY, Incoming
from service.broker.models import InboxRow, OutboxRow
from service.broker.outbox import Outbox
from service.database import Database
from service.errors import ServiceError
from service.jobs.errors import LeaseLostError
from service.jobs.kinds import Result
from service.jobs.manager import JobManager
from tests.service.broker.bench import FORMS, KINDS
from tests.service.jobs.counting import CountingKind, counting_queue

pytestmark = pytest.mark.both_databases
BODY: dict[str, Any] = {"inp": "x", "session_id": "s", "later": {"field": [1]}}


class Rig:
    """An inbox and an outbox on a queue, with a clock that the test moves."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, 1000.0
        self.jobs: JobManager = counting_queue(database, *map(CountingKind, KINDS), clock=lambda: self.now)
        opened = (database.reading, database.writing)
        self.outbox = Outbox(*opened, lambda: None, lambda: self.now)
        self.outbox.forms = {form.kind: form for form in FORMS}
        self.jobs.transactions.witnesses.append(self.outbox)
        self.inbox = Inbox({form.exchange: form for form in FORMS}, self.jobs, self.outbox, *opened, lambda: self.now)

    def take(self, body: dict[str, Any] | bytes = BODY, **given: Any) -> Fate:
        """Deliver a message."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.inbox.take(Incoming("slice", data, **given)).fate

    def count(self) -> int:
        """How many jobs there are."""
        return len(self.jobs.reader.after("slice", 0, 100))

    def out(self) -> list[dict[str, Any]]:
        """What is to go out."""
        with self.database.reading() as session:
            return [dict(row.body) for row in session.scalars(select(OutboxRow).order_by(OutboxRow.number))]

    def end(self, *, well: bool = True) -> None:
        """Let the next job end."""
        lease = self.jobs.leases.claim("slice", "w", 15)
        assert lease is not None
        self.now += 2.9
        if well:
            self.jobs.attempts.finish(lease.job, Result())
        else:
            self.jobs.attempts.fail(lease.job, "broken", repeat=False)


@pytest.fixture
def rig(database: Database) -> Rig:
    return Rig(database)


def test_a_message_with_an_id_is_one_job_for_ever(rig: Rig) -> None:
    assert rig.take(message_id="m") is Fate.ACCEPTED
    assert rig.take(message_id="m", redelivered=True) is Fate.KNOWN
    rig.end()
    rig.now += 86400
    assert rig.take(message_id="m") is Fate.KNOWN and rig.take(message_id="n") is Fate.ACCEPTED
    assert rig.count() == 2 and [each["dur"] for each in rig.out()] == [2]


def test_a_message_without_an_id_is_one_job_within_a_window(rig: Rig) -> None:
    assert [rig.take(), rig.take(), rig.take(redelivered=True)] == [Fate.ACCEPTED, Fate.KNOWN, Fate.KNOWN]
    rig.end()
    assert rig.take() is Fate.KNOWN and len(rig.out()) == 2, "who asks again is answered again, without a second job"
    rig.now += inboxes.DUPLICATE_SECONDS + 1
    assert rig.take() is Fate.ACCEPTED and rig.count() == 2


def test_after_a_failure_the_same_message_is_a_new_request(rig: Rig) -> None:
    rig.take()
    rig.end(well=False)
    assert rig.take(redelivered=True) is Fate.KNOWN
    assert rig.take() is Fate.ACCEPTED and rig.count() == 2


@pytest.mark.parametrize("named", [{"message_id": "m"}, {}])
def test_copies_that_come_at_once_are_one_job(rig: Rig, named: dict[str, Any]) -> None:
    with ThreadPoolExecutor(6) as pool:
        fates = list(pool.map(lambda _: rig.take(**named), range(6)))
    assert fates.count(Fate.ACCEPTED) == 1 and rig.count() == 1


def test_a_taker_that_dies_three_times_takes_it_no_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any) -> Any:
        raise SystemExit  # nothing after it runs, as after a kill

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "_accept", die)
        for _ in range(inboxes.TRIES):
            with pytest.raises(SystemExit):
                rig.take(redelivered=True)
    assert rig.take(redelivered=True) is Fate.REFUSED and rig.count() == 0
    assert rig.out()[0]["status"] == "failed" and rig.out()[0]["session_id"] == "s"
    assert rig.take(redelivered=True) is Fate.REFUSED and len(rig.out()) == 1


def test_waiting_for_room_is_no_try(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "WAITING_LIMIT", 0)
    for _ in range(2 * inboxes.TRIES):
        with pytest.raises(inboxes.NotNowError):
            rig.take(redelivered=True)
    monkeypatch.undo()
    assert rig.take(redelivered=True) is Fate.ACCEPTED


def test_all_fields_are_kept(rig: Rig) -> None:
    rig.take(correlation_id="c")
    with rig.database.reading() as session:
        row = session.scalars(select(InboxRow)).one()
        assert row.body == BODY and row.correlation_id == "c"


def test_an_end_that_is_not_committed_is_not_told(rig: Rig) -> None:
    rig.take()
    lease = rig.jobs.leases.claim("slice", "w", 15)
    assert lease is not None
    rig.jobs.endings.cancel("slice", lease.job.job_id)
    with pytest.raises(LeaseLostError):
        rig.jobs.attempts.finish(lease.job, Result())
    assert [each["status"] for each in rig.out()] == ["failed"]


def test_one_process_sends_at_a_time(rig: Rig) -> None:
    assert rig.outbox.begin("a") and not rig.outbox.begin("b")
    rig.now += 11
    assert rig.outbox.begin("b") and not rig.outbox.begin("a")
    rig.outbox.end("a")
    assert not rig.outbox.begin("a"), "who is not the sender cannot end its turn"
    rig.outbox.end("b")
    assert rig.outbox.begin("a")


def test_a_lane_that_is_held_up_stays_in_order_and_holds_up_no_other(rig: Rig) -> None:
    for tool in ("x", "x", "y"):
        rig.take({**BODY, "tool": tool, "session_id": f"{tool}{rig.now}"})
        rig.end()
    lanes = rig.outbox.due(10)
    assert {key: len(found) for (_, key), found in lanes.items()} == {"endx": 2, "endy": 1}
    rig.outbox.hold_up(lanes[("slice", "endx")][0])
    assert list(rig.outbox.due(10)) == [("slice", "endy")]
    rig.now += 2
    assert [each.number for each in rig.outbox.due(10)[("slice", "endx")]] == [1, 2]
    rig.outbox.sent([1, 3])
    assert rig.outbox.waiting()[0] == 1


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-32-be"),
        lambda text: text.encode("gbk"),
    ],
)
def test_bodies_in_foreign_encodings_are_read(encode: Callable[[str], bytes]) -> None:
    assert Incoming("slice", encode('{"文本": "你好，世界"}')).fields() == {"文本": "你好，世界"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'"text"',
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\u0000"}',
        b'{"\\ud800": 1}',
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
        b"[" * 100_000,
        b"\x80\xff\xff",
        b'{"a": "' + b"x" * LONGEST_BODY + b'"}',
    ],
)
def test_bodies_that_no_job_can_be_made_of_are_refused(rig: Rig, body: bytes) -> None:
    with pytest.raises(ServiceError):
        Incoming("slice", body).fields()
    assert rig.take(body) is Fate.REFUSED


def test_a_declared_charset_counts_and_an_unknown_one_does_not_hurt(tmp_path: Path) -> None:
    body = '{"a": "é"}'.encode("latin-1")
    assert Incoming("slice", body, charset="latin-1").fields() == {"a": "é"}
    assert Incoming("slice", b"{}", charset="gzip").fields() == {}

"""Jobs as messages, while broker, database and workers are stopped and killed: nothing is lost, nothing done twice."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pika
from sqlalchemy import func, select

from service.broker.models import InboxRow
from service.broker.topology import start_queue
from service.database import Database
from service.database.migrate import migrate
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import NewJob
from tests.service.broker.bench import KINDS, OldClient
from tests.service.jobs.counting import CountingBase, CountingKind, CountRow, counting_queue
from tests.service.postgresql import PostgresServer
from tests.service.proof.partition import Cable, cable
from tests.service.rabbitmq import RabbitServer

_PATIENCE = 900.0
_AWAY = 10.0
"""Seconds; a lease is 4."""
_BROKEN = (pika.exceptions.AMQPError, OSError)


@dataclass
class Answers:
    """Ends that arrived: by session, and what arrived under a number that was there before."""

    first: dict[str, float] = field(default_factory=dict)
    more: Counter[str] = field(default_factory=Counter)
    failed: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0
    _ids: set[str] = field(default_factory=set)

    def note(self, properties: pika.BasicProperties, body: bytes) -> None:
        """Take note of a message."""
        told = json.loads(body)
        if properties.message_id in self._ids:
            self.repeated += 1  # the sender died between the confirmation and its commit
            return
        self._ids.add(properties.message_id)
        session = told["session_id"]
        if session in self.first:
            self.more[session] += 1
        self.first.setdefault(session, time.monotonic())
        if told["status"] != "completed":
            self.failed.append(told)


class Storm:
    """A broker, a database, processes of the service, an old publisher and an old consumer.

    Args:
        root: An empty folder.
        rabbit: Runs.
        postgres: Runs.
    """

    def __init__(self, root: Path, rabbit: RabbitServer, postgres: PostgresServer) -> None:
        self.root, self.rabbit, self.postgres = root, rabbit, postgres
        self.url = postgres.address(postgres.create())
        self.database = Database(self.url)
        migrate(self.database)
        CountingBase.metadata.create_all(self.database.engine)
        self.nodes: list[subprocess.Popen[bytes]] = []
        self.answers = Answers()
        self.reconnects: list[float] = []
        self._stop = threading.Event()
        self._log = (root / "nodes.log").open("ab")
        client = OldClient(rabbit.connect())
        client.listens("slice", "end")
        client.connection.close()
        self._consumer = threading.Thread(target=self._consume, daemon=True)
        self._consumer.start()

    # --- processes ---

    def start_node(self, *options: str, behind: Cable | None = None) -> subprocess.Popen[bytes]:
        """Start a process of the service, on this machine or behind a cable."""
        servers = [url if behind is None else behind.address(url) for url in (self.rabbit.url, self.url)]
        command = [sys.executable, "-m", "tests.service.proof.node", *servers, str(self.root), *options]
        node = subprocess.Popen([*(behind.command if behind else ()), *command], stdout=self._log, stderr=self._log)
        self.nodes.append(node)
        return node

    def kill_node(self, node: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        node.kill()
        node.wait()
        self.nodes.remove(node)

    def consumers(self) -> int:
        """How many processes take messages."""
        with contextlib.suppress(*_BROKEN), contextlib.closing(self.rabbit.connect()) as connection:
            found = connection.channel().queue_declare(start_queue("slice"), passive=True)
            return int(found.method.consumer_count)
        return 0

    def wait_for_nodes(self, seconds: float = 120.0) -> float:
        """Wait until every process takes messages; return the seconds that took."""
        began = time.monotonic()
        while self.consumers() < len(self.nodes):
            assert time.monotonic() - began < seconds, (self.root / "nodes.log").read_text()[-3000:]
            time.sleep(0.1)
        return time.monotonic() - began

    # --- clients ---

    def _consume(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(*_BROKEN), contextlib.closing(self.rabbit.connect()) as connection:
                channel = connection.channel()
                for method, properties, body in channel.consume("end_slice_queue", inactivity_timeout=0.5):
                    if self._stop.is_set():
                        break
                    if method is not None:
                        self.answers.note(properties, body)
                        channel.basic_ack(method.delivery_tag)
            time.sleep(0.1)

    def publish(self, bodies: Iterator[tuple[dict[str, Any], str | None]], pause: float = 0.0) -> int:
        """Send jobs, each until the broker has confirmed it; return how many."""
        sent, left = 0, next(bodies, None)
        while left is not None:
            with contextlib.suppress(*_BROKEN):
                client = OldClient(self.rabbit.connect())
                while left is not None:
                    client.publish("slice", left[0], message_id=left[1])
                    sent, left = sent + 1, next(bodies, None)
                    time.sleep(pause)
                client.connection.close()
            if left is not None:
                time.sleep(0.2)
        return sent

    def publisher(self, count: int, pause: float = 0.0, upto: int = 3) -> threading.Thread:
        """Send jobs beside what else happens."""
        thread = threading.Thread(target=lambda: self.publish(_bodies(count, upto), pause), daemon=True)
        thread.start()
        return thread

    # --- the end ---

    def settle(self, count: int) -> None:
        """Wait until so many jobs are answered."""
        until = time.monotonic() + _PATIENCE
        while len(self.answers.first) < count:
            assert time.monotonic() < until, f"{len(self.answers.first)} of {count} answered; {self.root}/nodes.log"
            time.sleep(0.1)
        time.sleep(2.0)  # whatever comes twice comes soon after

    def figures(self, count: int, **more: Any) -> dict[str, Any]:
        """Return what is in the database, and what the consumer got."""
        with self.database.reading() as session:
            jobs = session.scalar(select(func.count()).select_from(JobRow)) or 0
            undone = session.scalar(select(func.count()).select_from(JobRow).where(JobRow.status != "done")) or 0
            uneven = sum(
                own.counted != list(range(row.request["upto"]))
                for row, own in session.execute(select(JobRow, CountRow).join(CountRow, CountRow.key == JobRow.key))
            )
            again = session.scalar(select(func.count()).select_from(JobEventRow).where(JobEventRow.type == "repeated"))
            waiting = session.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.settled.is_(False)))
        found = {
            "accepted": count,
            "answered": len(self.answers.first),
            "lost": count - len(self.answers.first),
            "double_jobs": jobs - count,
            "double_answers": sum(self.answers.more.values()),
            "same_answer_sent_again": self.answers.repeated,
            "not_done": undone,
            "steps_missing_or_twice": uneven,
            "jobs_taken_from_dead_workers": again,
            "messages_unsettled": waiting,
            "longest_reconnect_s": round(max(self.reconnects, default=0.0), 1),
            **more,
        }
        bad = ("lost", "double_jobs", "double_answers", "not_done", "steps_missing_or_twice", "messages_unsettled")
        return {**found, "good": not any(found[name] for name in bad) and found["longest_reconnect_s"] <= 10}

    def close(self) -> None:
        """End everything that was started here."""
        self._stop.set()
        for node in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                node.send_signal(signal.SIGCONT)
            node.kill()
            node.wait()
        self._consumer.join(10)
        self.database.close()
        self._log.close()


def _bodies(count: int, upto: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    for number in range(count):
        yield {"inp": "x", "session_id": f"s{number}", "upto": upto, "user_id": f"u{number % 7}"}, f"m{number}"


def restarts(storm: Storm, count: int, times: int) -> dict[str, Any]:
    """The broker is stopped or killed again and again, while jobs come and end."""
    for _ in range(2):
        storm.start_node()
    storm.wait_for_nodes()
    publisher = storm.publisher(count, pause=0.01)
    for number in range(times):
        time.sleep(1.0)
        (storm.rabbit.kill if number % 2 else storm.rabbit.stop)()
        storm.rabbit.start()
        storm.reconnects.append(storm.wait_for_nodes())
    publisher.join()
    storm.settle(count)
    return storm.figures(count, broker_restarts=times)


def away(storm: Storm, count: int, seconds: float) -> dict[str, Any]:
    """The broker is away, while jobs are accepted by another way, done, and their ends kept."""
    for _ in range(2):
        storm.start_node()
    storm.wait_for_nodes()
    storm.rabbit.stop()
    began = time.monotonic()
    jobs = counting_queue(storm.database, *map(CountingKind, KINDS))
    for number in range(count):
        request = {"upto": 2, "session_id": f"s{number}", "tool": ""}
        jobs.admission.accept(NewJob("slice", f"j{number}", f"u{number % 7}", request, expected_steps=2), 10_000)
        left = began + seconds * (number + 1) / count - time.monotonic()
        time.sleep(max(0.0, left))
    storm.rabbit.start()
    back = time.monotonic()
    storm.reconnects.append(storm.wait_for_nodes())
    storm.settle(count)
    lag = max(storm.answers.first.values()) - back
    return storm.figures(count, broker_away_s=round(back - began, 1), last_answer_after_s=round(lag, 1))


def database_restarts(storm: Storm, count: int, times: int) -> dict[str, Any]:
    """PostgreSQL is killed again and again."""
    for _ in range(2):
        storm.start_node()
    storm.wait_for_nodes()
    publisher = storm.publisher(count, pause=0.01)
    for _ in range(times):
        time.sleep(1.5)
        storm.postgres.kill()
        time.sleep(0.5)
        storm.postgres.start()
    publisher.join()
    storm.database.engine.dispose()
    storm.settle(count)
    return storm.figures(count, database_kills=times)


def kills(storm: Storm, count: int, times: int, seed: int = 0) -> dict[str, Any]:
    """Three workers are killed at random; another one takes the place of each."""
    dice = random.Random(seed)
    for _ in range(3):
        storm.start_node()
    storm.wait_for_nodes()
    publisher = storm.publisher(count, pause=0.02)
    for _ in range(times):
        storm.kill_node(dice.choice(storm.nodes))
        storm.start_node()
        time.sleep(dice.uniform(0.2, 1.5))
    publisher.join()
    storm.settle(count)
    return storm.figures(count, worker_kills=times)


def cut_off(storm: Storm, count: int) -> dict[str, Any]:
    """A worker stands still for longer than its lease, while another has taken its jobs; then it goes on."""
    node = storm.start_node("--seconds-per-step", "0.5")
    stop, go_on = (partial(node.send_signal, number) for number in (signal.SIGSTOP, signal.SIGCONT))
    return _away_for_longer_than_its_lease(storm, count, stop, go_on)


def partition(storm: Storm, count: int) -> dict[str, Any]:
    """A worker works on without network for longer than its lease, while another has taken its jobs."""
    with cable() as laid:
        node = storm.start_node("--seconds-per-step", "0.5", behind=laid)
        try:
            return _away_for_longer_than_its_lease(storm, count, laid.cut, laid.mend)
        finally:
            storm.kill_node(node)


def _away_for_longer_than_its_lease(
    storm: Storm, count: int, leave: Callable[[], None], come_back: Callable[[], None]
) -> dict[str, Any]:
    storm.wait_for_nodes()
    storm.publish(_bodies(count, 8))
    with storm.database.reading() as session:
        while not (owned := _running(session)):
            time.sleep(0.05)
    leave()
    storm.start_node("--seconds-per-step", "0.02")
    time.sleep(_AWAY)
    come_back()
    storm.settle(count)
    with storm.database.reading() as session:
        last = session.execute(
            select(JobEventRow.job_id, func.count()).where(JobEventRow.type == "claimed").group_by(JobEventRow.job_id)
        ).tuples()
        twice = sum(number > 1 for _, number in last)
    found = storm.figures(count, jobs_in_its_hands=len(owned), jobs_taken_over=twice)
    return {**found, "good": found["good"] and twice >= 1}


def _running(session: Any) -> list[str]:
    session.rollback()
    return list(session.scalars(select(JobRow.job_id).where(JobRow.status == "run")))


def duplicates(storm: Storm, count: int) -> dict[str, Any]:
    """Every message comes three times; half of them have no id."""
    for _ in range(2):
        storm.start_node()
    storm.wait_for_nodes()

    def thrice() -> Iterator[tuple[dict[str, Any], str | None]]:
        bodies = list(_bodies(count, 1))
        for _ in range(3):
            for number, (body, message_id) in enumerate(bodies):
                yield body, message_id if number % 2 else None

    storm.publish(thrice())
    storm.settle(count)
    found = storm.figures(count, messages=3 * count)
    again = found.pop("double_answers")  # who asks again without an id, when it is done, is told again
    known = ("lost", "double_jobs", "not_done", "steps_missing_or_twice", "messages_unsettled")
    return {**found, "answers_to_who_asked_again": again, "good": not any(found[name] for name in known)}


def backlog(storm: Storm, count: int) -> dict[str, Any]:
    """Jobs come while no worker runs; then one does."""
    storm.start_node("--idle")
    storm.wait_for_nodes()
    began = time.monotonic()
    storm.publish(_bodies(count, 1))
    published = time.monotonic() - began
    with storm.database.reading() as session:
        while (session.scalar(select(func.count()).select_from(JobRow)) or 0) < count:
            session.rollback()
            time.sleep(0.2)
    accepted = time.monotonic() - began
    storm.start_node("--seconds-per-step", "0")
    began = time.monotonic()
    storm.settle(count)
    done = time.monotonic() - began
    return storm.figures(
        count,
        published_per_s=round(count / published),
        accepted_per_s=round(count / accepted),
        done_per_s=round(count / done),
    )

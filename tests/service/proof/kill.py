"""kill -9 of the API, of the engine, of both or of the database server at random moments under load, on one or several
API processes that share a folder and a database: nothing accepted is lost.

Figures: accepted tasks and how they ended; tasks that had not ended 30 s after the last start; finished segments that
were spoken again; segments in flight that were; WAV files that were visible and not whole; results that differ from
an undisturbed run; the database's own check.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy import text as sql

from GPT_SoVITS.engine.messages import Reference, SamplingParameters, SynthesisRequest
from GPT_SoVITS.testing.fake import FAKE_WEIGHTS, FakeEngine, solo
from service.database import Database
from service.files import wav
from service.jobs.models import JobEventRow
from service.speech.records import SpeechEvent
from tests.service.postgresql import PostgresServer
from tests.service.proof.harness import Service, task_body
from tests.waiting import eventually

STUCK_SECONDS = 60.0
"""After the last kill, where a start takes ``USUAL_START``."""
LEAST_ACCEPTED = 5
"""Tasks before the load ends."""
USUAL_START = 3.0
"""Seconds that a start takes on two quiet processors."""


@dataclass
class Figures:
    """See the module."""

    kills: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    done: int = 0
    stuck: list[str] = field(default_factory=list)
    seconds_to_settle: float = 0.0
    segments: int = 0
    committed_twice: int = 0
    spoken_again: int = 0
    most_spoken_again_per_kill: float = 0.0
    spoken_after_commit: list[str] = field(default_factory=list)
    whole_files_seen: int = 0
    partial_files_seen: list[str] = field(default_factory=list)
    wrong_audio: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    database: str = ""
    slowest_start: float = 0.0

    @property
    def good(self) -> bool:
        """Whether the promise is kept."""
        trouble = (self.lost, self.failed, self.stuck, self.partial_files_seen, self.wrong_audio, self.left_behind)
        return not any(trouble) and self.committed_twice == 0 and self.database == "ok" and self.done == self.accepted

    def shown(self) -> str:
        """The figures as JSON."""
        return json.dumps({"good": self.good, **asdict(self)}, ensure_ascii=False, indent=1)


class Load:
    """Submits tasks without end; an answer that was lost is asked for again, with the same id."""

    def __init__(self, services: Sequence[Service], seed: int, most_waiting: int, rest: float) -> None:
        self.accepted: dict[str, str] = {}
        self._random, self._most = random.Random(seed), most_waiting
        self._services, self._rest = services, rest
        self._clients = itertools.cycle([service.client(5.0) for service in services])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Submit nothing more; everything that was sent was answered."""
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            task_id, count = f"k{number}", self._random.randint(1, 6)
            text = "".join(f"{task_id}的第{n}句。" for n in range(count))
            if self._submitted(task_body(task_id, text, f"u{number % 5}", seed=number)):
                self.accepted[task_id] = text
                number += 1
            self._stop.wait(self._rest * _slowness(self._services))
            self._wait_for_room()

    def _submitted(self, body: dict[str, object]) -> bool:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = next(self._clients).post("/voice-tasks", json=body)
                if answer.status_code == 200:
                    return True
                assert answer.status_code >= 500, answer.text
            time.sleep(0.02)

    def _wait_for_room(self) -> None:
        chosen: dict[str, str | int] = {"status": "wait", "page_size": 1}
        while not self._stop.is_set():
            with contextlib.suppress(httpx.HTTPError, KeyError, TypeError):
                waiting = next(self._clients).get("/voice-tasks", params=chosen).json()["data"]["total"]
                if waiting < self._most:
                    return
            time.sleep(0.05)


class Watch:
    """Looks at the results on disk all the time: each is whole, or not there."""

    def __init__(self, root: Path) -> None:
        self.whole = 0
        self.partial: set[str] = set()
        self._root, self._stop = root, threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        seen: set[Path] = set()
        while not self._stop.is_set():
            found = {*self._root.glob("done/*.wav"), *self._root.glob("output/*/*/*.wav")} - seen
            for path in found:
                # A name may vanish again with a result that was not committed; what is there is whole.
                if wav.is_complete(path):
                    self.whole += 1
                elif path.exists():
                    self.partial.add(str(path.relative_to(self._root)))
            seen = found if len(seen) > 20_000 else seen | found
            time.sleep(0.01)


def _expected(root: Path, task_id: str, text: str, seed: int) -> bytes:
    """The samples of an undisturbed run."""
    request = SynthesisRequest(
        text,
        "all_zh",
        Reference(str(root / "task" / f".{task_id}" / "reference.wav")),
        sampling=SamplingParameters(top_k=5),
    )
    samples = solo(FakeEngine(), request, seed, FAKE_WEIGHTS)
    return wav.to_pcm16(samples).astype("<i2").tobytes()


def _settle(service: Service, figures: Figures, accepted: dict[str, str], patience: float) -> dict[str, dict[str, Any]]:
    """Wait until every accepted task has ended; return the entries."""
    began = time.monotonic()
    entries: dict[str, dict[str, Any]] = {}
    with service.client() as client:
        while time.monotonic() - began < patience:
            entries = {}
            names = list(accepted)
            for first in range(0, len(names), 100):
                body = {"task_ids": names[first : first + 100], "page_size": 100}
                found = client.post("/voice-tasks/query", json=body).json()["data"]["data"]
                entries.update({entry["task_id"]: entry for entry in found})
            if all(entry["status"] in ("done", "error") for entry in entries.values()):
                break
            time.sleep(0.1)
    figures.seconds_to_settle = round(time.monotonic() - began, 1)
    figures.stuck = [name for name, entry in entries.items() if entry["status"] not in ("done", "error")]
    figures.lost = [name for name in accepted if name not in entries]
    figures.failed = {name: entry["error"] for name, entry in entries.items() if entry["status"] == "error"}
    return entries


def _check_results(service: Service, figures: Figures, accepted: dict[str, str]) -> None:
    root = service.root
    for task_id, text in accepted.items():
        if task_id in figures.failed or task_id in figures.stuck:
            continue
        path = root / "done" / f"{task_id}.wav"
        figures.done += path.is_file()
        expected = _expected(root, task_id, text, int(task_id[1:]))
        if not path.is_file() or path.read_bytes()[wav.HEADER_BYTES :] != expected:
            figures.wrong_audio.append(task_id)
    leftovers = [*root.glob("task/*"), *root.glob("task/.*"), *root.glob("done/.*"), *root.glob("error/.*")]
    figures.left_behind = [str(path.relative_to(root)) for path in leftovers]


def _check_database(service: Service, figures: Figures) -> None:
    database = Database(service.database_url or f"sqlite:///{service.root / 'service.db'}")
    with database.reading() as session:
        figures.database = session.scalar(sql("PRAGMA integrity_check" if database.is_sqlite else "SELECT 'ok'")) or ""
        kept = select(JobEventRow.job_id, JobEventRow.detail, JobEventRow.at)
        kept = kept.where(JobEventRow.type == SpeechEvent.SEGMENT.value)
        rows = [(job_id, detail["index"], at) for job_id, detail, at in session.execute(kept).tuples()]
    database.close()
    committed = Counter((task_id, index) for task_id, index, _ in rows)
    figures.segments = committed.total()
    figures.committed_twice = sum(count - 1 for count in committed.values())
    _check_speech(service, figures, {(task_id, index): at for task_id, index, at in rows})


def _check_speech(service: Service, figures: Figures, committed: dict[tuple[str, int], float]) -> None:
    """Compare what the engine spoke, and when, with what was committed."""
    spoken: dict[tuple[str, int], list[float]] = defaultdict(list)
    for line in service.spoken.read_text("utf-8").splitlines():
        text, index, at = line.split("\t")
        spoken[text.split("的", 1)[0], int(index)].append(float(at))
    figures.spoken_again = sum(len(times) - 1 for times in spoken.values())
    # A kill takes what a request had under way: a segment, and on a busy machine one whose commit had not ended yet.
    per_task = Counter(task_id for (task_id, _), times in spoken.items() for _ in times[1:])
    kills = max(sum(figures.kills.values()), 1)
    figures.most_spoken_again_per_kill = round(max(per_task.values(), default=0) / kills, 3)
    figures.spoken_after_commit = [
        f"{task_id} {index}"
        for (task_id, index), times in spoken.items()
        if max(times) > committed.get((task_id, index), max(times))
    ]


class Victims:
    """What can be killed, and is started again.

    Args:
        services: API processes with their engines.
        server: Of the database, where it is ours.
    """

    def __init__(self, services: Sequence[Service], server: PostgresServer | None) -> None:
        self._services, self._server = services, server

    def kill(self, chance: random.Random) -> str:
        """Kill something and start it again; return what."""
        target = chance.choice(("api", "engine", "both", *(["database"] if self._server else [])))
        if self._server is not None and target == "database":
            self._server.kill()
            time.sleep(chance.choice((0.0, 0.5, 4.0)))  # the longest is more than anybody waits at a commit
            self._server.start()
            return target
        service = chance.choice(self._services)
        service.kill(api=target != "engine", engine=target != "api")
        if service.process is None:
            service.start()
        return target

    def end(self) -> None:
        """Kill all services."""
        for service in self._services:
            service.kill(api=True, engine=True)


def _slowness(services: Sequence[Service]) -> float:
    """How much longer than usual the last starts took: a slow machine speaks between two kills as a fast one does."""
    return max(1.0, max(service.starts[-1] for service in services) / USUAL_START)


def run(
    root: Path,
    kills: int,
    seed: int = 0,
    longest_pause: float = 1.5,
    *,
    waiting: int = 30,
    pace: float = 0.06,
    rest: float = 0.0,
    servers: int = 1,
    database: str | None = None,
    server: PostgresServer | None = None,
) -> Figures:
    """Kill so often and return the figures.

    Args:
        root: An empty folder.
        kills: How often.
        seed: Of the moments and targets.
        longest_pause: Seconds between a start and the next kill, at most, where a start takes ``USUAL_START``.
        waiting: Tasks that wait at most: what the load keeps the service busy with.
        pace: Seconds that the engine takes for a segment.
        rest: Seconds between two tasks, where a start takes ``USUAL_START``.
        servers: API processes on one database and one folder.
        database: Its address; None is the file in the folder.
        server: Of the database, to be killed too; None leaves it alone.
    """
    figures, chance = Figures(), random.Random(seed)
    given = {"concurrent_tasks": 6, "waiting_limit": 100_000, **({"database_url": database} if database else {})}
    services = [Service(root, seconds_per_segment=pace, parallel=4, **given) for _ in range(servers)]
    victims = Victims(services, server)
    try:
        for service in services:
            service.start()
    except BaseException:
        victims.end()
        raise
    load, watch = Load(services, seed, waiting, rest), Watch(root)
    try:
        eventually(lambda: load.accepted)
        counted: Counter[str] = Counter()
        for _ in range(kills):
            time.sleep(chance.uniform(0.0, longest_pause * _slowness(services)))
            counted[victims.kill(chance)] += 1
        figures.kills = dict(counted)
        eventually(lambda: len(load.accepted) >= LEAST_ACCEPTED, 300)  # a slow machine has accepted fewer until now
        load.stop()
        figures.accepted = len(load.accepted)
        _settle(services[0], figures, load.accepted, STUCK_SECONDS * _slowness(services))
        watch.stop()
        _check_results(services[0], figures, load.accepted)
        victims.end()
        _check_database(services[0], figures)
    finally:
        load.stop()
        watch.stop()
        victims.end()
    figures.whole_files_seen, figures.partial_files_seen = watch.whole, sorted(watch.partial)
    figures.slowest_start = round(max(start for service in services for start in service.starts), 2)
    return figures

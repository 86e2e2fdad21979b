"""A thousand workers and a million jobs a day in virtual time, through the real admission, turns, leases and fences.

    python -m bench.queue_simulation --hours 1

Jobs come at random (Poisson), in one hour of the day twice as fast, a fifth of them from one user. Workers die at
random; the lease of a dead one runs out, and its job is taken by another. The clock of the queue is the simulation's.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.queue_load import IdleKind, idle_queue
from service.database import Database
from service.database.migrate import migrate
from service.jobs.errors import LeaseLostError
from service.jobs.kinds import Result
from service.jobs.records import Job, NewJob

LEASE_SECONDS = 15.0
SWEEP_SECONDS = 5.0
HEAVY, HEAVY_SHARE, LIGHT_USERS = "heavy", 0.2, 2000
_SPREAD = 0.6  # of the logarithm of a job's length


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    Attributes:
        workers: Devices; each does one job at a time.
        jobs_per_day: On average, without the rush.
        job_seconds: Device time of a job, on average.
        seconds: How long jobs come.
        rush: Factor of the rate in the rush.
        rush_from: When it begins, in seconds.
        rush_to: When it ends.
        deaths_per_day: Of each worker.
        seed: Of everything random.
    """

    workers: int = 1000
    jobs_per_day: float = 1e6
    job_seconds: float = 60.0
    seconds: float = 3600.0
    rush: float = 2.0
    rush_from: float = 900.0
    rush_to: float = 1500.0
    deaths_per_day: float = 1.0
    seed: int = 0


@dataclass
class Simulation:
    """One run; :meth:`run` returns its figures."""

    plan: Plan
    database: Database
    now: float = 0.0
    _events: list[tuple[float, int, str, Any]] = field(default_factory=list)
    _number: int = 0
    _busy: float = 0.0
    _most_waiting: int = 0
    _lost_leases: int = 0
    _done: dict[str, int] = field(default_factory=dict)
    _waits: dict[str, list[float]] = field(default_factory=lambda: {"light": [], HEAVY: []})
    _accepted: int = 0
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.plan.seed)
        self._idle = deque(f"w{number}" for number in range(self.plan.workers))
        self.jobs = idle_queue(self.database, lambda: self.now)

    def _at(self, when: float, what: str, detail: Any = None) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, what, detail))

    def _next_arrival(self) -> float:
        plan = self.plan
        rushing = plan.rush_from <= self.now < plan.rush_to
        per_second = plan.jobs_per_day / 86400 * (plan.rush if rushing else 1.0)
        return self.now + self._dice.expovariate(per_second)

    def run(self) -> dict[str, Any]:
        """Let time pass until every job has ended."""
        began = time.monotonic()
        self._at(self._next_arrival(), "arrival")
        self._at(SWEEP_SECONDS, "sweep")
        while self._events:
            self.now, _, what, detail = heapq.heappop(self._events)
            getattr(self, f"_{what}")(detail)
        return self._figures(time.monotonic() - began)

    # --- what happens ---

    def _arrival(self, _: None) -> None:
        heavy = self._dice.random() < HEAVY_SHARE
        user = HEAVY if heavy else f"u{self._dice.randrange(LIGHT_USERS)}"
        self.jobs.admission.submit(NewJob(IdleKind.name, f"j{self._accepted}", user, {}), 10_000_000)
        self._accepted += 1
        self._waiting += 1
        self._most_waiting = max(self._most_waiting, self._waiting)
        self._wake()
        if (following := self._next_arrival()) < self.plan.seconds:
            self._at(following, "arrival")

    def _wake(self) -> None:
        """A token: one idle worker claims."""
        if self._idle and self._waiting:
            self._claim(self._idle.popleft())

    def _claim(self, worker: str) -> None:
        plan = self.plan
        length = self._dice.lognormvariate(math.log(plan.job_seconds) - _SPREAD**2 / 2, _SPREAD)
        death = self._dice.expovariate(plan.deaths_per_day / 86400) if plan.deaths_per_day else math.inf
        # Heartbeats are not played: the lease holds as long as they would have kept it.
        lease = self.jobs.leases.claim(IdleKind.name, worker, min(length, death) + LEASE_SECONDS)
        if lease is None:
            self._idle.append(worker)
            return
        self._waiting -= 1
        if lease.job.attempts == 1:
            name = HEAVY if lease.job.user_id == HEAVY else "light"
            self._waits[name].append(self.now - lease.job.created_at)
        self._busy += min(length, death)
        if death < length:
            self._at(self.now + death, "death", (worker, lease.job))
        else:
            self._at(self.now + length, "end", (worker, lease.job))

    def _end(self, detail: tuple[str, Job]) -> None:
        worker, job = detail
        try:
            self.jobs.attempts.finish(job, Result())
            self._done[job.job_id] = self._done.get(job.job_id, 0) + 1
        except LeaseLostError:
            self._lost_leases += 1
        self._free(worker)

    def _death(self, detail: tuple[str, Job]) -> None:
        """A worker dies; another one starts in its place half a minute later."""
        self._at(self.now + 30.0, "start", f"{detail[0]}'")

    def _start(self, worker: str) -> None:
        self._free(worker)

    def _free(self, worker: str) -> None:
        if self._waiting:
            self._claim(worker)
        else:
            self._idle.append(worker)

    def _sweep(self, _: None) -> None:
        taken = self.jobs.leases.recover(lambda _owner: False)
        self._lost_leases += len(taken)
        self._waiting += len(taken)
        for _job in taken:
            self._wake()
        if self.now < self.plan.seconds or len(self._done) < self._accepted:
            self._at(self.now + SWEEP_SECONDS, "sweep")

    # --- figures ---

    def _figures(self, took: float) -> dict[str, Any]:
        return {
            "jobs": self._accepted,
            "lost": self._accepted - len(self._done),
            "done_twice": sum(count - 1 for count in self._done.values()),
            "leases_of_dead_workers_taken_back": self._lost_leases,
            "use_of_devices": round(self._busy / (self.plan.workers * self.now), 3),
            "most_waiting": self._most_waiting,
            "drained_after_s": round(self.now),
            "wait_s": {name: _percentiles(waits) for name, waits in self._waits.items()},
            "transactions": 3 * self._accepted + 2 * self._lost_leases,
            "transactions_a_second_of_virtual_time": round(3 * self._accepted / self.plan.seconds, 1),
            "took_s": round(took),
        }


def _percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    return {f"p{part}": round(ordered[min(len(ordered) - 1, len(ordered) * part // 100)], 1) for part in (50, 95, 99)}


def model(plan: Plan) -> dict[str, float]:
    """Return what the capacity model of docs/SCALING.md says: no simulation, three divisions."""
    rate, capacity = plan.jobs_per_day / 86400, plan.workers / plan.job_seconds
    grown = max(0.0, (rate * plan.rush - capacity) * (plan.rush_to - plan.rush_from))
    return {
        "use_without_rush": round(rate / capacity, 3),
        "most_waiting": round(grown),
        "longest_wait_s": round(grown / capacity, 1),
        "rush_worked_off_after_s": round(plan.rush_to + grown / (capacity - rate)),
    }


def simulate(plan: Plan, folder: Path) -> dict[str, Any]:
    """Return the figures of the model and of a run, whose database lies in a folder."""
    database = Database.in_folder(folder)
    migrate(database)
    try:
        return {"model": model(plan), "simulated": Simulation(plan, database).run()}
    finally:
        database.close()


def main(arguments: list[str]) -> int:
    """Simulate, and print what was found; 0 when nothing was lost or done twice."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue_simulation", description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--jobs-per-day", type=float, default=1e6)
    parser.add_argument("--job-seconds", type=float, default=60.0)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    seconds = given.hours * 3600
    plan = Plan(
        given.workers,
        given.jobs_per_day,
        given.job_seconds,
        seconds,
        rush_from=seconds / 4,
        rush_to=seconds / 4 + min(3600.0, seconds / 6),
        seed=given.seed,
    )
    memory = Path("/dev/shm")  # what is measured is the queue, not a disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        found = simulate(plan, Path(folder))
    print(json.dumps(found, indent=1))
    return 0 if not found["simulated"]["lost"] and not found["simulated"]["done_twice"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

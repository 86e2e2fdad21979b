"""How much waits and for how long, for those who watch the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from service.jobs.models import JobRow
from service.jobs.records import Status
from service.jobs.transactions import Sessions

LIGHT, HEAVY = "light", "heavy"
HEAVY_FROM = 20
"""A user with so many waiting jobs of a kind counts as heavy: where turns are fair, the others hardly wait."""


@dataclass(frozen=True)
class Depth:
    """What waits of a kind, of one class of users.

    Attributes:
        kind: Name of the kind.
        users: ``light`` or ``heavy``.
        jobs: How many could run now.
        oldest_seconds: Since when the oldest of them waits.
    """

    kind: str
    users: str
    jobs: int
    oldest_seconds: float


def depths(reading: Sessions, clock: Callable[[], float]) -> list[Depth]:
    """Return what waits, by kind and class of users. Blocks.

    Args:
        reading: Opens a session for reading.
        clock: Unix seconds.
    """
    chosen = (JobRow.status == Status.WAIT.value, JobRow.removed.is_(False), JobRow.blocked == 0)
    each = select(JobRow.kind, func.count(), func.min(JobRow.created_at)).where(*chosen)
    with reading() as session:
        found = session.execute(each.group_by(JobRow.kind, JobRow.user_id)).tuples().all()
    counted: dict[tuple[str, str], tuple[int, float]] = {}
    for kind, jobs, oldest in found:
        name = (kind, HEAVY if jobs >= HEAVY_FROM else LIGHT)
        before = counted.get(name, (0, oldest))
        counted[name] = (before[0] + jobs, min(before[1], oldest))
    now = clock()
    return [Depth(*name, jobs, max(0.0, now - oldest)) for name, (jobs, oldest) in sorted(counted.items())]

"""What the queue asks of a kind of job. A kind is registered from outside; nothing here names one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import DeclarativeBase, Session

from service.jobs.models import JobRow
from service.jobs.records import Change, Job, NewJob


@dataclass(frozen=True)
class Need:
    """What jobs of a kind need of a worker.

    Attributes:
        device: Whether they compute on the worker's device: kinds that do take turns there.
        parallel: How many of them a worker has under way at once.
        together: Kinds that name the same here count as one for ``parallel``; empty: the kind alone.
        apart: Whether each job runs in a process of its own, so that a death is its own doing and counts at once.
    """

    device: bool = False
    parallel: int = 1
    together: str = ""
    apart: bool = False


@dataclass(frozen=True)
class SideTable:
    """A kind's own table beside the queue's: one row for each job, under the job's key.

    Attributes:
        row: The mapped class; it has ``key``, a foreign key of ``jobs.key`` that cascades.
        first: Makes the row of a new job.
        facts: Makes :attr:`Job.facts` from a row (None: there is no row).
    """

    row: type[DeclarativeBase]
    first: Callable[[NewJob], Any]
    facts: Callable[[Any], Any]


@dataclass
class RepairReport:
    """What was found and put right at a start, by name: missing entries, premature results, lost files ..."""

    counted: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    """Finished jobs whose result is missing or short: the disk lost it."""

    def note(self, what: str, count: int = 1) -> None:
        """Count something that was put right."""
        if count:
            self.counted[what] = self.counted.get(what, 0) + count

    def __bool__(self) -> bool:
        return bool(self.counted or self.lost)


class JobFiles(Protocol):
    """What a kind keeps on disk for its jobs. All methods block; what vanished already is no error.

    New files appear before the commit, old ones vanish after it. So a state's files are made by :meth:`show`, taken
    back by :meth:`hide` when the commit fails, and those of other states dropped by :meth:`settle` when it held.
    """

    def show(self, job: Job) -> None:
        """Let the files that the job's state asks for appear whole; before the commit."""

    def hide(self, job: Job) -> None:
        """Take back what :meth:`show` made of a state that the job did not reach."""

    def settle(self, job: Job) -> None:
        """Drop what the job's state needs no more; after the commit."""

    def agree(self, job: Job) -> bool:
        """Whether the files are those that the job's state asks for, and no others."""

    def repair(self, job: Job, report: RepairReport) -> None:
        """Let the files agree with the job, which nobody changes meanwhile; take note of what was done."""

    def drop(self, job: Job) -> None:
        """Remove everything of a job."""

    def forget_steps(self, job: Job) -> None:
        """Drop what an ended job kept for a retry: another is about to have its name."""

    def leave(self, job: Job, user_id: str) -> None:
        """Drop what a job had apart from what :meth:`repair` knows: a job of this user's has its name now."""

    def tidy(self, existing: Callable[[Sequence[str]], set[str]], *, starting: bool) -> int:
        """Remove what was never accepted and, at a start, half-written files of the dead; return how many."""

    def expire(self, existing: Callable[[Sequence[str]], set[str]], before: float) -> int:
        """Remove what belongs to no job and is older than a moment, in Unix seconds; return how many."""


class NoFiles:
    """The files of a kind that keeps none."""

    def show(self, job: Job) -> None:
        """Nothing appears."""

    def hide(self, job: Job) -> None:
        """Nothing is taken back."""

    def settle(self, job: Job) -> None:
        """Nothing vanishes."""

    def agree(self, job: Job) -> bool:
        """Nothing can disagree."""
        return True

    def repair(self, job: Job, report: RepairReport) -> None:
        """Nothing is put right."""

    def drop(self, job: Job) -> None:
        """Nothing is removed."""

    def forget_steps(self, job: Job) -> None:
        """Nothing was kept."""

    def leave(self, job: Job, user_id: str) -> None:
        """Nothing is left."""

    def tidy(self, existing: Callable[[Sequence[str]], set[str]], *, starting: bool) -> int:
        """Nothing is left over."""
        return 0

    def expire(self, existing: Callable[[Sequence[str]], set[str]], before: float) -> int:
        """Nothing grows old."""
        return 0


@dataclass(frozen=True)
class Result:
    """What a run has brought forth, ready to be committed.

    Attributes:
        within: Called in the transaction that ends the job; writes the kind's own rows and returns the detail of the
            ``done`` event.
        discard: Called when that transaction fails: drops what was staged.
    """

    within: Callable[[Session, JobRow], dict[str, Any]] = lambda _session, _row: {}
    discard: Callable[[], None] = lambda: None


class Kind(Protocol):
    """A kind of job, as the queue knows it; :class:`service.jobs.running.WorkingKind` also runs."""

    @property
    def name(self) -> str:
        """Its name in the database."""

    @property
    def noun(self) -> str:
        """What people call such a job in messages, and the topic under which its changes are announced."""

    @property
    def need(self) -> Need:
        """What it needs of a worker."""

    @property
    def files(self) -> JobFiles:
        """What it keeps on disk."""

    @property
    def side(self) -> SideTable | None:
        """Its own table."""

    def validate(self, new: NewJob) -> NewJob:
        """Check a new job and return it with what is known of its steps. Blocks.

        Raises:
            ServiceError: it will never run; the message says what to change.
        """

    def describe(self, job: Job) -> dict[str, Any]:
        """Return the job as its clients see it; plain JSON values."""

    def announced(self, change: Change) -> None:
        """A change was committed here: for logs and metrics. On the thread that committed; must not fail."""


class Kinds(Mapping[str, Kind]):
    """The kinds that this process knows, by name."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

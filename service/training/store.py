"""What a step tells is kept here while its job runs: progress, measurements, problems, artefacts, each with a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.jobs.manager import JobManager
from service.jobs.models import JobRow
from service.jobs.records import Job
from service.jobs.transactions import Sessions
from service.training.models import NoteRow, PointRow, TrainingRow

PROBLEM, ARTEFACT = "problem", "artefact"
MOST_POINTS, MOST_NOTES = 4000, 1000


@dataclass(frozen=True)
class Note:
    """A problem or an artefact.

    Attributes:
        type: Which of the two.
        path: Of the file.
        detail: More: kind, epoch; or code, message.
    """

    type: str
    path: str
    detail: Mapping[str, Any]


@dataclass
class Batch:
    """What came since the last writing.

    Attributes:
        progress: The latest, to be merged into what is known.
        points: Measurements by step, with their epoch.
        notes: Problems and artefacts.
        done: Steps or files finished; None where nothing was told.
        total: Of how many.
        reached: How far it certainly is; see :class:`service.training.records.TrainingFacts`.
    """

    progress: dict[str, Any] = field(default_factory=dict)
    points: dict[int, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    done: int | None = None
    total: int | None = None
    reached: int = 0

    def __bool__(self) -> bool:
        return bool(self.progress or self.points or self.notes or self.reached) or self.done is not None


class TrainingStore:
    """Every method blocks: call it off the event loop.

    Args:
        jobs: The queue.
        reading: Opens a session for reading.
    """

    def __init__(self, jobs: JobManager, reading: Sessions) -> None:
        self._jobs, self._reading = jobs, reading

    # --- writing, under the lease ---

    def begin(self, job: Job) -> None:
        """Note when a job's first attempt begins.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self._jobs.attempts.writing(job) as (transaction, row):
            own = transaction.session.get_one(TrainingRow, row.key)
            own.started_at = own.started_at or transaction.now

    def keep(self, job: Job, batch: Batch) -> None:
        """Keep what came since the last writing.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self._jobs.attempts.writing(job) as (transaction, row):
            session = transaction.session
            own = session.get_one(TrainingRow, row.key)
            own.progress = {**own.progress, **batch.progress}
            if batch.total is not None:
                row.steps_total = batch.total
            if batch.done is not None:
                row.steps_done = min(batch.done, row.steps_total or batch.done)
            self._add_points(session, row, batch.points)
            self._add_notes(session, own, batch.notes, transaction.now)
            if batch.reached > own.reached:
                own.reached = batch.reached
                self._jobs.attempts.progressed(transaction, row, done=batch.reached)

    @staticmethod
    def _add_points(session: Session, row: JobRow, points: Mapping[int, tuple[int, dict[str, Any]]]) -> None:
        """Add measurements; a step that is done again replaces what it gave before. Over the limit every other goes."""
        if not points:
            return
        session.execute(delete(PointRow).where(PointRow.key == row.key, PointRow.step.in_(points)))
        for step, (epoch, values) in points.items():
            session.add(PointRow(key=row.key, step=step, epoch=epoch, values=values))
        session.flush()
        if (_count(session, PointRow, PointRow.key == row.key)) > MOST_POINTS:
            steps = session.scalars(select(PointRow.step).where(PointRow.key == row.key).order_by(PointRow.step)).all()
            for first in range(0, len(dropped := steps[1::2]), 500):
                some = dropped[first : first + 500]
                session.execute(delete(PointRow).where(PointRow.key == row.key, PointRow.step.in_(some)))

    @staticmethod
    def _add_notes(session: Session, own: TrainingRow, notes: Sequence[Note], now: float) -> None:
        """Add what is not known yet; of problems over the limit only the number, of artefacts the newest are kept."""
        for note in notes:
            mine = (NoteRow.key == own.key, NoteRow.type == note.type)
            if session.scalar(select(NoteRow.id).where(*mine, NoteRow.path == note.path).limit(1)) is not None:
                continue
            own.problems += note.type == PROBLEM
            count = _count(session, NoteRow, *mine)
            if count >= MOST_NOTES:
                if note.type == PROBLEM:
                    continue
                oldest = session.scalar(select(func.min(NoteRow.number)).where(*mine))
                session.execute(delete(NoteRow).where(*mine, NoteRow.number == oldest))
            number = (session.scalar(select(func.max(NoteRow.number)).where(*mine)) or 0) + 1
            values = {"path": note.path, "detail": dict(note.detail)}
            session.add(NoteRow(key=own.key, type=note.type, number=number, at=now, **values))
            session.flush()

    # --- reading ---

    def points(self, key: int, after: int = -1) -> list[dict[str, Any]]:
        """Return a job's measurements after a step, in order."""
        with self._reading() as session:
            found = select(PointRow).where(PointRow.key == key, PointRow.step > after).order_by(PointRow.step)
            return [{"step": row.step, "epoch": row.epoch, **row.values} for row in session.scalars(found)]

    def notes(self, key: int, type: str, most: int = MOST_NOTES) -> list[dict[str, Any]]:
        """Return the newest problems or artefacts of a job, oldest first."""
        with self._reading() as session:
            mine = (NoteRow.key == key, NoteRow.type == type)
            found = session.scalars(select(NoteRow).where(*mine).order_by(NoteRow.number.desc()).limit(most)).all()
            return [{"path": row.path, "at": int(row.at), **row.detail} for row in reversed(found)]


def _count(session: Session, row: type[PointRow] | type[NoteRow], *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(row).where(*conditions)) or 0

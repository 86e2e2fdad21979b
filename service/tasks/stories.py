"""Reading what happened to tasks."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from service.tasks.ledger import Ledger, happening_of, task_of
from service.tasks.models import HappeningRow, TaskRow
from service.tasks.records import Change, Happening


class StoryStore(Ledger):
    """See the module. Every method blocks: call it off the event loop."""

    def story(self, task_id: str, after: int = 0) -> list[Happening]:
        """Return what happened to a task after a number, in order; of a removed task its end alone."""
        with self.reading() as session:
            found = select(HappeningRow).where(HappeningRow.task_id == task_id, HappeningRow.number > after)
            return [happening_of(row) for row in session.scalars(found.order_by(HappeningRow.number))]

    def happenings(self, after: int, most: int, user_id: str | None = None) -> list[Happening]:
        """Return what happened to all tasks (of a user) after a number, at most so many, in order."""
        chosen = [HappeningRow.number > after]
        if user_id is not None:
            chosen.append(HappeningRow.user_id == user_id)
        with self.reading() as session:
            found = select(HappeningRow).where(*chosen).order_by(HappeningRow.number).limit(most)
            return [happening_of(row) for row in session.scalars(found)]

    def last_number(self) -> int:
        """Return the number of the latest happening."""
        with self.reading() as session:
            return session.scalar(select(func.max(HappeningRow.number))) or 0

    def latest(self, after: int | None) -> tuple[int, dict[str, int]]:
        """Return the number of the latest happening, and that of every task to which something happened after a number.

        None is where looking begins: nobody is told of what happened before.
        """
        with self.reading() as session:
            last = session.scalar(select(func.max(HappeningRow.number))) or 0
            if after is None or after >= last:
                return last, {}
            of_each = select(HappeningRow.task_id, func.max(HappeningRow.number)).where(HappeningRow.number > after)
            found = session.execute(of_each.group_by(HappeningRow.task_id)).tuples()
            return last, dict(found.all())

    def changes(self, numbers: Mapping[str, int]) -> list[Change]:
        """Return happenings, by task id and number, in order; each with the task as it is now."""
        with self.reading() as session:
            happened = session.scalars(
                select(HappeningRow).where(HappeningRow.number.in_(numbers.values())).order_by(HappeningRow.number)
            ).all()
            rows = session.scalars(select(TaskRow).where(TaskRow.task_id.in_(numbers), TaskRow.removed.is_(False)))
            tasks = {row.task_id: task_of(row) for row in rows}
            return [Change(happening_of(row), tasks.get(row.task_id)) for row in happened]

"""Whether a commit that was cut off holds: a mark written within the transaction tells, whatever became of it.

A connection that breaks during a commit leaves nobody knowing. The mark is a number that nobody else has; whoever asks
writes the same number as void. That waits for a transaction that is still under way, is refused when it was committed,
and otherwise keeps it from being committed ever after.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, CursorResult, Float, delete, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.database.base import Base
from service.errors import UnavailableError

logger = logging.getLogger(__name__)

_PATIENCE_S = 3.0
_PAUSE_S = 0.2
_OLD_S = 7 * 86400.0
"""So long after it was written a mark that a killed process left is of no use to anybody."""
_MARKS = "marks"
_MARK = "mark"


class CommitMarkRow(Base):
    """A mark; rows are used again, so that there are no more than transactions at once."""

    __tablename__ = "commit_marks"

    mark: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    void: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[float] = mapped_column(Float)


class CommitUnknownError(UnavailableError):
    """The database was lost during a commit and is not back yet: nobody knows whether the commit holds.

    What hangs on it outside of the database is to be left as it is, and put right by :meth:`when_known`.
    """

    def __init__(self, marks: Marks, mark: int) -> None:
        super().__init__("commit_unknown", retry_after=5)
        self._marks, self._mark = marks, mark

    def when_known(self, then: Callable[[bool], None]) -> None:
        """Call a function with whether the commit holds once the database has answered, on a thread of its own.

        It is called again when it raises; not at all when the process ends before.
        """
        self._marks.later(self._mark, then)


def make_certain(session: Session) -> None:
    """Let it be found out whether this transaction was committed; call it last, when something outside hangs on it."""
    marks: Marks = session.info[_MARKS]
    marks.put(session)


class Marks:
    """The marks of one database. Threads may share it.

    Args:
        opened: Opens a session whose block is one transaction.
        is_sqlite: Which of the two kinds of database it is.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Session]], is_sqlite: bool) -> None:
        self._opened, self._is_sqlite = opened, is_sqlite
        self._spare: deque[int] = deque()
        self._lock = threading.Lock()
        self._open: deque[tuple[int, Callable[[bool], None]]] = deque()
        self._asking: threading.Thread | None = None
        self._closed = threading.Event()

    def offer(self, session: Session) -> None:
        """Let :func:`make_certain` find the marks of a session's database."""
        session.info[_MARKS] = self

    def put(self, session: Session) -> None:
        """Write a new mark within a transaction, over one that is not needed any more where there is one."""
        new = {"mark": secrets.randbits(62), "void": False, "at": time.time()}
        session.info[_MARK] = new["mark"]
        with contextlib.suppress(IndexError):
            over = update(CommitMarkRow).where(CommitMarkRow.mark == self._spare.popleft()).values(**new)
            if cast("CursorResult[Any]", session.execute(over)).rowcount:
                return
        session.execute(delete(CommitMarkRow).where(CommitMarkRow.at < time.time() - _OLD_S))
        session.add(CommitMarkRow(**new))
        session.flush()

    def committed(self, session: Session) -> None:
        """A transaction was committed: its mark may be written over."""
        if (mark := session.info.get(_MARK)) is not None:
            self._spare.append(mark)

    def holds(self, session: Session, error: Exception) -> bool:
        """Return whether a transaction whose commit raised an error was committed all the same.

        Raises:
            CommitUnknownError: it cannot be found out now.
        """
        mark: int | None = session.info.get(_MARK)
        if mark is None or not self._doubtful(error):
            return False
        until = time.monotonic() + _PATIENCE_S
        while (found := self._ask(mark)) is None:
            if time.monotonic() > until:
                raise CommitUnknownError(self, mark) from error
            time.sleep(_PAUSE_S)
        logger.warning("a commit was cut off (%s); it was found to %s", error, "hold" if found else "have failed")
        return found

    def _doubtful(self, error: Exception) -> bool:
        if self._is_sqlite:
            # Neither of these leaves anything of the transaction in the journal; a failed fsync does.
            return not any(word in str(error) for word in ("is full", "is locked"))
        return bool(getattr(error, "connection_invalidated", True))

    def _ask(self, mark: int) -> bool | None:
        """Return whether a transaction was committed; None while that cannot be found out."""
        try:
            with self._opened() as session:
                if not self._is_sqlite:
                    session.execute(text("SET LOCAL lock_timeout = '1s'"))  # of one that is still under way
                session.add(CommitMarkRow(mark=mark, void=True, at=time.time()))
        except IntegrityError:
            return self._read(mark)
        except (SQLAlchemyError, UnavailableError):
            return None
        return False

    def _read(self, mark: int) -> bool | None:
        try:
            with self._opened() as session:
                row = session.get(CommitMarkRow, mark)
                return row is not None and not row.void
        except (SQLAlchemyError, UnavailableError):
            return None

    # --- what cannot be found out at once ---

    def later(self, mark: int, then: Callable[[bool], None]) -> None:
        """Call a function with whether a commit holds, once that can be found out."""
        with self._lock:
            self._open.append((mark, then))
            if self._asking is None:
                self._asking = threading.Thread(target=self._ask_again, name="commit-marks", daemon=True)
                self._asking.start()

    def _ask_again(self) -> None:
        while not self._closed.wait(_PAUSE_S):
            with self._lock:
                if not self._open:
                    self._asking = None
                    return
                entry = self._open.popleft()
            if not self._settled(*entry):
                self._open.append(entry)

    def _settled(self, mark: int, then: Callable[[bool], None]) -> bool:
        if (found := self._ask(mark)) is None:
            return False
        try:
            then(found)
        except Exception as error:
            logger.warning("what hangs on a commit that was cut off cannot be put right yet: %s", error)
            return False
        logger.warning("a commit that was cut off %s; what hangs on it was put right", "holds" if found else "failed")
        return True

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()
        if self._asking is not None:
            self._asking.join(timeout=10)

"""``voice_categories.json``: read once from an existing installation, then kept in step for old tools."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from convert.locks import locked
from service.categories.models import CategoryRow
from service.database import Database
from service.folders import write_atomically
from service.keys.models import SecretRow

logger = logging.getLogger(__name__)

_IMPORTED = "imported-categories"
_KNOWN = frozenset({"category_id", "category_name", "description", "created_at"})


class CategoryFile:
    """The list of categories that an existing installation has, read and written in its own form.

    Args:
        path: The file.
        lock: A file that processes lock to write it by turns.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self._path, self._lock = path, lock

    def open(self, database: Database) -> None:
        """At start: read the file if this database never did, then write what the database holds."""
        with database.writing_by_turns() as session:
            if session.get(SecretRow, _IMPORTED) is None:
                count = sum(_taken_over(session, record) for record in self._records())
                session.add(SecretRow(name=_IMPORTED, value=str(count)))
                if count:
                    logger.info("imported %d categories from %s", count, self._path.name)
        self.update(database)

    def update(self, database: Database) -> None:
        """Write what the database holds now; of several writers the last has seen everybody's changes.

        The database is right: on a disk that is full or broken the file follows with the next change or start.
        """
        try:
            self._update(database)
        except OSError as error:
            logger.warning("%s cannot be written, it is behind the database: %s", self._path.name, error)

    def _update(self, database: Database) -> None:
        with locked(self._lock):
            with database.reading() as session:
                rows = session.scalars(select(CategoryRow).order_by(CategoryRow.key)).all()
            content = json.dumps([_record(row) for row in rows], ensure_ascii=False, indent=2).encode()
            if not self._path.is_file() or self._path.read_bytes() != content + b"\n":
                write_atomically(self._path, content + b"\n")

    def _records(self) -> list[Mapping[str, Any]]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            kept = self._path.with_name(f"{self._path.name}.unreadable-{int(time.time())}")
            logger.error("%s cannot be read (%s); it is kept as %s", self._path.name, error, kept.name)
            self._path.rename(kept)
            return []
        return records_of(content, "category_id")


def records_of(content: Any, id_name: str) -> list[Mapping[str, Any]]:
    """Return the records of an old list: a list, a mapping by id, or either within a mapping."""
    if isinstance(content, dict):
        inner = next((value for value in content.values() if isinstance(value, list)), None)
        if inner is not None:
            content = inner
        else:
            content = [{id_name: key, **value} for key, value in content.items() if isinstance(value, dict)]
    return [record for record in content if isinstance(record, dict)] if isinstance(content, list) else []


def whole_seconds(value: Any) -> int:
    """Return a time as old files have it (seconds or milliseconds, a date in words) in Unix seconds; now if unknown."""
    try:
        seconds = float(value)
    except OverflowError:
        return int(time.time())
    except (TypeError, ValueError):
        try:
            seconds = datetime.fromisoformat(str(value).strip()).timestamp()
        except (ValueError, OverflowError, OSError):
            return int(time.time())
    if not 0 < seconds < 1e14:
        return int(time.time())
    return int(seconds / 1000 if seconds > 1e11 else seconds)


def _taken_over(session: Session, record: Mapping[str, Any]) -> int:
    """Import one category; a record that cannot be stored costs that category alone."""
    try:
        with session.begin_nested():
            return _import(session, record)
    except (ValueError, OverflowError, StatementError) as error:
        logger.warning("the category %.100r was not imported: %.300s", record.get("category_id"), error)
        return 0


def _import(session: Session, record: Mapping[str, Any]) -> int:
    category_id = str(record.get("category_id") or record.get("id") or "").strip()
    name = str(record.get("category_name") or record.get("name") or category_id).strip()
    if not category_id or len(category_id) > 64 or "\0" in category_id:
        logger.warning("a category without a usable id was not imported: %.100r", name)
        return 0
    if session.scalar(select(CategoryRow.key).where(CategoryRow.category_id == category_id)) is not None:
        return 0
    row = CategoryRow(
        category_id=category_id,
        category_name=name[:200].replace("\0", ""),
        description=str(record.get("description") or "").replace("\0", ""),
        created_at=whole_seconds(record.get("created_at")),
        extra={key: value for key, value in record.items() if key not in _KNOWN},
    )
    session.add(row)
    session.flush()
    return 1


def _record(row: CategoryRow) -> dict[str, Any]:
    return {
        **row.extra,
        "category_id": row.category_id,
        "category_name": row.category_name,
        "description": row.description,
        "created_at": row.created_at,
    }

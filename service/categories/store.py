"""Making, finding, changing and removing categories."""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.categories.file import CategoryFile
from service.categories.models import CategoryRow
from service.database import Database, make_certain
from service.errors import ConflictError, MissingError, ParameterError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME_LENGTH, DESCRIPTION_LENGTH = 100, 2000
_MOST = 100  # categories of a voice


@dataclass(frozen=True)
class Category:
    """A category.

    Attributes:
        category_id: Its id.
        category_name: What people call it.
        description: Any text.
        created_at: Unix seconds.
    """

    category_id: str
    category_name: str
    description: str
    created_at: int


def clean_line(text: str, longest: int, what: str) -> str:
    """Return a name without spaces around it.

    Raises:
        ParameterError: it is empty, too long, or has characters that cannot be seen.
    """
    found = unicodedata.normalize("NFC", text.strip())
    if not found or len(found) > longest:
        raise ParameterError("line_length", field=what, limit=longest, found=len(found))
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in found):
        raise ParameterError("control_characters", field=what)
    return found


def clean_text(text: str, longest: int, what: str) -> str:
    """Return a text of several lines, without spaces around it.

    Raises:
        ParameterError: it is too long or has control characters.
    """
    found = unicodedata.normalize("NFC", text.strip())
    if len(found) > longest:
        raise ParameterError("text_length", field=what, limit=longest, found=len(found))
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n\r" for char in found):
        raise ParameterError("control_characters", field=what)
    return found


class CategoryStore:
    """Rows of categories. Every method blocks.

    Args:
        database: Where categories are.
        file: Where old tools read them; kept in step.

    Attributes:
        announce: Told the id of every category that was made, changed or removed.
    """

    def __init__(self, database: Database, file: CategoryFile) -> None:
        self._database, self._file = database, file
        self.announce: Callable[[str], None] = lambda category_id: None

    def create(self, name: str, category_id: str | None = None, description: str = "") -> Category:
        """Make a category.

        Raises:
            ParameterError: a field is wrong.
            ConflictError: the id or the name is taken.
        """
        if category_id is not None and not _ID.fullmatch(category_id):
            raise ParameterError("category_id_form")
        try:
            with self._database.writing_by_turns() as session:
                row = insert(session, name, category_id, description)
                category = _category(row)
                make_certain(session)
        except IntegrityError:
            raise ConflictError("category_exists", category_id=category_id) from None
        self._changed(category.category_id)
        return category

    def all(self) -> list[Category]:
        """Return all categories, oldest first."""
        with self._database.reading() as session:
            return [_category(row) for row in session.scalars(select(CategoryRow).order_by(CategoryRow.key))]

    def page(self, offset: int, count: int) -> tuple[list[Category], int]:
        """Return some categories, oldest first, and how many there are in all."""
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(CategoryRow)) or 0
            rows = session.scalars(select(CategoryRow).order_by(CategoryRow.key).limit(count).offset(offset))
            return [_category(row) for row in rows], total

    def change(self, category_id: str, name: str | None = None, description: str | None = None) -> Category:
        """Change a category; None leaves a field as it is.

        Raises:
            MissingError: there is no such category.
            ParameterError: a field is wrong.
            ConflictError: the name is taken.
        """
        with self._database.writing_by_turns() as session:
            row = _named(session, category_id)
            if name is not None:
                name = clean_line(name, NAME_LENGTH, "category_name")
                _refuse_taken(session, name, row.key)
                row.category_name = name
            if description is not None:
                row.description = clean_text(description, DESCRIPTION_LENGTH, "description")
            category = _category(row)
            make_certain(session)
        self._changed(category.category_id)
        return category

    def remove(self, category_id: str) -> None:
        """Remove a category, also from every voice.

        Raises:
            MissingError: there is no such category.
        """
        with self._database.removing() as session:
            session.delete(_named(session, category_id))
            session.flush()
            make_certain(session)
        self._changed(category_id)

    def _changed(self, category_id: str) -> None:
        self._file.update(self._database)
        self.announce(category_id)


def insert(session: Session, name: str, category_id: str | None, description: str = "") -> CategoryRow:
    """Add a category within a transaction; errors as of :meth:`CategoryStore.create`."""
    name = clean_line(name, NAME_LENGTH, "category_name")
    _refuse_taken(session, name, None)
    category_id = category_id or f"c{secrets.token_hex(6)}"
    if session.scalar(select(CategoryRow.key).where(CategoryRow.category_id == category_id)) is not None:
        raise ConflictError("category_exists", category_id=category_id)
    row = CategoryRow(
        category_id=category_id,
        category_name=name,
        description=clean_text(description, DESCRIPTION_LENGTH, "description"),
        created_at=int(time.time()),
        extra={},
    )
    session.add(row)
    session.flush()
    return row


def resolve(session: Session, names: Iterable[str]) -> list[CategoryRow]:
    """Return categories by id, or by name where no id is equal; each once, in the order given.

    Raises:
        ParameterError: some do not exist; the message names them.
    """
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(wanted) > _MOST:
        raise ParameterError("categories_too_many", limit=_MOST, found=len(wanted))
    matching = CategoryRow.category_id.in_(wanted) | CategoryRow.category_name.in_(wanted)
    rows = list(session.scalars(select(CategoryRow).where(matching).order_by(CategoryRow.key.desc())))
    known = {row.category_name: row for row in rows} | {row.category_id: row for row in rows}
    if missing := [name for name in wanted if name not in known]:
        raise ParameterError("category_missing", category=", ".join(f"{name:.80}" for name in missing[:10]))
    return list({known[name].key: known[name] for name in wanted}.values())


def _category(row: CategoryRow) -> Category:
    return Category(row.category_id, row.category_name, row.description, row.created_at)


def _named(session: Session, category_id: str) -> CategoryRow:
    row = session.scalar(select(CategoryRow).where(CategoryRow.category_id == category_id).with_for_update())
    if row is None:
        raise MissingError("category_missing", category=category_id)
    return row


def _refuse_taken(session: Session, name: str, own_key: int | None) -> None:
    found = session.scalars(select(CategoryRow.key).where(CategoryRow.category_name == name))
    if any(key != own_key for key in found):
        raise ConflictError("category_name_exists", name=name)

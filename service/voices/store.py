"""Making, finding, changing and removing voices: rows and folders together, or neither."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from GPT_SoVITS.text import userdict
from service.categories.models import CategoryRow
from service.categories.store import resolve
from service.database import CommitUnknownError, Database, make_certain
from service.errors import ConflictError, MissingError, StorageAwayError
from service.voices.folders import PLAIN_REFERENCE, Names, VoiceFolders
from service.voices.models import VoiceCategoryRow, VoiceRow
from service.voices.preparing import Limits, judge, prepare
from service.voices.records import Files, Upload, Voice, check_id, checked, search_form

Guard = Callable[[str], bool]
"""A voice's id -> whether something uses it, so that it must not be removed now."""
_COLUMNS = tuple(name for name in Voice.__dataclass_fields__ if name not in ("auxiliary", "categories", "marks"))
_FILE_COLUMNS = ("avatar", "reference", "original")
_STALE = "stale_files"
"""Key of a row's extra: files that were replaced and are to be removed."""
MARKS = "marks"
"""Likewise: name of a file -> its mark, see :mod:`service.files.carrier`; of files that are carried."""


class VoiceStore:
    """Rows and folders of voices, kept in agreement. Every method blocks.

    Args:
        database: Where rows are.
        folders: Where files are.
        limits: Of uploads.
        weights: Returns the path to store of a weight file that a client named: path, field -> path.

    Attributes:
        guards: Asked before a voice is removed; other parts add theirs.
        announce: Told the id of every voice that was made, changed or removed.
    """

    def __init__(
        self, database: Database, folders: VoiceFolders, limits: Limits, weights: Callable[[str, str], str]
    ) -> None:
        self._database, self.folders, self.limits, self.weights = database, folders, limits, weights
        self.guards: list[Guard] = []
        self.announce: Callable[[str], None] = lambda model_id: None

    def create(self, model_id: str, fields: Mapping[str, Any], files: Files, categories: Iterable[str] = ()) -> Voice:
        """Make a voice: afterwards its row and all its files are there, or none of them.

        Args:
            model_id: Its id.
            fields: Of :class:`Voice`, by name; ``model_name``, ``gender`` are needed.
            files: Reference and, where there is one, avatar and auxiliary clips.
            categories: Ids or names.

        Raises:
            ParameterError: a field, a category or a file is wrong.
            ReferenceAudioError: the reference cannot be read, or has the wrong length.
            ConflictError: the id is taken.
            TooLargeError: a file is over its limit.
            CommitUnknownError: the database was lost at the commit; files stay until it is known what holds.
        """
        values = {"prompt_text": "", "prompt_language": "all_zh", "description": "", **checked(fields)}
        values |= self._own_weights(fields)
        self.refuse_taken(check_id(model_id), categories)
        with self.folders.alone(model_id), self.folders.staging() as staged:
            self.folders.drop_copies(model_id)
            prepared = prepare(files, staged, self.limits, versioned=False)
            now = int(time.time())
            row = VoiceRow(model_id=model_id, created_at=now, updated_at=now, extra={}, **values, **prepared.columns)
            row.auxiliary = row.auxiliary or []
            try:
                with (
                    self.folders.published(model_id, prepared.names, staged) as marks,
                    self.folders.appearing(staged, model_id),
                    self._database.writing() as session,
                ):
                    row.extra = {MARKS: marks} if marks else {}
                    session.add(row)
                    session.flush()
                    set_categories(session, row, categories)
                    voice = voices_of(session, [row])[0]
                    make_certain(session)
            except IntegrityError:
                raise _taken(model_id, "") from None
            except CommitUnknownError as unknown:
                unknown.when_known(lambda _: self._settle(model_id))
                raise
        self.announce(model_id)
        return voice

    def _own_weights(self, fields: Mapping[str, Any]) -> dict[str, str | None]:
        given = {name: fields[name] for name in ("gpt_path", "sovits_path") if name in fields}
        return {name: self.weights(path, name) if path else None for name, path in given.items()}

    def refuse_taken(self, model_id: str, categories: Iterable[str] = ()) -> None:
        """Raise what is certain to be raised later, before files are looked at."""
        with self._database.reading() as session:
            resolve(session, categories)
            name = session.scalar(select(VoiceRow.model_name).where(VoiceRow.model_id == model_id))
            if name is not None:
                raise _taken(model_id, name)

    def find(self, model_id: str) -> Voice:
        """Return a voice.

        Raises:
            MissingError: there is no such voice.
        """
        with self._database.reading() as session:
            return voices_of(session, [_named(session, model_id)])[0]

    def page(self, offset: int, count: int, name: str = "", category: str = "") -> tuple[list[Voice], int]:
        """Return some voices, newest first, and how many there are in all.

        Args:
            offset: How many to leave out.
            count: How many to return.
            name: Part of the name, in any case; "" is all.
            category: Id or name of a category; "" is all.
        """
        chosen: list[ColumnElement[bool]] = []
        if name.strip():
            chosen.append(VoiceRow.search_name.contains(search_form(name.strip()), autoescape=True))
        if category.strip():
            named = (CategoryRow.category_id == category.strip()) | (CategoryRow.category_name == category.strip())
            links = select(VoiceCategoryRow.voice_key).join(
                CategoryRow, CategoryRow.key == VoiceCategoryRow.category_key
            )
            chosen.append(VoiceRow.key.in_(links.where(named)))
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(VoiceRow).where(*chosen)) or 0
            rows = select(VoiceRow).where(*chosen).order_by(VoiceRow.key.desc()).limit(count).offset(offset)
            return voices_of(session, list(session.scalars(rows))), total

    def change(
        self, model_id: str, fields: Mapping[str, Any], files: Files, categories: Iterable[str] | None = None
    ) -> Voice:
        """Change fields and files of a voice; all of it or nothing.

        Args:
            model_id: Whose.
            fields: New values by name; absent ones stay. ``gpt_path`` and ``sovits_path`` may be None.
            files: New files.
            categories: New ones, None leaves them.

        Raises:
            MissingError: there is no such voice.
        """
        values = checked(fields) | self._own_weights(fields)
        self.find(model_id)
        with self.folders.alone(model_id), self.folders.staging() as staged:
            self.find(model_id)  # still
            prepared = prepare(files, staged, self.limits, versioned=True)
            folder = self.folders.of(model_id)
            folder.mkdir(exist_ok=True)
            try:
                with (
                    self.folders.published(model_id, prepared.names, staged) as marks,
                    self._database.writing() as session,
                ):
                    row = _named(session, model_id, lock=True)
                    stale, known = _replaced(row, prepared.columns), set(row.extra.get(MARKS, {}))
                    for column, value in (values | prepared.columns).items():
                        setattr(row, column, value)
                    # Named before they lie there: a process killed before the end leaves a list of what to remove.
                    left = [name for name in row.extra.get(_STALE, []) if (folder / name).exists()]
                    row.extra = {**row.extra, _STALE: [*left, *stale], **_marked(row, marks)}
                    row.updated_at = int(time.time())
                    if categories is not None:
                        set_categories(session, row, categories)
                    for name in prepared.names:
                        (staged / name).rename(folder / name)
                    voice = voices_of(session, [row])[0]
                    make_certain(session)
            except CommitUnknownError as unknown:
                unknown.when_known(lambda _: self._settle(model_id))
                raise
            except BaseException:
                self.folders.drop(model_id, prepared.names)
                raise
        self.folders.drop(model_id, stale)
        self.folders.forget(model_id, known - set(voice.marks))
        if voice.reference is not None and "reference" in prepared.columns:
            self.folders.alias(model_id, voice.reference, PLAIN_REFERENCE)
        self.announce(model_id)
        return voice

    def judge(self, clip: Upload) -> dict[str, Any]:
        """Return the verdict on a clip that may become a reference; nothing is stored.

        Raises:
            TooLargeError, ParameterError, ReferenceAudioError: it cannot be one.
        """
        with self.folders.staging() as staged:
            return judge(clip, staged, self.limits)

    def keep(self, model_id: str, name: str) -> None:
        """Let others find a file of a voice that no column names, as it is here now, or that it is gone.

        Raises:
            MissingError: there is no such voice.
            StorageAwayError: others could not find it; they have the one before.
        """
        folder = self.folders.of(model_id)
        if not self.folders.carrier.apart:
            return
        there = [name] if (folder / name).is_file() else []
        with self.folders.published(model_id, there, folder) as marks, self._database.writing() as session:
            row = _named(session, model_id, lock=True)
            others = {other: mark for other, mark in row.extra.get(MARKS, {}).items() if other != name}
            row.extra = {**row.extra, MARKS: {**others, **marks}}
            make_certain(session)
        self.folders.carrier.forget_others(folder / name, marks.get(name))

    def set_categories(self, model_id: str, categories: Iterable[str]) -> Voice:
        """Put a voice into categories and no others.

        Raises:
            MissingError: there is no such voice.
            ParameterError: a category does not exist.
        """
        return self.change(model_id, {}, Files(), categories)

    def remove(self, model_id: str, *, force: bool = False) -> None:
        """Remove a voice with its folder.

        Args:
            model_id: Which.
            force: Also while it is used.

        Raises:
            MissingError: there is no such voice.
            ConflictError: it is used.
        """
        self.find(model_id)
        if not force and any(guard(model_id) for guard in self.guards):
            raise ConflictError("voice_in_use", model_id=model_id)
        try:
            with (
                self.folders.alone(model_id),
                self.folders.vanishing(model_id),
                self._database.removing() as session,
            ):
                session.delete(_named(session, model_id, lock=True))
                session.flush()
                make_certain(session)
        except CommitUnknownError as unknown:
            unknown.when_known(lambda _: self._settle(model_id))
            raise
        self.folders.forget(model_id)
        self.announce(model_id)

    def sweep(self) -> None:
        """At start: put right what a killed process left half done."""
        self.folders.sweep(self._exists)
        with self._database.reading() as session:
            names = list(session.scalars(select(VoiceRow.model_id)))
        for model_id in names:
            self._tidy(model_id)
        with contextlib.suppress(StorageAwayError):  # the next start comes
            self.folders.carrier.sweep(self.folders.audio, self._unnamed)

    def _unnamed(self, kept: Sequence[str]) -> set[str]:
        """Return those of what is kept for others, ``<voice>/<name>/<mark>``, that no row names."""
        with self._database.reading() as session:
            rows = session.execute(select(VoiceRow.model_id, VoiceRow.extra)).tuples()
            named = {f"{voice}/{name}/{mark}" for voice, extra in rows for name, mark in extra.get(MARKS, {}).items()}
        return set(kept) - named

    def _settle(self, model_id: str) -> None:
        """Put right what was left as it was at a commit that nobody knew about; now it is known."""
        with self.folders.alone(model_id):
            self.folders.settle(model_id, self._exists)
            self._tidy(model_id)
        self.announce(model_id)

    def _tidy(self, model_id: str) -> None:
        with contextlib.suppress(MissingError):
            self.folders.tidy(model_id, lambda: self._names(model_id))

    def _names(self, model_id: str) -> Names:
        with self._database.reading() as session:
            row = _named(session, model_id)
            used = frozenset({row.avatar, row.reference, row.original, *row.auxiliary})
            return Names(used, row.reference, tuple(row.extra.get(_STALE, [])))

    def _exists(self, model_id: str) -> bool:
        with self._database.reading() as session:
            return session.scalar(select(VoiceRow.key).where(VoiceRow.model_id == model_id)) is not None


def _taken(model_id: str, name: str) -> ConflictError:
    return ConflictError("voice_exists", model_id=model_id, model_name=name or model_id)


def voices_of(session: Session, rows: Sequence[VoiceRow]) -> list[Voice]:
    """Return rows as values that outlive their session."""
    links = (
        select(VoiceCategoryRow.voice_key, CategoryRow.category_id)
        .join(CategoryRow, CategoryRow.key == VoiceCategoryRow.category_key)
        .where(VoiceCategoryRow.voice_key.in_([row.key for row in rows]))
        .order_by(VoiceCategoryRow.place)
    )
    categories: dict[int, list[str]] = {row.key: [] for row in rows}
    for key, category_id in session.execute(links):
        categories[key].append(category_id)
    return [
        Voice(
            **{name: getattr(row, name) for name in _COLUMNS},
            auxiliary=tuple(row.auxiliary),
            marks=row.extra.get(MARKS, {}),
            categories=tuple(categories[row.key]),
        )
        for row in rows
    ]


def set_categories(session: Session, row: VoiceRow, categories: Iterable[str]) -> None:
    """Put a voice into categories within a transaction."""
    found = resolve(session, categories)
    session.execute(delete(VoiceCategoryRow).where(VoiceCategoryRow.voice_key == row.key))
    for place, category in enumerate(found):
        session.add(VoiceCategoryRow(voice_key=row.key, category_key=category.key, place=place))
    session.flush()


def _named(session: Session, model_id: str, *, lock: bool = False) -> VoiceRow:
    query = select(VoiceRow).where(VoiceRow.model_id == model_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError("voice_missing", model_id=model_id)
    return row


def _marked(row: VoiceRow, new: Mapping[str, str]) -> dict[str, Any]:
    """Return the marks of the files that a row names now, as a part of its extra."""
    known = {**row.extra.get(MARKS, {}), **new}
    used = {row.avatar, row.reference, row.original, *row.auxiliary, userdict.FILE}
    marks = {name: mark for name, mark in known.items() if name in used}
    return {MARKS: marks} if known else {}


def _replaced(row: VoiceRow, columns: Mapping[str, Any]) -> list[str]:
    """Return the files that new ones take the place of."""
    old = [getattr(row, column) for column in _FILE_COLUMNS if column in columns]
    if "auxiliary" in columns:
        old += row.auxiliary
    return [name for name in old if name and name != PLAIN_REFERENCE]  # that one becomes an alias of the new one

"""Tasks that a folder tells of and the database does not know: those of the replaced service (``voice_task.json``), and
those of a database that was lost.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from service.categories.file import records_of, whole_seconds
from service.database import Database
from service.database.rebuilding import REBUILD
from service.errors import ServiceError
from service.files import wav
from service.identifiers import disk_name, is_identifier
from service.jobs.manager import JobManager
from service.jobs.models import JobRow
from service.jobs.records import EventType, Status
from service.keys.models import SecretRow
from service.speech.files import TaskFiles
from service.speech.models import SpeechRow
from service.speech.records import KIND, new_speech
from service.synthesis.fields import SpeechFields

logger = logging.getLogger(__name__)

FILE_NAME = "voice_task.json"
_MOST_WAITING = 1_000_000
_UNKNOWN = "its text or its voice is not known any more"


class OldTasks:
    """Takes over tasks. Every method blocks.

    Args:
        database: Remembers what was taken over.
        jobs: Gets them.
        files: Where they lie.
    """

    def __init__(self, database: Database, jobs: JobManager, files: TaskFiles) -> None:
        self._database, self._jobs, self._files = database, jobs, files

    def take_over(self) -> int:
        """Take over what this database has not seen yet; return how many tasks."""
        return self._old_list() + self._lost()

    def _old_list(self) -> int:
        try:
            content = (self._files.root / FILE_NAME).read_bytes()
        except OSError:
            return 0
        mark = "imported-tasks-" + hashlib.sha256(content).hexdigest()[:32]
        if self._seen(mark):
            return 0
        try:
            records = records_of(json.loads(content.decode("utf-8-sig")), "task_id")
        except (ValueError, RecursionError) as error:
            logger.error("%s cannot be read, its tasks were not taken over: %s", FILE_NAME, error)
            return 0
        found = self._all(sorted(records, key=lambda record: whole_seconds(record.get("created_at"))))
        logger.info("took over %d of %d tasks from %s", found, len(records), FILE_NAME)
        self._note(mark, str(found))
        return found

    def _lost(self) -> int:
        """Take over the entries in the folders, where somebody has asked for it."""
        if not self._seen(REBUILD):
            return 0
        paths = [
            path for folder in (self._files.done, self._files.error, self._files.task) for path in folder.glob("*.json")
        ]
        records = [record for path in paths if (record := _entry(path)) is not None]
        found = self._all(sorted(records, key=lambda record: whole_seconds(record.get("created_at"))))
        logger.warning("took over %d of %d tasks that the folders tell of", found, len(paths))
        with self._database.writing() as session:
            session.delete(session.get_one(SecretRow, REBUILD))
        return found

    def _seen(self, mark: str) -> bool:
        with self._database.reading() as session:
            return session.get(SecretRow, mark) is not None

    def _note(self, mark: str, value: str) -> None:
        with self._database.writing() as session:
            session.merge(SecretRow(name=mark, value=value))

    def _all(self, records: Iterable[Mapping[str, Any]]) -> int:
        return sum(self._one(record) for record in records)

    def _one(self, record: Mapping[str, Any]) -> int:
        """Take over one task; what cannot be stored costs that task alone."""
        try:
            return self._taken_over(record)
        except (ValueError, OverflowError, OSError, ServiceError, SQLAlchemyError) as error:
            logger.warning("the task %.100r was not taken over: %.300s", record.get("task_id"), error)
            return 0

    def _taken_over(self, record: Mapping[str, Any]) -> int:
        task_id, user_id = _text(record.get("task_id")), _text(record.get("user_id")) or "anonymous"
        if not is_identifier(task_id) or not is_identifier(user_id):
            logger.warning("the task %.100r was not taken over: its name cannot be one", record.get("task_id"))
            return 0
        if self._jobs.reader.existing([task_id]):
            return 0
        fields, wrong = _fields(record)
        if record.get("status") == "done" and self._result(task_id, user_id, record):
            self._ended(task_id, user_id, fields, record, Status.DONE, None)
            return 1
        reason = _text(record.get("error")) or "failed in the service before"
        if record.get("status") == "done":
            reason = "its result is not there any more"
        elif record.get("status") not in ("error", "failed"):
            reason = wrong
            if not wrong:
                try:
                    self._jobs.admission.accept(new_speech(task_id, user_id, fields), _MOST_WAITING)
                    return 1
                except ServiceError as error:
                    reason = error.message
        self._ended(task_id, user_id, fields, record, Status.ERROR, reason)
        return 1

    def _result(self, task_id: str, user_id: str, record: Mapping[str, Any]) -> bool:
        """Let the result lie where results lie; return whether there is one."""
        target = self._files.done_wav(task_id)
        raw = f"{task_id}.wav"
        places = [target, self._files.outputs.wav(user_id, task_id)]
        if "/" not in task_id and not task_id.startswith("."):
            places.append(self._files.done / raw)
            if "/" not in user_id and not user_id.startswith("."):
                places.append(self._files.outputs.folder / user_id / task_id / raw)
        found = next((path for path in places if path.is_file() and not path.is_symlink()), None)
        if found is None:
            return False
        if found != target:
            os.link(found, target)
        return True

    def _ended(
        self,
        task_id: str,
        user_id: str,
        fields: dict[str, Any],
        record: Mapping[str, Any],
        status: Status,
        error: str | None,
    ) -> None:
        created = whole_seconds(record.get("created_at"))
        changed = max(created, whole_seconds(record.get("updated_at") or created))
        new = new_speech(task_id, user_id, fields)
        with self._jobs.transactions.begin() as transaction:
            row = JobRow(
                job_id=task_id, kind=KIND, user_id=user_id, body_hash=new.body_hash, request=fields,
                status=status.value, error=error, created_at=created, size=new.size,
            )  # fmt: skip
            transaction.session.add(row)
            transaction.record(row, EventType.DONE if status is Status.DONE else EventType.FAILED)
            row.updated_at = changed
            transaction.session.flush()
            own = SpeechRow(key=row.key, model_id=fields.get("model_id"))
            if status is Status.DONE:
                own.sample_rate, own.audio_seconds = wav.figures(self._files.done_wav(task_id))
            transaction.session.add(own)
            transaction.session.flush()
        self._jobs.transactions.repair(task_id)


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _fields(record: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the fields of a request, and what is wrong with them."""
    try:
        return SpeechFields.model_validate(dict(record)).model_dump(), ""
    except ValidationError as error:
        text = _text(record.get("text")).encode("utf-8", "replace").decode("utf-8").replace("\0", "") or "-"
        first = error.errors()[0]
        wrong = f"{_UNKNOWN}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        return SpeechFields.model_validate({"text": text[:10_000]}).model_dump(), wrong


def _entry(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(found, dict) and str(found.get("format", "")).startswith("voice-task/")
    return found if ours and disk_name(_text(found.get("task_id"))) == path.stem else None

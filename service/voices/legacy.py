"""Voices of an existing installation: ``voice_models.json`` and the ``audio/`` folder are taken over once."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from GPT_SoVITS.audio.analysis import analyse
from GPT_SoVITS.audio.decode import read_audio
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.languages import resolve_language
from service.categories.file import records_of, whole_seconds
from service.categories.models import CategoryRow
from service.database import Database
from service.keys.models import SecretRow
from service.voices.clips import figures
from service.voices.folders import VoiceFolders
from service.voices.models import VoiceCategoryRow, VoiceRow
from service.voices.records import search_form

logger = logging.getLogger(__name__)

FILE_NAME = "voice_models.json"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[^/\\\0.][^/\\\0]{0,199}")
_KNOWN = frozenset(
    {"model_id", "model_name", "description", "gender", "prompt_text", "prompt_language", "categories", "created_at"}
)


def import_once(database: Database, folders: VoiceFolders, root: Path) -> int:
    """Take over the voices of a list that this database has not seen; files stay where they are. Returns how many."""
    count = 0
    for path in (root / FILE_NAME, folders.audio / FILE_NAME):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        try:
            records = records_of(json.loads(content.decode("utf-8-sig")), "model_id")
        except (ValueError, RecursionError) as error:
            logger.error("%s cannot be read, its voices were not taken over: %s", path.name, error)
            continue
        mark = "imported-voices-" + hashlib.sha256(content).hexdigest()[:32]
        with database.writing_by_turns() as session:
            if session.get(SecretRow, mark) is not None:
                continue
            # Old lists grow at their end; the newest voice gets the highest key.
            found = sum(_taken_over(session, folders, record) for record in sorted(records, key=_created))
            session.add(SecretRow(name=mark, value=str(found)))
        logger.info("took over %d of %d voices from %s", found, len(records), path.name)
        count += found
    return count


def _taken_over(session: Session, folders: VoiceFolders, record: Mapping[str, Any]) -> int:
    """Take over one voice; a record that cannot be stored costs that voice alone."""
    try:
        with session.begin_nested():
            return _import(session, folders, record)
    except (ValueError, OverflowError, OSError, StatementError) as error:
        logger.warning("the voice %.100r was not taken over: %.300s", record.get("model_id"), error)
        return 0


def _created(record: Mapping[str, Any]) -> int:
    return whole_seconds(record.get("created_at"))


def _text(record: Mapping[str, Any], name: str) -> str:
    text = str(record.get(name) or "").replace("\0", "").strip()
    return text.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair, which no database holds


def _import(session: Session, folders: VoiceFolders, record: Mapping[str, Any]) -> int:
    model_id = _text(record, "model_id")
    if not _ID.fullmatch(model_id):
        logger.warning("the voice %.100r was not taken over: its id has characters that ids may not have", model_id)
        return 0
    if session.scalar(select(VoiceRow.key).where(VoiceRow.model_id == model_id)) is not None:
        return 0
    folder = folders.of(model_id)
    reference = _file(folder, record, ("refer_wav_path", "refer_wav_url"), "refer.*")
    name = _text(record, "model_name")[:200] or model_id
    created = _created(record)
    row = VoiceRow(
        model_id=model_id,
        model_name=name,
        search_name=search_form(name)[:400],
        description=_text(record, "description"),
        gender=2 if str(record.get("gender")).strip().lower() in ("2", "female", "女") else 1,
        prompt_text=_text(record, "prompt_text"),
        prompt_language=_language(_text(record, "prompt_language")),
        avatar=_file(folder, record, ("avatar_path", "avatar_url"), "avatar.*"),
        reference=reference,
        original=reference,
        auxiliary=[],
        report=_report(folder, reference),
        created_at=created,
        updated_at=created,
        extra={"imported": {key: value for key, value in record.items() if key not in _KNOWN}},
    )
    session.add(row)
    session.flush()
    _link(session, row, record.get("categories"))
    return 1


def _language(name: str) -> str:
    try:
        return resolve_language(name or "all_zh", "v2")
    except TextError:
        logger.warning("language %.40r of an old voice is unknown; all_zh is taken", name)
        return "all_zh"


def _file(folder: Path, record: Mapping[str, Any], fields: tuple[str, ...], pattern: str) -> str | None:
    """Return the name of a voice's file: what its record says, else what lies in its folder."""
    for field in fields:
        name = PurePosixPath(unquote(urlsplit(_text(record, field).replace("\\", "/")).path)).name
        if _NAME.fullmatch(name) and (folder / name).is_file():
            return name
    found = sorted(path.name for path in folder.glob(pattern) if path.is_file()) if folder.is_dir() else []
    return found[0] if found else None


def _report(folder: Path, reference: str | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    try:
        return figures(analyse(*read_audio(folder / reference, max_seconds=60.0)))
    except EngineError as error:
        logger.warning("the reference of the old voice %s cannot be used: %s", folder.name, error)
        return None


def _link(session: Session, row: VoiceRow, categories: Any) -> None:
    wanted = [str(each) for each in categories] if isinstance(categories, list) else []
    found = session.scalars(select(CategoryRow).where(CategoryRow.category_id.in_(wanted)))
    keys = {category.category_id: category.key for category in found}
    for place, category_id in enumerate(dict.fromkeys(wanted)):
        if category_id in keys:
            session.add(VoiceCategoryRow(voice_key=row.key, category_key=keys[category_id], place=place))
        else:
            logger.warning("voice %s was in category %.64r, which does not exist any more", row.model_id, category_id)

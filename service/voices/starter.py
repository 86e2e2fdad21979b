"""The voices that come with the program, put among the others once."""

from __future__ import annotations

import contextlib
import io
import logging
import re

from GPT_SoVITS import starter
from GPT_SoVITS.starter import StarterVoice
from service.categories.store import CategoryStore
from service.database import Database
from service.errors import ConflictError, MissingError, StorageAwayError
from service.keys.models import SecretRow
from service.voices.drawing import drawn_avatar
from service.voices.records import FEMALE, MALE, Files, Upload
from service.voices.store import VoiceStore

logger = logging.getLogger(__name__)

CATEGORY, _CATEGORY_ID = "Starter", "starter"
"""A name, and the id that the list of categories which comes with the program gives it."""
_MARKS = {"en": "starter-voices", "ja": "starter-voices-ja", "zh": "starter-voices-zh"}
"""What a database remembers that it has had the voices of a language by."""
_DESCRIPTION = "Comes with the program, for its small demonstration model."
_NOT_OF_AN_ID = re.compile(r"[^a-z0-9]+")


def install_once(database: Database, store: VoiceStore, categories: CategoryStore) -> int:
    """Put the voices of the starter among the others, unless this database has had them. Returns how many.

    A voice that somebody removes does not come back, and an id that somebody has taken stays theirs.
    """
    with database.reading() as session:
        new = [language for language, mark in _MARKS.items() if session.get(SecretRow, mark) is None]
    found = [voice for voice in starter.voices() if voice.language in new]
    if not found:
        return 0
    _make_category(categories)
    try:  # lists show the newest voice first, and the best one comes first here
        count = sum(_installed(store, voice) for voice in reversed(found))
    except StorageAwayError as error:
        logger.warning("the voices of the starter wait for the next start: %s", error)
        return 0
    with database.writing_by_turns() as session:
        for mark in {_MARKS[voice.language] for voice in found}:
            if session.get(SecretRow, mark) is None:
                session.add(SecretRow(name=mark, value=str(count)))
    return count


def remove_unused_category(database: Database, store: VoiceStore, categories: CategoryStore) -> None:
    """Remove the starter's category where its voices were never put: it came with the list of categories alone."""
    with database.reading() as session:
        if any(session.get(SecretRow, mark) is not None for mark in _MARKS.values()):
            return
    named = any((one.category_id, one.description) == (_CATEGORY_ID, _DESCRIPTION) for one in categories.all())
    if named and store.page(0, 1, category=_CATEGORY_ID)[1] == 0:
        with contextlib.suppress(MissingError):  # another process was first
            categories.remove(_CATEGORY_ID)


def _make_category(categories: CategoryStore) -> None:
    try:
        categories.create(CATEGORY, description=_DESCRIPTION)
    except ConflictError:
        logger.debug("there is a category %s already", CATEGORY)


def _installed(store: VoiceStore, voice: StarterVoice) -> bool:
    model_id = "starter-" + _NOT_OF_AN_ID.sub("-", voice.name.lower()).strip("-")
    fields = {
        "model_name": voice.name,
        "gender": FEMALE if voice.is_female else MALE,
        "prompt_text": voice.text,
        "prompt_language": voice.language,
        "description": f"{_DESCRIPTION} {starter.LANGUAGES[voice.language]}.",
    }
    if voice.pair != starter.pair():
        fields |= dict(zip(("gpt_path", "sovits_path"), voice.pair, strict=True))
    picture = Upload("avatar", io.BytesIO(drawn_avatar(model_id)))
    try:
        with voice.clip.open("rb") as clip:
            store.create(model_id, fields, Files(avatar=picture, reference=Upload("refer_wav", clip)), [CATEGORY])
    except (ConflictError, OSError) as error:
        logger.warning("the voice %s was not added: %s", voice.name, error)
        return False
    return True

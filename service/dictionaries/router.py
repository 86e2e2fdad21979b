"""Routes of dictionaries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathField
from pydantic import BaseModel, Field

from GPT_SoVITS.text.userdict import LONGEST_WORD
from service.dictionaries.store import Dictionaries, Dictionary, Word
from service.http.dependencies import provided
from service.http.envelope import Envelope, failures, success
from service.http.json_routes import JsonRoute

MOST_ENTRIES = 5000
LONGEST_PRONUNCIATION = 1000

router = APIRouter(tags=["dictionaries"], route_class=JsonRoute)
Store = Annotated[Dictionaries, Depends(provided(Dictionaries))]
ModelId = Annotated[str, PathField(description="Id of the voice.", examples=["narrator"])]


class EntryRecord(BaseModel):
    """How one word is pronounced."""

    language: str = Field(max_length=8, description="zh, en, ja, ko or yue.", examples=["zh"])
    word: str = Field(max_length=LONGEST_WORD, description="The word.", examples=["重楼"])
    pronunciation: str = Field(
        max_length=LONGEST_PRONUNCIATION,
        description="Pinyin or jyutping, a syllable for each character, or phonemes; blanks between them.",
        examples=["chong2 lou2"],
    )


class DictionaryRecord(BaseModel):
    """A dictionary."""

    entries: list[EntryRecord] = Field(description="Its words, in the order of the file.")
    revision: str = Field(description="Changes with the dictionary; empty while there is none.", examples=["5f0c2a9e"])


class DictionaryChange(BaseModel):
    """A dictionary to be put in the place of another one."""

    entries: list[EntryRecord] = Field(max_length=MOST_ENTRIES, description="All words that it is to have.")
    revision: str | None = Field(
        default=None,
        max_length=64,
        description="Revision that was read before; another one now is refused with 409. Absent: not compared.",
    )

    @property
    def words(self) -> list[Word]:
        """The words."""
        return [Word(each.language, each.word, each.pronunciation) for each in self.entries]


def _record(dictionary: Dictionary) -> DictionaryRecord:
    entries = [EntryRecord.model_construct(**vars(word)) for word in dictionary.words]
    return DictionaryRecord.model_construct(entries=entries, revision=dictionary.revision)


@router.get("/dictionary", summary="Pronunciations", responses=failures(409))
def get_dictionary(store: Store) -> Envelope[DictionaryRecord]:
    """Return how words are pronounced in all voices."""
    return success(_record(store.of_all()))


@router.put("/dictionary", summary="Set pronunciations", responses=failures(400, 409, 413, 507))
def put_dictionary(change: DictionaryChange, store: Store) -> Envelope[DictionaryRecord]:
    """Replace the dictionary of all voices, whole or not at all; what is spoken next has it.

    A 400 names each wrong entry in `data.problems`, as `entries.<number from 0>.<field>`.
    """
    return success(_record(store.replace(change.words, change.revision)))


@router.get("/voice-models/{model_id}/dictionary", summary="A voice's pronunciations", responses=failures(404, 409))
def get_voice_dictionary(model_id: ModelId, store: Store) -> Envelope[DictionaryRecord]:
    """Return how words are pronounced in this voice; these win over those of all voices."""
    return success(_record(store.of_voice(model_id)))


@router.put(
    "/voice-models/{model_id}/dictionary",
    summary="Set a voice's pronunciations",
    responses=failures(400, 404, 409, 413, 507),
)
def put_voice_dictionary(model_id: ModelId, change: DictionaryChange, store: Store) -> Envelope[DictionaryRecord]:
    """Replace the dictionary of a voice, as `PUT /dictionary` does; it is removed with the voice."""
    return success(_record(store.replace_of_voice(model_id, change.words, change.revision)))

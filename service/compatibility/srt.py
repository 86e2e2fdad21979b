"""``/srt``: speech with subtitles; both files stay at their addresses until retention removes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as PathField
from pydantic import BaseModel, Field

from GPT_SoVITS.audio.subtitles import sentence_cues, subrip
from GPT_SoVITS.text.sentences import by_sentence
from service.compatibility.api_v2 import Fields, TtsFields, native_fields
from service.compatibility.speaking import DialectsDep, DialectSpeech, declared
from service.errors import MissingError
from service.folders import write_atomically
from service.http.dependencies import refuse_other_sites
from service.http.envelope import Json
from service.http.json_routes import JsonRoute
from service.http.static import PinnedFile
from service.http.streaming import while_connected
from service.http.urls import RequestUrls
from service.identifiers import new_task_id
from service.synthesis.service import SaveAs

PATHS = ("/srt", "/audio-out")
_USER = "srt"
_NAME = re.compile(r"(T[A-Za-z0-9_-]{1,63})\.(srt|wav)")
_KEPT_STATUSES = (401, 404, 405, 413, 429)


def write_error(status: int, code: int, message: str, data: Any, headers: Mapping[str, str]) -> Response:
    """Return an error with the code as text, as successes of ``/srt`` have it."""
    del code, data
    status = status if status in _KEPT_STATUSES else 400
    return Json({"code": str(status), "message": message}, status_code=status, headers=dict(headers))


class Subtitled(BaseModel):
    """Where speech and subtitles are."""

    code: str = Field(default="200", description="Always 200, as text.")
    srt: str = Field(description="Address of the SubRip file, one cue for each sentence.")
    audio: str = Field(description="Address of the WAV file.")


router = APIRouter(tags=["api_v2"], route_class=JsonRoute)
_FAILED = declared(400, *_KEPT_STATUSES, example={"code": "400", "message": "..."})


async def _subtitled(fields: TtsFields, dialects: DialectSpeech, urls: RequestUrls, request: Request) -> Subtitled:
    name = new_task_id()
    spoken = native_fields(fields, dialects)
    # A piece of several sentences has no times within: for subtitles every sentence is spoken by itself.
    spoken["text"] = by_sentence(fields.text)
    speech = await dialects.begin(spoken, save_as=SaveAs(_USER, name))
    await while_connected(request, speech.whole())
    subtitles = subrip(sentence_cues(speech.segments, fields.text)).encode()
    await dialects.offload(write_atomically, _file(dialects, f"{name}.srt"), subtitles)
    return Subtitled(srt=urls.file("srt", f"{name}.srt"), audio=urls.file("audio-out", f"{name}.wav"))


@router.get("/srt", summary="Speech with subtitles", responses=_FAILED, dependencies=[Depends(refuse_other_sites)])
async def get_srt(fields: Fields, dialects: DialectsDep, urls: RequestUrls, request: Request) -> Subtitled:
    """Parameters as of `/tts`; times are true to the audio within 50 ms."""
    return await _subtitled(fields, dialects, urls, request)


@router.post("/srt", summary="Speech with subtitles", responses=_FAILED)
async def post_srt(fields: TtsFields, dialects: DialectsDep, urls: RequestUrls, request: Request) -> Subtitled:
    """Parameters as of `/tts`; times are true to the audio within 50 ms."""
    return await _subtitled(fields, dialects, urls, request)


def _file(dialects: DialectSpeech, name: str) -> Path:
    """Return where a file lies, whether or not it exists; the name is checked."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise MissingError("srt_missing", name=name)
    return dialects.output_folder / _USER / found[1] / name


def _sent(dialects: DialectSpeech, name: str, media_type: str) -> Response:
    path = _file(dialects, name)
    if not path.is_file():
        raise MissingError("srt_missing", name=name)
    return PinnedFile(path, media_type=media_type)


@router.head("/srt/{name}", include_in_schema=False)
@router.get("/srt/{name}", summary="Subtitles of a speech", response_class=Response, responses=_FAILED)
def subtitles(
    name: Annotated[str, PathField(description="Name in the answer of /srt.")], dialects: DialectsDep
) -> Response:
    """SubRip."""
    return _sent(dialects, name, "application/x-subrip")


@router.head("/audio-out/{name}", include_in_schema=False)
@router.get("/audio-out/{name}", summary="A speech", response_class=Response, responses=_FAILED)
def audio(
    name: Annotated[str, PathField(description="Name in the answer of /srt.")], dialects: DialectsDep
) -> Response:
    """WAV; range requests work."""
    return _sent(dialects, name, "audio/wav")

"""A task's segments, subtitles and audio in other formats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from GPT_SoVITS.audio.subtitles import MEDIA_TYPES
from service.files import wav
from service.http.dependencies import provided
from service.http.envelope import Envelope, failures, success
from service.http.json_routes import JsonRoute
from service.http.streaming import while_connected
from service.http.urls import RequestUrls
from service.speech.results import TaskResults
from service.tasks.names import Identifier, download
from service.tasks.schemas import Redo, SegmentEntry
from service.tasks.views import segment_entries

router = APIRouter(prefix="/voice-tasks/{task_id}", tags=["tasks"], route_class=JsonRoute)
Index = Annotated[int, Path(ge=0, le=100_000, description="Place in the text, from 0.")]
Results = Annotated[TaskResults, Depends(provided(TaskResults))]
_AUDIO: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {}}, "description": "Audio."}}


@router.get("/segments", summary="List a task's segments", responses=failures(404))
async def listed(task_id: Identifier, tasks: Results, urls: RequestUrls) -> Envelope[list[SegmentEntry]]:
    """The parts of the text that are spoken in one go, with their times in the result."""
    task, segments = await tasks.segments(task_id)
    return success(segment_entries(task, segments, urls))


@router.get(
    "/segments/{index}/audio",
    summary="Hear a segment",
    response_class=Response,
    responses={**_AUDIO, **failures(400, 404, 409)},
)
async def audio_of_segment(task_id: Identifier, index: Index, tasks: Results) -> Response:
    """One segment as WAV, also while the task runs."""
    samples, rate = await tasks.segment_audio(task_id, index)
    content = wav.header(len(samples) // wav.SAMPLE_BYTES, rate) + samples
    return Response(content, media_type="audio/wav", headers={"Cache-Control": "private, no-cache"})


@router.post(
    "/segments/{index}/redo",
    summary="Speak a segment again",
    responses=failures(400, 404, 409, 503, 507),
)
async def redo(
    task_id: Identifier, index: Index, tasks: Results, urls: RequestUrls, request: Request, body: Redo | None = None
) -> Envelope[SegmentEntry]:
    """Speak one segment of a finished task with another seed and stitch the result again; answers when it is done."""
    await while_connected(request, tasks.redo(task_id, index, body.seed if body else None))
    task, segments = await tasks.segments(task_id)
    return success(segment_entries(task, segments, urls)[index])


@router.get(
    "/subtitles.{form}",
    summary="Subtitles",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}, **failures(404, 409)},
)
async def subtitles(
    task_id: Identifier,
    form: Annotated[Literal["srt", "vtt"], Path(description="SubRip or WebVTT.")],
    tasks: Results,
) -> Response:
    """Subtitles of a finished task, a cue for each segment."""
    text = await tasks.subtitles(task_id, form)
    return Response(text, media_type=f"{MEDIA_TYPES[form]}; charset=utf-8", headers=download(task_id, f".{form}"))


@router.get(
    "/audio",
    summary="The result in another format",
    response_class=Response,
    responses={**_AUDIO, **failures(400, 404, 409)},
)
async def audio(
    task_id: Identifier,
    tasks: Results,
    request: Request,
    format: Annotated[str, Query(max_length=32, description="wav, flac, mp3, ogg (opus), aac or raw.")] = "wav",
) -> Response:
    """The whole result of a finished task."""
    content, media_type, suffix = await while_connected(request, tasks.audio(task_id, format))
    return Response(content, media_type=media_type, headers=download(task_id, suffix))

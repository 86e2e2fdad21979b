"""Routes of synthesis: speech while the client waits, and what can be said about a text before."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from GPT_SoVITS.audio.encode import FORMATS
from GPT_SoVITS.engine.messages import Streaming
from service.container import Container
from service.errors import ConflictError, TooLargeError
from service.http.dependencies import container_of, provided
from service.http.envelope import Envelope, failures, success
from service.http.json_routes import JsonRoute
from service.http.streaming import streamed, while_connected
from service.http.urls import RequestUrls, Urls
from service.identifiers import disk_name, new_task_id
from service.jobs.manager import JobManager
from service.readiness import Readiness
from service.synthesis.fields import SynthesizeFields
from service.synthesis.service import SaveAs, Speech, SynthesisService
from service.synthesis.speakers import StoredSpeakers
from service.synthesis.texts import Preview, preview, readings_of

router = APIRouter(tags=["synthesis"], route_class=JsonRoute)
Synthesis = Annotated[SynthesisService, Depends(provided(SynthesisService))]
Jobs = Annotated[JobManager, Depends(provided(JobManager))]
Shared = Annotated[Container, Depends(container_of)]
ANONYMOUS = "anonymous"
_AUDIO: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {each.media_type: {} for each in FORMATS.values()},
        "description": "The audio. X-Task-Id names the result, X-Result-Url is where it is kept.",
    }
}


def _check_length(text: str, container: Container) -> None:
    limit = container.settings.text_limit
    if len(text) > limit:
        raise TooLargeError("text_too_long", found=len(text), limit=limit)


def _headers(save: SaveAs, speech: Speech, urls: Urls) -> dict[str, str]:
    name = disk_name(save.task_id)
    return {
        "X-Task-Id": quote(save.task_id, safe=" "),
        "X-Result-Url": urls.file("output", disk_name(save.user_id), name, f"{name}.wav"),
        "X-Seed": str(speech.started.seed),
        "X-Sample-Rate": str(speech.started.sample_rate),
    }


@router.post(
    "/synthesize",
    summary="Speak",
    response_class=Response,
    responses={**_AUDIO, **failures(400, 404, 409, 413, 503, 507)},
)
async def synthesize(
    body: SynthesizeFields, synthesis: Synthesis, jobs: Jobs, container: Shared, urls: RequestUrls, request: Request
) -> Response:
    """Speak while the client waits; a client that goes away ends the work.

    The WAV is kept at `output/<user_id>/<task_id>/<task_id>.wav`. With `stream`, audio comes while it is made.
    """
    _check_length(body.text, container)
    save = SaveAs(body.user_id or ANONYMOUS, body.task_id or new_task_id())
    if body.task_id is not None and await container.offload(jobs.reader.existing, [body.task_id]):
        raise ConflictError("task_id_of_queue", task_id=body.task_id)
    fields = body.model_dump(exclude={"user_id", "task_id"})
    asked = await synthesis.request(
        fields, owner=save.user_id, streaming=Streaming.TOKENS if body.stream else Streaming.OFF
    )
    speech = await while_connected(request, synthesis.begin(asked, save_as=save))
    headers = _headers(save, speech, urls)
    if body.stream:
        media_type = synthesis.media_type(body.media_type)
        return await streamed(speech.encoded(body.media_type), media_type, request, headers)
    content = await while_connected(request, speech.file(body.media_type))
    return Response(content, media_type=synthesis.media_type(body.media_type), headers=headers)


class PreviewSegment(BaseModel):
    """What will be spoken in one go."""

    text: str = Field(description="The piece.")
    seconds: float = Field(description="About how long it will be.")


class TextPreview(BaseModel):
    """How a text will be spoken."""

    characters: int = Field(description="Length of the text.")
    language: str = Field(
        description="Code of the language in which it is read: as asked for or guessed. `auto` is the one that "
        "the voice speaks, where that is one alone."
    )
    guessed_language: str = Field(description="Code of the likeliest language.")
    seconds: float = Field(description="About how long it will be; from usual pace, not measured.")
    segments: list[PreviewSegment] = Field(description="The pieces, in order.")
    left_out: list[str] = Field(description="What the language does not read: it is not spoken.")
    readings: dict[str, str] | None = Field(
        default=None,
        description="What each reading says, a line for each piece; only where `show_readings` asks for it.",
    )

    @classmethod
    def of(cls, text: str, found: Preview) -> TextPreview:
        """Return a preview for clients."""
        pieces = zip(found.pieces, found.seconds, strict=True)
        return cls(
            characters=len(text),
            language=found.language,
            guessed_language=found.guessed_language,
            seconds=round(sum(found.seconds), 2),
            left_out=list(found.left_out),
            segments=[PreviewSegment(text=piece, seconds=round(seconds, 2)) for piece, seconds in pieces],
        )


class PreviewFields(BaseModel):
    """A text to be looked at."""

    text: str = Field(min_length=1, description="The text.")
    language: str | None = Field(None, max_length=64, description="Name or code; none takes the guess.")
    text_language: str | None = Field(None, max_length=64, description="Another name of language.")
    model_id: str | None = Field(None, max_length=64, description="Who speaks; none takes the current weights.")
    how_to_cut: str = Field("凑四句一切", max_length=64, description="Name or code of the cutting method.")
    speed: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    fragment_interval: float = Field(0.3, ge=0, le=10, description="Seconds of silence after each piece.")
    reading: Literal["natural", "official"] | None = Field(None, description="How it is read; none takes the setting.")
    show_readings: bool = Field(False, description="Also return what each reading says; loads the language's packages.")


def _previewed_for(fields: PreviewFields, container: Container) -> Preview:
    """Return how a text will be spoken by the voice that is named. Blocks."""
    readiness = container.get(Readiness)
    weights = StoredSpeakers(container).speaker(fields.model_id).weights if fields.model_id else None
    return preview(
        fields.text,
        fields.language or fields.text_language or None,
        fields.how_to_cut,
        fields.speed,
        fields.fragment_interval,
        fields.reading or container.settings.default_reading,
        lambda code: readiness.meant(code, fields.text, weights),
    )


async def _previewed(fields: PreviewFields, container: Container) -> Envelope[TextPreview]:
    _check_length(fields.text, container)
    found: Preview = await container.offload(_previewed_for, fields, container)
    shown = TextPreview.of(fields.text, found)
    if fields.show_readings:
        shown.readings = await container.offload(readings_of, fields.text, found.language, fields.how_to_cut)
    return success(shown)


@router.get("/text/preview", summary="Preview a text", responses=failures(400, 404, 413))
async def preview_by_address(fields: Annotated[PreviewFields, Query()], container: Shared) -> Envelope[TextPreview]:
    """How a text will be cut, about how long it will be, and in which language it is."""
    return await _previewed(fields, container)


@router.post("/text/preview", summary="Preview a long text", responses=failures(400, 404, 413))
async def preview_by_body(fields: PreviewFields, container: Shared) -> Envelope[TextPreview]:
    """As by address, for texts too long for one."""
    return await _previewed(fields, container)

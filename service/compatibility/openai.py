"""OpenAI's speech API: ``/v1/audio/speech``, ``/v1/models``, ``/v1/audio/voices``. Errors in OpenAI's form."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathField
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from GPT_SoVITS.engine.messages import Streaming
from service.compatibility.speaking import DialectsDep, DialectSpeech, declared
from service.errors import MissingError
from service.http.envelope import Json
from service.http.json_routes import JsonRoute
from service.http.streaming import streamed, while_connected
from service.synthesis.fields import LARGEST_SEED, LenientFields, SampleSteps
from service.synthesis.requests import SAMPLING_OPEN
from service.synthesis.service import Speech

PATHS = ("/v1/",)
PCM_RATE = 24_000
"""Samples per second of ``pcm``, which has no header that could say so."""
_MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "not_found", 413: "too_large", 429: "rate_limit_exceeded"}
_WHOLE = ("flac", "wav")
Form = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


def write_error(status: int, code: int, message: str, data: Any, headers: Mapping[str, str]) -> Response:
    """Return an error in OpenAI's form."""
    del code
    problems = (data or {}).get("problems")
    field = problems[0]["field"] if problems else None
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": message, "type": kind, "param": field, "code": _CODES.get(status)}
    return Json({"error": error}, status_code=400 if status == 422 else status, headers=dict(headers))


def _voice_id(value: Any) -> Any:
    """Return the id of a voice, which may be given as ``{"id": ...}``."""
    return value.get("id") if isinstance(value, dict) else value


class SpeechRequest(LenientFields):
    """Body of ``POST /v1/audio/speech``."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1, max_length=200, description="Any name; the current weights speak.")
    input: str = Field(min_length=1, description="What is to be said.", examples=["Hello there."])
    voice: Annotated[str, BeforeValidator(_voice_id)] = Field(
        min_length=1, max_length=200, description="Id or name of a stored voice."
    )
    response_format: Form = Field("mp3", description="Format; pcm is 24 kHz, 16 bit, mono, without a header.")
    speed: float = Field(1.0, ge=0.25, le=4, description="2 is twice as fast.")
    stream_format: Literal["audio", "sse"] = Field("audio", description="Bytes of the file, or events with pieces.")
    instructions: str | None = Field(None, description="Accepted and ignored.")
    language: str = Field("auto", max_length=64, description="Name or code of the language; not of OpenAI's API.")
    seed: int = Field(-1, ge=-1, le=LARGEST_SEED, description="Same seed, same audio; not of OpenAI's API.")
    sample_steps: SampleSteps | None = Field(None, description="v3, v4: steps of the sampler; not of OpenAI's API.")
    super_sampling: bool = Field(False, description="v3: raise 24 kHz to 48 kHz; not of OpenAI's API.")


router = APIRouter(prefix="/v1", tags=["OpenAI"], route_class=JsonRoute)
_ERROR = {"error": {"message": "...", "type": "invalid_request_error", "param": None, "code": "not_found"}}
_FAILED = declared(400, 401, 403, 404, 413, 429, 500, 503, example=_ERROR)


async def _begin(body: SpeechRequest, dialects: DialectSpeech) -> Speech:
    fields = {
        "text": body.input,
        "text_language": body.language,
        "model_id": await dialects.voice_named(body.voice, body.input),
        "how_to_cut": dialects.cutting(),
        "top_k": 15,
        SAMPLING_OPEN: True,
        "speed": body.speed,
        "seed": body.seed,
        "sample_steps": body.sample_steps,
        "super_sampling": body.super_sampling,
    }
    return await dialects.begin(fields, Streaming.TOKENS)


def _rate(form: str) -> int | None:
    return PCM_RATE if form == "pcm" else None


async def _events(speech: Speech, form: str, characters: int) -> AsyncGenerator[bytes, None]:
    async for part in speech.encoded(form, rate=_rate(form)):
        yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()})
    tokens = sum(segment.tokens for segment in speech.segments)
    usage = {"input_tokens": characters, "output_tokens": tokens, "total_tokens": characters + tokens}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


@router.post(
    "/audio/speech",
    summary="Speak",
    responses={200: {"content": {kind: {} for kind in (*_MEDIA_TYPES.values(), "text/event-stream")}}, **_FAILED},
    response_class=Response,
)
async def speech(body: SpeechRequest, dialects: DialectsDep, request: Request) -> Response:
    """Speech in a stored voice, sent while it is made; flac and wav, whose headers tell lengths, once it is whole."""
    begun = await while_connected(request, _begin(body, dialects))
    if body.stream_format == "sse":
        parts = _events(begun, body.response_format, len(body.input))
        return await streamed(parts, "text/event-stream", request)
    if body.response_format in _WHOLE:
        content = await while_connected(request, begun.file(body.response_format))
        return Response(content, media_type=_MEDIA_TYPES[body.response_format])
    return await streamed(
        begun.encoded(body.response_format, rate=_rate(body.response_format)),
        _MEDIA_TYPES[body.response_format],
        request,
    )


class Model(BaseModel):
    """Something that ``model`` may name."""

    id: str = Field(description="Its name.", examples=["gpt-sovits-v2"])
    object: Literal["model"] = Field(default="model", description="Always model.")
    created: int = Field(default=0, description="Unix seconds; 0 where nobody knows.")
    owned_by: str = Field(default="gpt-sovits", description="Always gpt-sovits.")


class Models(BaseModel):
    """All of them."""

    object: Literal["list"] = Field(default="list", description="Always list.")
    data: list[Model] = Field(description="The models.")


@router.get("/models", summary="List models", responses=_FAILED)
async def models(dialects: DialectsDep) -> Models:
    """What is loaded; the names that OpenAI's clients use are accepted as well."""
    return Models(data=[Model(id=name) for name in dialects.model_names()])


@router.get("/models/{model}", summary="Describe a model", responses=_FAILED)
async def model(model: Annotated[str, PathField(description="Name of a model.")], dialects: DialectsDep) -> Model:
    """One of :func:`models`."""
    if model not in dialects.model_names():
        raise MissingError("model_missing", model=model)
    return Model(id=model)


class Voice(BaseModel):
    """Something that ``voice`` may name."""

    id: str = Field(description="Its id.", examples=["narrator"])
    name: str = Field(description="Its name.", examples=["Narrator"])


class Voices(BaseModel):
    """All of them."""

    voices: list[Voice] = Field(description="The stored voices, newest first.")


@router.get("/audio/voices", summary="List voices", responses=_FAILED)
async def voices(dialects: DialectsDep) -> Voices:
    """The stored voices."""
    return Voices(voices=[Voice(id=each.model_id, name=each.model_name) for each in await dialects.voices()])

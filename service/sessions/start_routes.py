"""Starting a training: the routes of the interface that this one replaces, with its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from service.errors import Code
from service.http.dependencies import provided
from service.http.envelope import Json
from service.http.json_routes import JsonRoute
from service.sessions.schemas import NotStarted, Started
from service.sessions.service import TrainingSessions
from service.training.fields import (
    AsrRequest,
    DenoiseRequest,
    FormatRequest,
    GptRequest,
    OneClickRequest,
    SliceRequest,
    SovitsRequest,
    TrainingFields,
    Uvr5Request,
)
from service.training.names import ASR, DENOISE, FORMAT, GPT, ONE_CLICK, SLICE, SOVITS, UVR5

PREFIX = "/gpt_sovits"
ROUTES = {
    "open_slice": SLICE,
    "open_denoise": DENOISE,
    "open_asr": ASR,
    "open1abc": FORMAT,
    "sovits_train": SOVITS,
    "gpt_train": GPT,
    "one_click": ONE_CLICK,
    "open_uvr5": UVR5,
}
"""Last part of the address -> kind."""
_KEPT_STATUSES = (401, 403, 405, 413, 429)
_ONE_CLICK_STARTED = "开始一键训练"

Sessions = Annotated[TrainingSessions, Depends(provided(TrainingSessions))]
_FAILED: dict[int | str, dict[str, Any]] = {
    401: {"model": NotStarted, "description": "An API key is missing or wrong."},
    413: {"model": NotStarted, "description": "The body is too large."},
    422: {"model": NotStarted, "description": "A field is missing or wrong; `detail` lists them."},
    429: {"model": NotStarted, "description": "A limit of rate is reached."},
    500: {"model": NotStarted, "description": "It was not accepted; `detail` says why."},
}
router = APIRouter(prefix=PREFIX, tags=["training"], route_class=JsonRoute)


def write_error(status: int, code: Code, message: str, data: Any, headers: Mapping[str, str]) -> Response:
    """Return an error as the clients of this interface know it: 422 for fields, else 500 with details."""
    del code
    if status == 422:
        wrong = (data or {}).get("problems") or [{"field": "body", "message": message, "code": "value_error"}]
        detail = [
            {"loc": ["body", *each["field"].split(".")], "msg": each["message"], "type": each["code"]} for each in wrong
        ]
        return Json({"detail": detail}, status_code=422, headers=dict(headers))
    return Json({"detail": message}, status_code=status if status in _KEPT_STATUSES else 500, headers=dict(headers))


async def _started(sessions: TrainingSessions, kind: str, body: TrainingFields) -> Started:
    await sessions.submit(kind, body.model_dump())
    return Started(message=_ONE_CLICK_STARTED) if kind == ONE_CLICK else Started()


@router.post("/open_slice", summary="Slice recordings", responses=_FAILED)
async def open_slice(body: SliceRequest, sessions: Sessions) -> Started:
    """Cut recordings at silences into clips. Where they go is among the session's artefacts."""
    return await _started(sessions, SLICE, body)


@router.post("/open_denoise", summary="Take noise out of recordings", responses=_FAILED)
async def open_denoise(body: DenoiseRequest, sessions: Sessions) -> Started:
    """Take noise out of every recording of a folder."""
    return await _started(sessions, DENOISE, body)


@router.post("/open_asr", summary="Transcribe recordings", responses=_FAILED)
async def open_asr(body: AsrRequest, sessions: Sessions) -> Started:
    """Write a list with what is said in every recording of a folder."""
    return await _started(sessions, ASR, body)


@router.post("/open1abc", summary="Make features for training", responses=_FAILED)
async def open_features(body: FormatRequest, sessions: Sessions) -> Started:
    """Make the training folder of an experiment from a list and its recordings."""
    return await _started(sessions, FORMAT, body)


@router.post("/sovits_train", summary="Train SoVITS", responses=_FAILED)
async def train_sovits(body: SovitsRequest, sessions: Sessions) -> Started:
    """Train tokens to audio on an experiment's training folder."""
    return await _started(sessions, SOVITS, body)


@router.post("/gpt_train", summary="Train the GPT", responses=_FAILED)
async def train_gpt(body: GptRequest, sessions: Sessions) -> Started:
    """Train text to tokens on an experiment's training folder."""
    return await _started(sessions, GPT, body)


@router.post("/one_click", summary="Train in one go", responses=_FAILED)
async def train_all(body: OneClickRequest, sessions: Sessions) -> Started:
    """Slice, denoise, transcribe, make features, train SoVITS, train the GPT, in that order."""
    return await _started(sessions, ONE_CLICK, body)


@router.post("/open_uvr5", summary="Separate voices from music", responses=_FAILED)
async def open_separation(body: Uvr5Request, sessions: Sessions) -> Started:
    """Separate a voice from music or echo in recordings."""
    return await _started(sessions, UVR5, body)

"""Finding, following, pausing and cancelling trainings by session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field

from service.http.envelope import Envelope, Json, Removed, failures, success
from service.http.paging import Page, Paging
from service.http.segments import with_slashes
from service.http.streaming import streamed
from service.identifiers import LONGEST
from service.sessions.schemas import Metrics, SessionEntry, State, TrainingEntry
from service.sessions.start_routes import PREFIX, Sessions
from service.sessions.streams import SessionStream
from service.training.names import KINDS
from service.training.reading import Wanted

router = APIRouter(prefix=f"{PREFIX}/jobs", tags=["training"])
SessionId = Annotated[
    str, Field(min_length=1, max_length=LONGEST, description="The session."), BeforeValidator(with_slashes)
]
Kind = Literal["slice", "denoise", "asr", "format", "sovits_train", "gpt_train", "uvr5", "one_click"]
OfKind = Annotated[Kind | None, Query(description="Of the latest job of this kind; default: of the step under way.")]
assert set(Kind.__args__) == set(KINDS)  # type: ignore[attr-defined]  # noqa: S101
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events."}
}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The log."}
}


def _entry(found: dict[str, Any]) -> Response:
    return Json({"code": 0, "message": "", "data": found})


@router.get("", summary="List trainings", response_model=Envelope[Page[TrainingEntry]], responses=failures())
async def page(
    sessions: Sessions,
    paging: Paging,
    user_id: Annotated[str | None, Query(max_length=LONGEST, description="Only this user's.")] = None,
    kind: Annotated[Kind | None, Query(description="Only of this kind.")] = None,
    exp_name: Annotated[str | None, Query(max_length=LONGEST, description="Only of this experiment.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
) -> Response:
    """List jobs, newest first; steps of one-click trainings are shown by their session."""
    wanted = Wanted(user_id or None, kind, exp_name or None, state)
    found, total = await sessions.page(wanted, paging.page, paging.page_size)
    return _entry({"total": total, "pageIndex": paging.page, "pageSize": paging.page_size, "data": found})


@router.get("/{session_id}", summary="Show a session", response_model=Envelope[SessionEntry], responses=failures(404))
async def show(session_id: SessionId, sessions: Sessions) -> Response:
    """Steps with state, progress and losses, the end of the log, what was made, and what was left out."""
    return _entry(await sessions.entry(session_id))


@router.delete("/{session_id}", summary="Remove a session", responses=failures(404))
async def remove(session_id: SessionId, sessions: Sessions) -> Envelope[Removed]:
    """Remove a session's jobs and logs, cancelling what has not ended. Recordings, features and weights stay."""
    await sessions.remove(session_id)
    return success(Removed(removed=True))


@router.post(
    "/{session_id}/cancel",
    summary="Cancel a session",
    response_model=Envelope[SessionEntry],
    responses=failures(404, 409),
)
async def cancel(session_id: SessionId, sessions: Sessions) -> Response:
    """End what has not ended. What is done stays on disk, and `resume` goes on from there."""
    return _entry(await sessions.cancel(session_id))


@router.post(
    "/{session_id}/pause",
    summary="Pause a session",
    response_model=Envelope[SessionEntry],
    responses=failures(404, 409),
)
async def pause(session_id: SessionId, sessions: Sessions) -> Response:
    """Save and end what runs, and hold no memory and no device until the session is resumed."""
    return _entry(await sessions.pause(session_id))


@router.post(
    "/{session_id}/resume",
    summary="Resume a session",
    response_model=Envelope[SessionEntry],
    responses=failures(404, 409),
)
async def resume(session_id: SessionId, sessions: Sessions) -> Response:
    """Go on with what is paused, was cancelled or ended in an error, from the last state on disk."""
    return _entry(await sessions.resume(session_id))


@router.get(
    "/{session_id}/events",
    summary="Follow a session",
    response_class=Response,
    responses={**_STREAM, **failures(404)},
)
async def follow(session_id: SessionId, sessions: Sessions, request: Request) -> Response:
    """Server-sent events: `training` with the session now and after every change; closes when all has ended."""
    return await streamed(SessionStream(sessions, session_id).events(), "text/event-stream", request, _HEADERS)


@router.get("/{session_id}/log", summary="Read a log", response_class=Response, responses={**_TEXT, **failures(404)})
async def log(session_id: SessionId, sessions: Sessions, kind: OfKind = None) -> Response:
    """All that is kept of what a step said to people: its newest 1 to 2 MiB."""
    job = await sessions.job(session_id, kind)
    return Response(await sessions.whole_log(job), media_type="text/plain; charset=utf-8")


@router.get(
    "/{session_id}/metrics",
    summary="Read a training's curves",
    response_model=Envelope[Metrics],
    responses=failures(404),
)
async def metrics(
    session_id: SessionId,
    sessions: Sessions,
    kind: Annotated[Literal["sovits_train", "gpt_train"], Query(description="Of which training.")] = "sovits_train",
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="Only what was measured after this step.")] = -1,
) -> Response:
    """Losses and rates over steps, of the latest run of a training."""
    return _entry(await sessions.metrics(session_id, kind, after))

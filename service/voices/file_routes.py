"""Files of voices by their address: those that a row names are brought here where they must be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.container import Container
from service.errors import MissingError
from service.http.dependencies import container_of, provided
from service.http.static import Results, copies_of
from service.voices.folders import PLAIN_REFERENCE
from service.voices.records import Voice
from service.voices.store import VoiceStore

router = APIRouter(include_in_schema=False)


@router.api_route("/audio/{model_id}/{name}", methods=["GET", "HEAD"])
async def voice_file(
    model_id: str,
    name: str,
    store: Annotated[VoiceStore, Depends(provided(VoiceStore))],
    container: Annotated[Container, Depends(container_of)],
    request: Request,
) -> Response:
    """A clip or the picture of a voice, or another file of that folder."""
    brought = await container.offload(_brought, store, model_id, name)
    path = f"{model_id}/{name}" if brought is None else brought.relative_to(store.folders.audio).as_posix()
    served = Results(container.folders.audio, copies_of(request.app, "audio"))
    return await served.get_response(path, request.scope)


def _brought(store: VoiceStore, model_id: str, name: str) -> Path | None:
    """Return a file that is here now; None where it is no carried file of a voice, and may lie here.

    Raises:
        HTTPException: 404 for what was only a copy, of a voice or a file that is gone.
    """
    carrier = store.folders.carrier
    if not carrier.apart:
        return None
    try:
        voice = store.find(model_id)
    except MissingError:
        pass
    else:
        if (found := _named(voice, name)) is not None:
            return store.folders.file(model_id, found, voice.marks)
    if "/" not in model_id and carrier.is_spare(store.folders.of(model_id) / name):
        raise HTTPException(404)
    return None


def _named(voice: Voice, name: str) -> str | None:
    """Return which of a voice's files is meant; the reference has a plain name too."""
    if name in voice.marks:
        return name
    return voice.reference if name == PLAIN_REFERENCE and voice.reference in voice.marks else None

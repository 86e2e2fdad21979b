"""Calls of functions that a page does not have: Gradio looks them up by what a client names, and calls it a fault."""

from __future__ import annotations

import traceback

from fastapi import FastAPI, Request
from gradio.route_utils import FnIndexInferError
from starlette.responses import JSONResponse

_LOOKING_UP = ("gradio.routes", "gradio.route_utils")
"""Modules whose missing keys are names and numbers that came from a client; what an action lacks is raised deeper."""


def refuse_unknown(app: FastAPI) -> None:
    """Let Gradio's application answer 404 to a function, by number or name, and to a component that it has not."""

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, KeyError) and not _was_looked_up(error):
            raise error
        named = request.path_params.get("api_name")
        what = "the number that was given" if named in (None, "predict") else f"the name {named!r}"
        return JSONResponse({"detail": f"the page has no function of {what}; /info lists those that it has"}, 404)

    for kind in (KeyError, FnIndexInferError):
        app.add_exception_handler(kind, unknown)


def _was_looked_up(error: KeyError) -> bool:
    frames = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1] in _LOOKING_UP

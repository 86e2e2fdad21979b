"""Routes of health, readiness, figures and the admin page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Scope

from service.container import Container, Domain
from service.errors import ParameterError, UnavailableError
from service.http.dependencies import SharedContainer
from service.http.envelope import Envelope, Json, failures, success
from service.http.shortcuts import Prepared, Route
from service.http.static import page_response
from service.http.urls import RequestUrls, Urls, urls_at
from service.readiness import Readiness
from service.status.health import Ready, health_of, readiness_of

router = APIRouter(tags=["status"])


class Health(BaseModel):
    """The service as it is now; parts may add fields."""

    model_config = ConfigDict(extra="allow")

    status: str = Field(description="Always ok: the process serves.", examples=["ok"])
    index_url: str = Field(description="Address of the admin page.", examples=["http://127.0.0.1:9881/index"])
    version: str = Field(description="Version of this program.", examples=["0.1.0"])
    device: str = Field(description="What computes.", examples=["CPU"])
    model_version: str | None = Field(description="Version of the current weights.", examples=["v2"])
    queue_depth: int = Field(description="Tasks that wait in the queue.", examples=[0])
    weights_loaded: bool = Field(description="Whether weights are in memory.", examples=[True])
    starter: bool = Field(description="Whether the small demonstration model of the program speaks.", examples=[False])
    engine: str = Field(description="State of the engine.", examples=["ready"])
    languages: dict[str, Any] = Field(description="As in /readyz.", examples=[{"zh": {"ready": True}}])
    limits: dict[str, int] = Field(description="Characters of a text, bytes of a file.", examples=[{"text": 10000}])


def _domains(request: Request) -> list[Domain]:
    domains: list[Domain] = request.app.state.domains
    return domains


def _health(app: FastAPI, container: Container, urls: Urls) -> bytes:
    found = health_of(container, app.state.domains)
    return bytes(Json({"status": "ok", "index_url": urls.page("/index"), **found}).body)


async def _quick_health(scope: Scope, rest: str) -> Prepared | None:
    app: FastAPI = scope["app"]
    return None if rest else Prepared(_health(app, app.state.container, urls_at(scope)))


SHORTCUTS = (Route("/healthz", "/healthz", _quick_health),)


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Whether the process serves", response_model=Health)
async def healthz(request: Request, container: SharedContainer, urls: RequestUrls) -> Response:
    """Answer 200 as soon as the process serves, also while weights load or are missing. Has no envelope."""
    return Response(_health(request.app, container, urls), media_type="application/json")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Whether a synthesis would run", responses=failures(400, 503))
async def readyz(
    request: Request,
    container: SharedContainer,
    language: Annotated[
        str | None, Query(max_length=8, description="zh, en, ja, ko or yue; none asks for any.")
    ] = None,
) -> Envelope[Ready]:
    """Answer 200 when a synthesis would run, else 503 with what is in the way and how to mend it."""
    spoken = container.get(Readiness).by_language()
    if language is not None and language not in spoken:
        raise ParameterError("language_unknown", expected=", ".join(spoken))
    readiness = readiness_of(container, _domains(request), language)
    lacks = {lack.text(): lack for lack in spoken.values() if lack is not None}
    if len(readiness.obstacles) == 1 and readiness.obstacles[0] in lacks:
        raise UnavailableError(lacks[readiness.obstacles[0]], retry_after=5)
    if not readiness.ready:
        raise UnavailableError("not_ready", retry_after=5, detail="; ".join(readiness.obstacles))
    return success(readiness)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(container: SharedContainer) -> Response:
    """Answer the figures in Prometheus' text form."""
    return Response(generate_latest(container.metrics), media_type=CONTENT_TYPE_LATEST)


@router.head("/index", include_in_schema=False)
@router.get("/index", summary="The admin page", response_class=Response)
def index(request: Request) -> Response:
    """Answer the admin page."""
    return page_response(request.app.state.page, request.scope)


@router.get("/docs", summary="Every route and field, browsable", response_class=Response)
def docs(request: Request) -> Response:
    """Answer the page that shows this document."""
    return page_response(request.app.state.docs, request.scope)


@router.get("/manager", summary="The admin page under its old name", status_code=307, response_class=RedirectResponse)
async def manager(urls: RequestUrls) -> RedirectResponse:
    """Redirect to the admin page."""
    return RedirectResponse(urls.page("/index"))


@router.head("/", include_in_schema=False)
async def root(urls: RequestUrls) -> RedirectResponse:
    """Redirect to the admin page, as GET without a text does."""
    return RedirectResponse(urls.page("/index"))


@router.get("/favicon.ico", include_in_schema=False)
def favicon(request: Request) -> Response:
    """Answer the page's icon, or that there is none."""
    icon = request.app.state.page.parent / "web" / "favicon.svg"
    return page_response(icon, request.scope) if icon.is_file() else Response(status_code=204)

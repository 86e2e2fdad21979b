"""The application: middleware, the parts' routers, and their lives between start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from GPT_SoVITS import _commands
from GPT_SoVITS.engine.interface import Engine
from service import __version__, logs
from service.addresses import is_loopback
from service.container import Container, Domain
from service.engine import open_engine
from service.folders import Folders
from service.http import errors, openapi
from service.http.access import Access, Guard
from service.http.bodies import BodyLimits
from service.http.context import RequestContext
from service.http.heads import Heads
from service.http.metrics import EngineMetrics, HttpMetrics
from service.http.proxies import Proxies
from service.http.rates import RateLimit
from service.http.segments import WholeSegments
from service.http.shortcuts import Route, Shortcuts
from service.http.static import Media, PageFiles, Results, copies_of
from service.http.urls import Signer
from service.keys.store import KeyStore
from service.objects.opening import open_carrier
from service.opening import open_database
from service.settings import MEBIBYTE, Settings

logger = logging.getLogger(__name__)

PARTS = (
    "categories",
    "voices",
    "dictionaries",
    "weights",
    "resources",
    "synthesis",
    "tasks",
    "sessions",
    "datasets",
    "experiments",
    "compatibility",
    "status",
)
"""Folders of ``service`` with a ``router`` and a ``domain``: built and started in this order."""
THREADS = 64
PROJECT = Path(__file__).resolve().parents[1]
"""Where the page lies."""


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """Return the application; nothing is opened before it is started.

    Args:
        settings: See :class:`Settings`.
        engine: An engine that the caller owns and closes; None opens the real one at start.
    """
    app = FastAPI(
        title="GPT-SoVITS voice service",
        version=__version__,
        description=openapi.DESCRIPTION,
        lifespan=lambda app: _life(app, settings, engine),
        docs_url=None,
        redoc_url=None,
        openapi_tags=openapi.TAGS,
    )
    app.state.dialects = errors.Dialects()
    app.state.settings = settings
    app.state.page = PROJECT / "index.html"
    app.state.docs = PROJECT / "web/docs/index.html"
    errors.install(app)
    folders = Folders(settings.root)
    shortcuts: tuple[Route, ...] = ()
    for name in PARTS:
        if (module := _module(name, "router")) is not None:
            # Not included anew: FastAPI would make every route a second time, at the first request of each application.
            app.router.routes.extend(module.router.routes)
            shortcuts += getattr(module, "SHORTCUTS", ())
            for prefix, writer in getattr(module, "ERROR_WRITERS", {}).items():
                app.state.dialects.register(prefix, writer)
    for name, folder in folders.served.items():
        app.mount(f"/{name}", Results(folder, copies_of(app, name)), name=name)
    for name, folder in (("clips", settings.dataset_root), ("samples", settings.experiment_root)):
        app.mount(f"/gpt_sovits/{name}", Media(settings.root / folder), name=name)
    app.mount("/web", PageFiles(PROJECT / "web"), name="web")
    _add_middleware(app, settings, folders, shortcuts)
    return app


def _module(part: str, name: str) -> ModuleType | None:
    full = f"service.{part}.{name}"
    try:
        found = importlib.util.find_spec(full)
    except ModuleNotFoundError:
        return None
    return importlib.import_module(full) if found is not None else None


def body_limit(settings: Settings, path: str, content_type: str) -> int:
    """Return how many bytes the body of a request may have."""
    if path == "/voice-models/import":
        return settings.archive_limit + MEBIBYTE
    if path.startswith("/voice-models") and content_type.startswith("multipart/form-data"):
        return settings.upload_limit + settings.avatar_limit + MEBIBYTE
    if path.startswith("/gpt_sovits/datasets/") and content_type.startswith("multipart/form-data"):
        return settings.recording_limit + MEBIBYTE
    return settings.json_limit


_ADDRESSES_OF_FILES = ("srt", "audio-out", "gpt_sovits/clips", "gpt_sovits/samples")
"""First parts of addresses, beside those of folders, that answers give away for files."""


def _add_middleware(app: FastAPI, settings: Settings, folders: Folders, shortcuts: tuple[Route, ...]) -> None:
    """Add the layers, the innermost first."""
    access_log = app.state.access_log = logs.AccessLog(folders.logs / "access.log")
    app.state.figures = HttpMetrics()
    app.add_middleware(Heads)
    app.add_middleware(
        BodyLimits,
        limit_of=lambda path, content_type: body_limit(settings, path, content_type),
        timeout_s=settings.body_timeout,
    )
    app.add_middleware(Shortcuts, routes=shortcuts)
    app.add_middleware(
        Guard,
        access=lambda: app.state.access,
        served=(*folders.served, *_ADDRESSES_OF_FILES),
        hosts=_hosts(settings),
        origins=settings.origins,
        rate=RateLimit(settings.rate_limit, settings.rate_burst),
        failures=RateLimit(settings.failed_logins / 60, settings.failed_logins),
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "X-Request-Id", "X-Requested-With"],
            expose_headers=["X-Request-Id"],
        )
    app.add_middleware(RequestContext, figures=app.state.figures, log=access_log)
    app.add_middleware(Proxies, trusted=settings.trusted_proxies)
    for prefix in ("/voice-tasks/", "/gpt_sovits/"):
        app.add_middleware(WholeSegments, prefix=prefix)


def _hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that are answered to; on loopback a foreign name is a page's trick (DNS rebinding)."""
    if settings.allowed_hosts or not is_loopback(settings.host):
        return settings.allowed_hosts
    return ("localhost", "testserver", socket.gethostname())


class Drain:
    """The beginning of the end, once, however often it is asked for: by a signal, then by the server's end."""

    def __init__(self, container: Container, domains: list[Domain]) -> None:
        self._container, self._domains = container, domains
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> asyncio.Task[None]:
        """Begin, and return what to wait for."""
        if self._task is None:
            self._container.stopping.set()
            self._task = asyncio.get_running_loop().create_task(self._drain())
        return self._task

    async def _drain(self) -> None:
        results = await asyncio.gather(*(domain.drain() for domain in self._domains), return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                logger.error("a part did not stop in order", exc_info=error)


@contextlib.asynccontextmanager
async def _life(app: FastAPI, settings: Settings, engine: Engine | None) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        container = await _open(app, settings, engine, stack)
        domains: list[Domain] = []
        for name in PARTS:
            if (module := _module(name, "domain")) is not None:
                domain: Domain = await to_thread.run_sync(module.build, container)
                domains.append(domain)
        app.state.domains = domains
        for domain in domains:
            stack.push_async_callback(domain.stop)
            await domain.start()
        drain = app.state.begin_drain = Drain(container, domains)
        _warn_when_open(settings, app.state.access)
        yield
        await drain()


async def _open(app: FastAPI, settings: Settings, engine: Engine | None, stack: contextlib.AsyncExitStack) -> Container:
    """Open what everything stands on; the stack closes it in the opposite order."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    folders = Folders(settings.root)
    await to_thread.run_sync(folders.create)
    app.state.access_log.open()
    stack.callback(app.state.access_log.close)
    if settings.objects_url is not None:
        from service.objects import ObjectStore

        app.state.objects = ObjectStore(settings.objects_url, settings.objects_seconds)
        stack.callback(app.state.objects.close)
    database = await to_thread.run_sync(open_database, settings)
    stack.callback(database.close)
    keys = KeyStore(database)
    secret = await to_thread.run_sync(keys.secret, "signed-addresses")
    signer = Signer(secret, settings.signed_url_seconds)
    app.state.access = await to_thread.run_sync(Access, keys.valid, signer)
    if engine is None and not settings.engine:
        from service.remote.engine import BrokerEngine

        engine = BrokerEngine()
        stack.push_async_callback(_close, engine)
    elif engine is None:
        from service.weights.starter import first_weights

        weights = await to_thread.run_sync(first_weights, settings)
        engine = await to_thread.run_sync(open_engine, settings.engine_settings(weights))
        # After the parts have stopped, so that their last segments are spoken.
        stack.push_async_callback(_close, engine)
    carrier = await to_thread.run_sync(open_carrier, settings)
    container = Container(settings, folders, database, engine, app.state.figures.registry, carrier)
    stack.callback(container.close)
    container.end = getattr(app.state, "end", None)
    container.device_known = getattr(app.state, "device_known", None)
    EngineMetrics(container.metrics, engine.status)
    container.add(KeyStore, keys)
    app.state.container = container
    return container


async def _close(engine: Engine) -> None:
    await to_thread.run_sync(engine.close)


def _warn_when_open(settings: Settings, access: Access) -> None:
    if not access.required() and not is_loopback(settings.host):
        logger.warning(
            "listening on %s without an API key: anyone who reaches this address can use the service; "
            "make a key with: %s",
            settings.host,
            _commands.module("service", "keys", "add", "NAME"),
        )

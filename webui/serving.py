"""Pages behind HTTP: one Gradio application to a port, with its doors closed but for what clients need."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui.hosts import Hosts
from webui.logins import Logins, Opens
from webui.unknown import refuse_unknown

_PREFIX = "/gradio_api"
# What clients before 1.4 ask for without the prefix.
_OLD_ROUTES = (
    *("/info", "/queue/", "/call/", "/upload", "/upload_progress", "/run/", "/api/", "/reset", "/cancel"),
    *("/heartbeat/", "/file=", "/file/", "/component_server"),
)
_UPLOAD_LIMIT = "20mb"
_POLICY = (
    b"default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    b"style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Door:
    """How pages are reached.

    Attributes:
        host: Address to listen on.
        opens: Says whether a key opens the page; None leaves it open.
        hint: What the login page says.
        icon: Picture of the tab; None for Gradio's.
        allowed_hosts: Names beside this machine's that it is reached under, where it listens on this machine alone.
    """

    host: str
    opens: Opens | None = None
    hint: str = ""
    icon: str | None = None
    allowed_hosts: tuple[str, ...] = ()


class Dialects:
    """Leads old clients' routes to today's, and keeps browsers from loading anything from elsewhere.

    Args:
        app: The application.
        door: Says which names it answers to.
    """

    def __init__(self, app: FastAPI, door: Door) -> None:
        self._app = app
        self._checked = Hosts(app, door.host, door.allowed_hosts)

    def life(self) -> AbstractAsyncContextManager[Any]:
        """Return the block within which the application works, for a server that does not begin and end it."""
        return self._app.router.lifespan_context(self._app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._checked(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(_OLD_ROUTES):
            scope = {**scope, "path": _PREFIX + path, "raw_path": _PREFIX.encode() + (scope.get("raw_path") or b"")}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"content-security-policy", _POLICY)]
                headers.append((b"x-content-type-options", b"nosniff"))
                message = {**message, "headers": headers}
            await send(message)

        await self._checked(scope, receive, guarded)


def application(page: gr.Blocks, door: Door) -> Dialects:
    """Return the ASGI application of a page."""
    page.queue(max_size=1000)
    logins = Logins(door.opens) if door.opens else None
    app = gr.mount_gradio_app(
        FastAPI(openapi_url=None, docs_url=None, redoc_url=None),
        page,
        path="/",
        auth=logins.login if logins is not None else None,
        auth_message=door.hint or None,
        allowed_paths=[],
        blocked_paths=blocked(),
        max_file_size=_UPLOAD_LIMIT,
        show_error=True,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        footer_links=["api"],
        favicon_path=door.icon,
        theme=theme(),
        css=".dark { --color-accent: var(--primary-400); }",  # no theme has two of them
    )
    # Only of an application that counts as launched does Gradio ask whether a file that a client names was uploaded.
    # It launches nothing that is mounted, and would copy any file of the machine to where clients can fetch it.
    page.has_launched = True
    refuse_unknown(_mounted(app))
    if logins is not None:
        _mounted(app).tokens = logins
    return Dialects(app, door)


def _mounted(app: FastAPI) -> Any:
    """Return Gradio's application within ours."""
    return next(route.app for route in app.routes if isinstance(route, Mount))


def theme() -> Any:
    """Return a look that loads no fonts from elsewhere, and whose words stand out from what is behind them."""
    sans = ["system-ui", "Noto Sans CJK SC", "sans-serif"]
    look = gr.themes.Soft(font=sans, font_mono=["ui-monospace", "monospace"])
    return look.set(
        color_accent="*primary_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        checkbox_label_background_fill_selected="*primary_600",
        checkbox_label_background_fill_selected_dark="*primary_600",
        block_title_text_color="*primary_700",
        block_label_text_color="*primary_700",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        body_text_color_subdued="*neutral_600",
    )


def blocked() -> list[str]:
    """Return the folders that Gradio's file routes must never serve: all but its own cache lies in one of them."""
    cache = Path(tempfile.gettempdir()).resolve()
    here = (Path.cwd().resolve(), Path.home().resolve(), Path(__file__).resolve().parents[1])
    return [str(folder) for folder in dict.fromkeys(here) if not cache.is_relative_to(folder)]


class Site:
    """A page on a port, open or closed. It is made when it first opens, and kept.

    Args:
        make: Returns the page.
        door: How it is reached.
        port: 0 takes a free one.
    """

    def __init__(self, make: Callable[[], gr.Blocks], door: Door, port: int) -> None:
        self._make, self._door, self._port = make, door, port
        self._app: Dialects | None = None
        self._life = AsyncExitStack()
        self._turn = asyncio.Lock()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is served at this moment."""
        return self._task is not None and not self._task.done()

    @property
    def port(self) -> int:
        """The port; the wanted one while it is closed."""
        if self._server is not None and self._server.started:
            sockets: list[Any] = [each for server in self._server.servers for each in server.sockets]
            return int(sockets[0].getsockname()[1])
        return self._port

    async def toggle(self) -> bool:
        """Open it where it is closed and close it where it is open; return whether it is open now.

        Raises:
            OSError: the port is taken.
        """
        async with self._turn:
            await (self.close() if self.is_open else self.open())
            return self.is_open

    async def open(self) -> None:
        """Serve it; returns once it answers.

        Raises:
            OSError: the port is taken.
        """
        if self.is_open:
            return
        listener = listening(self._door.host, self._port)
        if self._app is None:
            # In a context of its own: within an event, Gradio takes new components for the event's.
            self._app = application(contextvars.Context().run(self._make), self._door)
            # One life for all openings: Gradio begins tasks at each start, and ends none of them.
            await self._life.enter_async_context(self._app.life())
        self._server = server(self._app, self._door.host, lifespan="off")
        self._task = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Stop serving it."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.wait([self._task])
        self._server = self._task = None

    async def end(self) -> None:
        """Stop serving it for good."""
        await self.close()
        await self._life.aclose()


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OSError: the port is taken; the message names it.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(found[0], socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror}: {host}:{port}") from None
    return listener


def _worth_saying(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn's is no stream that a browser held open when its page was closed."""
    cancelled = record.exc_info is not None and record.exc_info[0] is asyncio.CancelledError
    return not cancelled and not str(record.msg).startswith("Cancel %s running task")


class _Server(uvicorn.Server):
    """One of several of a process, which handles signals itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def server(app: ASGIApp, host: str, lifespan: Literal["auto", "off"] = "auto") -> uvicorn.Server:
    """Return a server of an application, which begins and ends it unless ``lifespan`` is off."""
    logging.getLogger("uvicorn.error").addFilter(_worth_saying)
    return _Server(
        uvicorn.Config(
            app, host=host, lifespan=lifespan, log_level="warning", timeout_graceful_shutdown=2, server_header=False
        )
    )

"""Running the application: one process, one event loop, a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import socket
import sys
import threading
import webbrowser
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from service import logs
from service.app import create_app
from service.errors import ServiceError
from service.folders import Folders
from service.http.connections import ConnectionLimits, allow_more_files, protocol
from service.http.context import request_id_of_context
from service.opening import open_database
from service.settings import Settings

_M_ARENA_MAX = -8
_DEVICE_VARIABLES = ("infer_device_id", "ASCEND_DEVICE_ID", "DEVICE_ID")


class Server(uvicorn.Server):
    """Tells the application of a stop signal at once: event streams end, the queue hands back what it cannot finish."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, *, open_page: bool = False) -> None:
        super().__init__(config)
        self._app = app
        self._open_page = open_page
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Remember the loop that signals are passed to."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            announce_page(self.config.host, self.config.port, open_it=self._open_page)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A stop signal came; a second one ends the process without waiting."""
        if self._loop is not None and (begin := getattr(self._app.state, "begin_drain", None)) is not None:
            self._loop.call_soon_threadsafe(begin)
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """End as after a signal; called on the loop."""
        if (begin := getattr(self._app.state, "begin_drain", None)) is not None:
            begin()
        self.should_exit = True


def print_device(settings: Settings, device: str) -> None:
    """Print the line by which people and scripts know that the service has its device."""
    target, _, number = device.partition(":")
    if target == "CPU" and settings.device_target is None:
        print("warning: no usable Ascend device; computing on the CPU", file=sys.stderr, flush=True)
    identity = number if number.isdigit() else settings.device_id
    print(f"[Device] MindSpore context set: device_target={target}, device_id={identity}", flush=True)


def page_address(host: str, port: int) -> str:
    """Return the page's address for a person at this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/index"


def announce_page(host: str, port: int, *, open_it: bool) -> None:
    """Print the page's address, and show it in a browser where there is a screen."""
    address = page_address(host, port)
    print(f"[Page] {address}", flush=True)
    if open_it and any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        # A browser may take its time to start, and a terminal browser would never return.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def keep_memory_together() -> None:
    """Let the C library keep two heaps: of eight for each core, dozens of threads would leave each half empty."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _bound(config: uvicorn.Config) -> socket.socket:
    """Return the socket to listen on: before anything is opened, so that a second start on a port changes nothing.

    Raises:
        StartError: the address is taken, or not ours.
    """
    try:
        return config.bind_socket()
    except SystemExit:  # so says uvicorn that it cannot; why is in the log
        remedy = "is the service running already? --port chooses another"
        raise StartError(f"cannot listen on {config.host}, port {config.port}: see above; {remedy}") from None


def check_folders(settings: Settings) -> None:
    """Open once what has to be opened, to tell people in a line why it cannot be.

    Raises:
        StartError: a folder or the database cannot be used.
    """
    try:
        Folders(settings.root).create()
        open_database(settings).close()
    except ServiceError as error:  # made by a later version
        raise StartError(error.message) from error
    except (OSError, SQLAlchemyError) as error:
        words = str(getattr(error, "orig", None) or error)
        raise StartError(f"the service cannot use its folder {settings.root} or its database: {words}") from error


class StartError(RuntimeError):
    """The service cannot start."""


def run(settings: Settings, *, open_page: bool = False) -> int:
    """Serve until a signal ends it; returns the exit status."""
    try:
        return _run(settings, open_page)
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(settings: Settings, open_page: bool) -> int:
    keep_memory_together()
    logs.configure(settings.log_level, settings.log_format, request_id_of_context.get)
    for name in _DEVICE_VARIABLES:  # libraries read one or the other
        os.environ[name] = str(settings.device_id)
    app = create_app(settings)
    gc.freeze()  # modules and routes live to the end
    gc.enable()
    app.state.device_known = lambda device: print_device(settings, device)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
        backlog=4096,
        http=protocol(allow_more_files(ConnectionLimits(connections=settings.connections))),
    )
    listener = _bound(config)
    try:
        check_folders(settings)
        server = Server(config, app, open_page=open_page)
        app.state.end = server.end
        with contextlib.suppress(KeyboardInterrupt):  # comes once more after the orderly end that it caused
            server.run(sockets=[listener])
    finally:
        listener.close()
    if server.started and app.state.container.restart:
        # The same program with the same arguments, as it was started; nothing in it comes from a client.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    return 0 if server.started else 1

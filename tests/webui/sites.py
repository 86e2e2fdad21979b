"""Serves the pages in front of a fake service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tests.waiting import eventually
from tests.webui.fakeservice import FakeService, fake_app
from webui.assembly import Pages, Setup, assembled
from webui.service import Service
from webui.serving import Door, application, listening, server
from webui.versions import Hardware
from webui.words import Language, Words


@contextmanager
def serving(make: Callable[[], uvicorn.Server], after: Callable[[], Awaitable[None]] | None = None) -> Iterator[str]:
    """Serve on a thread of its own with an event loop of its own, on which ``after`` ends; yields the address."""
    listener = listening("127.0.0.1", 0)
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        servers.append(make())
        await servers[0].serve([listener])
        if after is not None:
            await after()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    eventually(lambda: bool(servers) and servers[0].started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        servers[0].should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server ends"


@dataclass
class Site:
    """Pages that are served, and the way to the service behind them."""

    url: str
    fake: FakeService
    service: httpx.AsyncBaseTransport
    pages: Pages

    def client(self, **given: Any) -> Any:
        """Return a real client."""
        return client_of(self.url, **given)


def client_of(url: str, **given: Any) -> Any:
    """Return a real client of pages; without certificates, which it would read for every call."""
    from gradio_client import Client

    return Client(url, verbose=False, ssl_verify=False, analytics_enabled=False, **given)


@contextmanager
def page_of(
    service_url: str,
    language: Language = "zh",
    hardware: Hardware | None = None,
    root: Path = Path("<APP_DIR>"),
    poll_s: float = 0.1,
    transport: httpx.AsyncBaseTransport | None = None,
    **door: Any,
) -> Iterator[tuple[str, Pages]]:
    """Serve the main page in front of a service, which ``transport`` leads to; yields its address."""
    made: list[Pages] = []

    def main() -> uvicorn.Server:
        setup = Setup(
            service=Service(service_url, language=language, transport=transport),
            words=Words(language),
            hardware=hardware or Hardware(4, accelerated=True),
            door=Door("127.0.0.1", **door),
            admin=f"{service_url}/index",
            root=root,
            ports={"label": 0, "uvr5": 0, "tts": 0},
            poll_s=poll_s,
        )
        made.append(assembled(setup))
        return server(application(made[0].main, setup.door), "127.0.0.1")

    with serving(main, lambda: made[0].opening.close()) as url:
        yield url, made[0]


@contextmanager
def site(language: Language = "zh", hardware: Hardware | None = None, **door: Any) -> Iterator[Site]:
    """Serve the main page in front of a fake service in the same process."""
    fake = FakeService()
    transport = httpx.ASGITransport(fake_app(fake))
    with page_of("http://service", language, hardware, poll_s=0.02, transport=transport, **door) as (url, pages):
        yield Site(url, fake, transport, pages)

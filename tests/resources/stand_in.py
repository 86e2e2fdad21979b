"""A hub on this machine: files in the layouts of Hugging Face and ModelScope, and misbehaviour on request."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Asked:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Behaviour:
    """What the stand-in does wrong, all off by default."""

    cut_after: int | None = None
    cuts: int = 0
    ignore_range: bool = False
    status: int | None = None
    redirect_to: str | None = None
    linked_etag: str | None = None
    pause_s: float = 0.0
    """Between two pieces of 16 KiB."""


@dataclass
class StandIn:
    """The running server: `files` by address path, `behaviour`, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        stand_in = self

        class Handler(_Handler):
            hub = stand_in

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put_hugging_face(self, repo: str, path: str, content: bytes) -> None:
        self.files[f"/{repo}/resolve/main/{path}"] = content

    def put_model_scope(self, repo: str, path: str, content: bytes) -> None:
        self.files[f"/models/{repo}/resolve/master/{path}"] = content

    def ranges(self) -> list[str | None]:
        """Return the Range header of every GET, in order."""
        return [asked.headers.get("range") for asked in self.asked if asked.method == "GET"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        how = self.hub.behaviour
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.asked.append(Asked(self.command, path, headers))
        content = self.hub.files.get(path)
        status = how.status or (404 if content is None else 200)
        if content is None or status != 200:
            self._refuse(status)
        elif how.redirect_to is not None and body:
            self.send_response(302)
            self.send_header("Location", how.redirect_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._give(content, headers.get("range"), body=body)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, content: bytes, asked_range: str | None, *, body: bool) -> None:
        how = self.hub.behaviour
        start = 0
        if asked_range is not None and not how.ignore_range:
            start = int(asked_range.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self._refuse(416)
                return
        self.send_response(206 if start else 200)
        digest = hashlib.sha256(content).hexdigest()
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Linked-Etag", f'"{how.linked_etag or digest}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body:
            with contextlib.suppress(ConnectionError):  # the client has gone, as one does that pauses
                self._write(content[start:])

    def _write(self, content: bytes) -> None:
        how = self.hub.behaviour
        if how.cut_after is not None and how.cuts > 0:
            how.cuts -= 1
            self.wfile.write(content[: how.cut_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif how.pause_s:
            for at in range(0, len(content), 1 << 14):
                self.wfile.write(content[at : at + (1 << 14)])
                time.sleep(how.pause_s)
        else:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

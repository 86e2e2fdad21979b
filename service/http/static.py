"""Files: the admin page and the results, confined to their folders, with ranges, without listings."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from service.errors import Code
from service.http.errors import answer
from service.words import said

# What browsers may show; anything else is a download.
_MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".webm": "audio/webm",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".json": "application/json",
    ".srt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
}


_LASTING = "vendor/"
Elsewhere = Callable[[Path, os.stat_result], str | None]
_COPIED = frozenset({"done", "output", "audio"})
"""Served folders whose files do not grow."""


def copies_of(app: Starlette, folder: str) -> Elsewhere:
    """Return what knows copies of a served folder's files in the application's object store, if it has one."""

    def address(path: Path, status: os.stat_result) -> str | None:
        store = getattr(app.state, "objects", None) if folder in _COPIED else None
        found: str | None = None if store is None else store.address(folder, path, status)
        return found

    return address


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in Path(path).parts)


class PinnedFile(FileResponse):
    """A file as it is when it is opened: a replacement meanwhile changes neither its length nor its content.

    A Range that is none is ignored, as HTTP asks; one outside of the file is refused as all errors are.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        refused: list[Message] = []

        async def unless_refused(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (400, 416):
                refused.append(message)
            elif not refused:
                await send(message)

        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # removed since it was looked up
            raise HTTPException(404) from None
        try:
            self.stat_result = os.fstat(descriptor)
            for name in ("content-length", "last-modified", "etag"):
                del self.headers[name]
            self.set_stat_headers(self.stat_result)
            self.path = f"/proc/self/fd/{descriptor}"
            await super().__call__(scope, receive, unless_refused)
            if refused and refused[0]["status"] == 400:
                whole = [each for each in scope["headers"] if each[0] != b"range"]
                await super().__call__({**scope, "headers": whole}, receive, send)
            elif refused:
                await self._refuse(scope, receive, send)
        finally:
            os.close(descriptor)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.stat_result is not None  # noqa: S101
        size = self.stat_result.st_size
        refusal = said("range_outside", size=size)
        headers = {"Content-Range": f"bytes */{size}"}
        await answer(HTTPConnection(scope), 416, Code.PARAMETER, refusal, None, headers)(scope, receive, send)


class _Files(StaticFiles):
    """A folder. What lies outside, begins with a dot, or cannot be looked up is not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        if _hidden(path) or "\0" in path or len(path) > 1000:
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the real path of a file with its status; none where a link leads to itself or may not be followed."""
        try:
            return super().lookup_path(path)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EACCES):
                return "", None
            raise


class Results(_Files):
    """A folder of results.

    Args:
        folder: Which.
        elsewhere: Returns where else a file may be read, None where nowhere.
    """

    def __init__(self, folder: Path, elsewhere: Elsewhere = lambda _path, _status: None) -> None:
        super().__init__(folder)
        self._elsewhere = elsewhere

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file as what it is, never as a page; or the address of its copy."""
        if scope["method"] == "GET" and (address := self._elsewhere(Path(full_path), stat_result)) is not None:
            return RedirectResponse(address, 307, {"Cache-Control": "private, no-store"})
        media_type = _MEDIA_TYPES.get(Path(full_path).suffix.lower())
        response = super().file_response(full_path, stat_result, scope, status_code)
        if isinstance(response, FileResponse):
            response = PinnedFile(full_path, status_code=status_code, stat_result=stat_result)
            response.headers["content-type"] = media_type or "application/octet-stream"
            if media_type is None:
                response.headers["content-disposition"] = "attachment"
        response.headers["cache-control"] = "private, no-cache"
        return response


class Media(Results):
    """As results; only sounds and pictures are there."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        if not (_MEDIA_TYPES.get(Path(path).suffix.lower()) or "").startswith(("audio/", "image/")):
            raise HTTPException(404)
        return await super().get_response(path, scope)


class PageFiles(_Files):
    """Scripts, styles and fonts of the admin page: kept by browsers, and asked for again with their ETag."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        # Modules import each other by plain names, so only what changes with a release of others may be kept long.
        lasting = path.startswith(_LASTING) or scope.get("query_string", b"").startswith(b"v=")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if lasting else "public, no-cache"
        return response


def page_response(path: Path, scope: Scope) -> Response:
    """Return the admin page.

    Raises:
        HTTPException: 404 where it is not installed.
    """
    folder = PageFiles(path.parent)
    full_path, status = folder.lookup_path(path.name)
    if status is None:
        raise HTTPException(404)
    response = folder.file_response(full_path, status, scope)
    response.headers["cache-control"] = "no-cache"
    return response

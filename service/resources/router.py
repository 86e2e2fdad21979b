"""Routes of what can be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from GPT_SoVITS import _commands
from GPT_SoVITS.resources import Resource, load_manifest
from service.addresses import is_loopback
from service.container import Container
from service.errors import ForbiddenError, MissingError, ParameterError
from service.http.dependencies import SharedContainer, provided
from service.http.envelope import Envelope, failures, success
from service.http.json_routes import JsonRoute
from service.presence import Presence
from service.resources.installer import FOLDER, SOURCES, Installer
from service.resources.measure import bytes_here

router = APIRouter(prefix="/resources", tags=["resources"], route_class=JsonRoute)
Download = Annotated[Installer, Depends(provided(Installer))]
ADMIN = "admin"
_BASE = ("hubert", "roberta", "gpt-v2", "sovits-v2")
"""What speech in the version that serves by default needs."""


class Installable(BaseModel):
    """A resource: files that belong together."""

    id: str = Field(description="Its name.", examples=["hubert"])
    description: str = Field(description="What it is.", examples=["Chinese HuBERT: features of the reference audio"])
    description_zh: str = Field(description="The same in Chinese.", examples=["中文 HuBERT，从参考音频提取特征"])
    versions: list[str] = Field(description="Model versions that need it.", examples=[["v1", "v2"]])
    languages: list[str] = Field(description="Languages that it serves; empty where it is no language data.")
    use: str = Field(description="synthesis or training.", examples=["synthesis"])
    licence: str = Field(description="As its publisher states it.", examples=["MIT"])
    size: int | None = Field(description="Bytes to fetch, null where nobody states it.", examples=[188813078])
    here: bool = Field(description="Whether it is installed.", examples=[False])
    fetched: int = Field(description="Bytes that need not be fetched any more.", examples=[0])
    command: str = Field(description="What fetches it in a terminal.", examples=["python -m GPT_SoVITS.resources ..."])
    base: bool = Field(description="Whether speech needs it before anything else.", examples=[True])


class Resources(BaseModel):
    """What can be installed, and the download that runs or ran last."""

    resources: list[Installable] = Field(description="Everything in the manifest, in its order.")
    sources: list[str] = Field(description="Where downloads may come from.", examples=[[*SOURCES, FOLDER]])
    allowed: bool = Field(description="Whether this client may install.", examples=[True])
    download: dict[str, Any] | None = Field(description="State, bytes done and in all, errors; null before the first.")


class Wanted(BaseModel):
    """What to bring, and from where."""

    ids: list[str] = Field(min_length=1, max_length=64, description="Resources.", examples=[["hubert", "roberta"]])
    source: Literal["auto", "huggingface", "hf-mirror", "modelscope", "folder"] = Field(
        "auto", description="auto tries the hubs in turn; folder copies from a folder of the server."
    )
    folder: str = Field("", max_length=4096, description="With folder: its path on the server.")


class DownloadAnswer(BaseModel):
    """The download as it is now."""

    download: dict[str, Any] | None = Field(description="null when there is none.")


def _allowed(request: Request) -> bool:
    """Whether a client may install: anybody where no keys exist, else who has a key for administrators."""
    if not request.app.state.access.required():
        return True
    name = str(request.scope.get("api_key_name") or "").lower()
    return name == ADMIN or name.startswith((f"{ADMIN}-", f"{ADMIN}."))


async def _administrator(request: Request) -> None:
    if not _allowed(request):
        raise ForbiddenError("admin_needed", command=_commands.module("service", "keys", "add", "admin"))


Administrator = Depends(_administrator)


@router.get("", summary="List what can be installed", responses=failures())
def list_resources(request: Request, container: SharedContainer, installer: Download) -> Envelope[Resources]:
    """Return every weight file and language resource of the manifest, whether it is here, and the latest download."""
    presence, root = container.get(Presence), container.settings.root
    download = installer.download
    return success(
        Resources(
            resources=[_shown(each, presence.has(each.id), root) for each in load_manifest().resources],
            sources=[*SOURCES, FOLDER],
            allowed=_allowed(request),
            download=None if download is None else download.told(),
        )
    )


def _shown(resource: Resource, here: bool, root: Path) -> Installable:
    return Installable(
        id=resource.id,
        description=resource.description["en"],
        description_zh=resource.description["zh"],
        versions=list(resource.versions),
        languages=list(resource.languages),
        use=resource.use,
        licence=resource.licence,
        size=resource.size,
        here=here,
        fetched=(resource.size or 0) if here else bytes_here(resource, root),
        command=_commands.module("GPT_SoVITS.resources", "fetch", resource.id),
        base=resource.id in _BASE,
    )


@router.post("/download", summary="Install", responses=failures(400, 403, 404, 409), dependencies=[Administrator])
def begin(
    wanted: Wanted, request: Request, container: SharedContainer, installer: Download
) -> Envelope[DownloadAnswer]:
    """Bring resources, one download at a time; `resources` events of `/events` tell how far it is."""
    known = {each.id for each in load_manifest().resources}
    unknown = [each for each in wanted.ids if each not in known]
    if unknown:
        raise MissingError("resource_unknown", name=unknown[0][:60])
    folder = str(_folder(wanted.folder, request, container)) if wanted.source == FOLDER else ""
    installer.start(tuple(dict.fromkeys(wanted.ids)), wanted.source, folder)
    return _answer(installer)


@router.post("/download/pause", summary="Pause installing", responses=failures(403), dependencies=[Administrator])
def pause(installer: Download) -> Envelope[DownloadAnswer]:
    """Stop the download; what has come stays."""
    installer.pause()
    return _answer(installer)


@router.post("/download/resume", summary="Go on installing", responses=failures(403, 409), dependencies=[Administrator])
def resume(installer: Download) -> Envelope[DownloadAnswer]:
    """Go on with a download that was paused or has failed."""
    installer.resume()
    return _answer(installer)


@router.delete("/download", summary="Give up installing", responses=failures(403), dependencies=[Administrator])
def discard(installer: Download) -> Envelope[DownloadAnswer]:
    """Stop the download and remove its unfinished files."""
    installer.discard()
    return _answer(installer)


def _answer(installer: Installer) -> Envelope[DownloadAnswer]:
    download = installer.download
    return success(DownloadAnswer(download=None if download is None else download.told()))


_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


def _sits_here(request: Request) -> bool:
    """Whether a request comes from this machine and no proxy says that it has passed it on."""
    client = request.client.host if request.client else ""
    return is_loopback(client) and not any(name in request.headers for name in _PASSED_ON)


def _folder(path: str, request: Request, container: Container) -> Path:
    """Return a folder with copies: anywhere for who has proved who they are or sits at this machine, else below root.

    Raises:
        ParameterError: there is none, or it may not be read.
    """
    root = container.settings.root.resolve()
    trusted = request.app.state.access.required() or _sits_here(request)
    refused = ParameterError("folder_unusable", folder=path[:80])
    if not path or not path.isprintable():
        raise refused
    try:
        real = (root / path).resolve()
        usable = real.is_dir() and (trusted or real.is_relative_to(root))
    except (OSError, RuntimeError, ValueError):
        raise refused from None
    if not usable:
        raise refused
    return real

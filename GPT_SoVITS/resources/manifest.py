"""The manifest: one record of every file a user may fetch, read from `manifest.json`.

Names, places and versions agree with the official project's `config.py`, README and `install.sh`. A size or checksum
that no published source states is null; none is guessed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from GPT_SoVITS.resources.errors import UnknownResourceError

MANIFEST_PATH = Path(__file__).with_name("manifest.json")
VARIABLE = "GPT_SOVITS_RESOURCE_MANIFEST"
"""Names a second manifest, whose resources take the place of ours with the same ids: for a closed network's own."""
HUGGING_FACE = "huggingface"
MODEL_SCOPE = "modelscope"
HUBS = (HUGGING_FACE, MODEL_SCOPE)


@dataclass(frozen=True)
class HubPath:
    """A file on a hub: the hub's name, the repository `owner/name`, the file's path inside it."""

    hub: str
    repo: str
    path: str


@dataclass(frozen=True)
class WebPath:
    """A file at a plain address."""

    url: str


@dataclass(frozen=True)
class PackagePath:
    """A wheel of the Python package index, by requirement (`name==version`): reached where no hub is."""

    requirement: str


Remote = HubPath | WebPath | PackagePath


@dataclass(frozen=True)
class File:
    """One file to have: `name` under the resource's folder, size in bytes and SHA-256 where they are known."""

    name: str
    size: int | None
    sha256: str | None
    remotes: tuple[Remote, ...] = ()


@dataclass(frozen=True)
class Archive:
    """A zip or tar.gz whose members are a resource's files, whatever folder they lie in inside it."""

    name: str
    size: int | None
    sha256: str | None
    remotes: tuple[Remote, ...]


@dataclass(frozen=True)
class Resource:
    """Files that belong together, and what needs them.

    `versions` and `languages` name who needs it; `use` is `synthesis` or `training`. `folder` is relative to the
    project root; `also_at` lists other folders where an installation may have it (`~` and `$VARIABLE` are expanded).
    A resource with `archives` is unpacked from the first of them that can be had; when none can, its files are fetched
    one by one where they have addresses of their own.
    """

    id: str
    description: Mapping[str, str]
    versions: tuple[str, ...]
    languages: tuple[str, ...]
    use: str
    licence: str
    folder: PurePosixPath
    also_at: tuple[str, ...]
    files: tuple[File, ...]
    archives: tuple[Archive, ...]

    @property
    def size(self) -> int | None:
        """Bytes to fetch, None when a part of it is not known."""
        sizes = [self.archives[0].size] if self.archives else [file.size for file in self.files]
        return None if any(size is None for size in sizes) else sum(size for size in sizes if size is not None)


@dataclass(frozen=True)
class Manifest:
    """Every resource, in the order they are listed."""

    resources: tuple[Resource, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """Model versions that some resource is for, in the manifest's order."""
        return tuple(dict.fromkeys(version for resource in self.resources for version in resource.versions))

    @property
    def languages(self) -> tuple[str, ...]:
        """Language keys that some resource is for."""
        return tuple(dict.fromkeys(language for resource in self.resources for language in resource.languages))

    def get(self, resource_id: str) -> Resource:
        """Return one resource; raises UnknownResourceError naming those there are."""
        for resource in self.resources:
            if resource.id == resource_id:
                return resource
        known = ", ".join(resource.id for resource in self.resources)
        raise UnknownResourceError("unknown_resource", found=resource_id, expected=known)

    def select(
        self,
        ids: Iterable[str] = (),
        versions: Iterable[str] = (),
        languages: Iterable[str] = (),
        training: bool = False,
    ) -> tuple[Resource, ...]:
        """Return the named resources and those the versions and languages need, in the manifest's order.

        What only training needs is left out unless `training` is true or it is named.
        """
        named = {self.get(resource_id).id for resource_id in ids}
        versions, languages = set(versions), set(languages)

        def wanted(resource: Resource) -> bool:
            if resource.id in named:
                return True
            if resource.use == "training" and not training:
                return False
            return bool(versions & set(resource.versions) or languages & set(resource.languages))

        return tuple(resource for resource in self.resources if wanted(resource))


def load_manifest(path: Path | None = None) -> Manifest:
    """Read a manifest file: a given one, else ours with what the one that the environment names has instead."""
    if path is not None:
        return _read(path)
    ours, named = _read(MANIFEST_PATH), os.environ.get(VARIABLE)
    if not named:
        return ours
    instead = {resource.id: resource for resource in _read(Path(named)).resources}
    kept = [instead.pop(resource.id, resource) for resource in ours.resources]
    return Manifest((*kept, *instead.values()))


@lru_cache(8)  # readiness asks often
def _read(path: Path) -> Manifest:
    data = json.loads(path.read_text(encoding="utf-8"))
    repositories = data["repositories"]
    return Manifest(tuple(_resource(item, repositories) for item in data["resources"]))


def _resource(item: Mapping[str, Any], repositories: Mapping[str, Any]) -> Resource:
    return Resource(
        id=item["id"],
        description=item["description"],
        versions=tuple(item["versions"]),
        languages=tuple(item["languages"]),
        use=item["use"],
        licence=item["licence"],
        folder=PurePosixPath(item["folder"]),
        also_at=tuple(item.get("also_at", ())),
        files=tuple(_file(entry, item.get("repository"), repositories) for entry in item["files"]),
        archives=tuple(_archive(entry, repositories) for entry in item.get("archives", ())),
    )


def _file(entry: Mapping[str, Any], repository: str | None, repositories: Mapping[str, Any]) -> File:
    remotes = _remotes(entry["name"], repository, entry.get("url"), repositories)
    return File(entry["name"], entry["size"], entry["sha256"], remotes)


def _archive(entry: Mapping[str, Any], repositories: Mapping[str, Any]) -> Archive:
    remotes = _remotes(entry["name"], entry.get("repository"), entry.get("url"), repositories)
    if "package" in entry:
        remotes = (*remotes, PackagePath(entry["package"]))
    return Archive(entry["name"], entry["size"], entry["sha256"], remotes)


def _remotes(name: str, repository: str | None, url: str | None, repositories: Mapping[str, Any]) -> tuple[Remote, ...]:
    remotes: list[Remote] = []
    if repository is not None:
        hubs = repositories[repository]
        remotes += [HubPath(hub, at["repo"], at["prefix"] + name) for hub in HUBS for at in hubs[hub]]
    if url is not None:
        remotes.append(WebPath(url))
    return tuple(remotes)

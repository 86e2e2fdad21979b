"""Networks that a training begins with, by the paths that the official program has for them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from convert.base import OFFICIAL_ENCODER, SovitsBase, sovits_base
from convert.errors import CheckpointError
from GPT_SoVITS import _commands
from GPT_SoVITS.resources import load_manifest, locate
from GPT_SoVITS.versions import NEWEST, VERSIONS
from service.errors import MissingError, ParameterError
from service.paths import confined


class Pretrained:
    """Finds files and folders of networks.

    Args:
        root: The service's folder.
        allowed: Folders in which they may lie.
    """

    def __init__(self, root: Path, allowed: tuple[Path, ...]) -> None:
        self._root, self._allowed = root, allowed

    def find(self, field: str, path: str) -> Path:
        """Return the real path of what a client named. Blocks.

        An official path is also found where the resource of that name is installed.

        Raises:
            ParameterError: it lies outside the folders of weights.
            MissingError: it is not installed; the message says how to fetch it where that is known.
        """
        published = _published(path)
        try:
            return confined(path, self._allowed, self._root, field, is_there=Path.exists)
        except (MissingError, ParameterError):
            if published is None:
                raise
        resource_id, within = published
        folder = locate(resource_id, self._root)
        if folder is None or not (folder / within).exists():
            command = _commands.module("GPT_SoVITS.resources", "fetch", resource_id)
            raise MissingError("pretrained_missing", field=field, name=PurePosixPath(path).name, command=command)
        return folder / within

    def has_own_encoder(self, field: str, path: str) -> bool:
        """Whether SoVITS weights that a client named were trained with a content encoder of the program's. Blocks."""
        base = self._base(field, path)
        return base is not None and base.content_encoder != OFFICIAL_ENCODER

    def check_trainable(self, field: str, path: str) -> None:
        """Refuse SoVITS weights that can only speak, and that no published ones stand for. Blocks.

        Raises:
            ParameterError: they are such.
        """
        base = self._base(field, path)
        if base is not None and base.content_encoder != OFFICIAL_ENCODER and not base.has_posterior:
            raise ParameterError("base_only_speaks", field=field, name=PurePosixPath(path).name)

    def _base(self, field: str, path: str) -> SovitsBase | None:
        """Return what weights say of themselves; None where they cannot be read, which the step then says in full."""
        try:
            return sovits_base(self.find(field, path))
        except (MissingError, ParameterError, CheckpointError, OSError):
            return None


def version_of(path: str) -> str:
    """Return the model version of the published weights at a path; that of most installations for others."""
    published = _published(path)
    versions = load_manifest().get(published[0]).versions if published is not None else ()
    return versions[0] if len(versions) == 1 else NEWEST


def published_path(version: str, network: Literal["gpt", "sovits", "discriminator"]) -> str:
    """Return the official path of a version's published weights; empty where there are none."""
    entry = VERSIONS[version]
    resource_id = {"gpt": entry.gpt, "sovits": entry.sovits, "discriminator": entry.discriminator}[network]
    resource = load_manifest().get(resource_id) if resource_id else None
    return "" if resource is None else str(resource.folder / resource.files[0].name)


def _published(path: str) -> tuple[str, PurePosixPath] | None:
    """Return the resource that is published at a path, and the path within its folder; None for any other path."""
    wanted = PurePosixPath(path.replace("\\", "/"))
    for resource in load_manifest().resources:
        files = [resource.folder / file.name for file in resource.files]
        within = wanted.is_relative_to(resource.folder) and wanted != resource.folder
        if within and any(file.is_relative_to(wanted) for file in files):
            return resource.id, wanted.relative_to(resource.folder)
    return None

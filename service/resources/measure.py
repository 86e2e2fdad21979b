"""How much of a resource lies on the disk, told from its files alone: whole ones and those under way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from GPT_SoVITS.resources.manifest import Resource
from GPT_SoVITS.resources.transfer import part_of


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def parts(resource: Resource, root: Path) -> list[Path]:
    """Return the files that hold bytes of an unfinished transfer, whether they are there or not."""
    folder = root / resource.folder
    archives = [part_of(folder.with_name(archive.name)) for archive in resource.archives]
    return [*archives, *(part_of(folder / file.name) for file in resource.files)]


def bytes_here(resource: Resource, root: Path) -> int:
    """Return the bytes that need not be fetched any more, at most those that there are to fetch."""
    folder = root / resource.folder
    found = sum(map(_size, parts(resource, root)))
    if not resource.archives:
        found += sum(_size(folder / file.name) for file in resource.files)
    return found if resource.size is None else min(found, resource.size)


def remove_parts(resources: Iterable[Resource], root: Path) -> None:
    """Remove what unfinished transfers have left."""
    for resource in resources:
        for path in parts(resource, root):
            path.unlink(missing_ok=True)

"""Files from a local folder: a copy of the official tree, of a hub repository, or of a Hugging Face cache."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS.resources.errors import NotAvailableError
from GPT_SoVITS.resources.manifest import Archive, File, HubPath, Resource


class OfflineFolder:
    """Looks files up under `folder`; raises NotAvailableError when the folder itself is not there."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotAvailableError("no_folder", folder=folder)
        self.folder = folder

    def file(self, resource: Resource, file: File) -> Path:
        """Return the copy of one file; raises NotAvailableError naming every place looked at."""
        official = [str(resource.folder), *(place for place in resource.also_at if place[0] not in "/~$")]
        places = [self.folder / place / file.name for place in official]
        places += [self.folder / file.name, self.folder / resource.folder.name / file.name]
        return self._first(file.name, places + self._hub_places(file))

    def archive(self, archive: Archive) -> Path:
        """Return the copy of an archive; raises NotAvailableError naming every place looked at."""
        return self._first(archive.name, [self.folder / archive.name, *self._hub_places(archive)])

    def _hub_places(self, wanted: File | Archive) -> list[Path]:
        places: list[Path] = []
        for remote in wanted.remotes:
            if isinstance(remote, HubPath):
                places += [self.folder / remote.path, self.folder / remote.repo / remote.path]
                cache = f"models--{remote.repo.replace('/', '--')}/snapshots"
                for top in (self.folder, self.folder / "hub"):
                    places += [snapshot / remote.path for snapshot in sorted((top / cache).glob("*"))]
        return places

    def _first(self, name: str, places: list[Path]) -> Path:
        for place in places:
            if place.is_file():
                return place
        looked = ", ".join(dict.fromkeys(str(place.relative_to(self.folder)) for place in places))
        raise NotAvailableError("not_in_folder", name=name, folder=self.folder, places=looked)

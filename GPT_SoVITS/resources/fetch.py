"""Brings resources to their places: find a source, transfer, verify, then one atomic move per file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from GPT_SoVITS.resources.errors import FetchError, NotAvailableError, ResourceError, TransferError, UnreachableError
from GPT_SoVITS.resources.locate import State, check, compare
from GPT_SoVITS.resources.manifest import Archive, File, Remote, Resource
from GPT_SoVITS.resources.offline import OfflineFolder
from GPT_SoVITS.resources.progress import Progress
from GPT_SoVITS.resources.sources import Found, Source
from GPT_SoVITS.resources.transfer import Patience, part_of, transfer
from GPT_SoVITS.resources.unpack import unpack

Choice = TypeVar("Choice")
Tell = Callable[..., None]


class Fetcher:
    """Fetches into the official layout under `root`.

    Sources are tried in order; a host that did not answer once is not asked again. With `offline` files come from that
    folder and no source is asked. `tell(key, **params)` receives what happens, as keys of `messages`.
    """

    def __init__(
        self,
        root: Path,
        sources: Sequence[Source],
        tell: Tell,
        offline: OfflineFolder | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.root = root
        self.sources = sources
        self.tell = tell
        self.offline = offline
        self.patience = patience or Patience()
        self._silent: dict[str, UnreachableError] = {}

    def fetch(self, resource: Resource) -> None:
        """Make a resource whole; what is there and right is kept.

        Raises:
            FetchError: no source gave it; it has the reason of every source.
            ResourceError: it cannot be written.
        """
        try:
            if check(resource, self.root).good:
                self.tell("already", name=resource.id)
                return
            if resource.archives:
                self._unpack_or_fetch(resource)
            else:
                self._fetch_files(resource)
        except OSError as error:
            path = error.filename or self.root / resource.folder
            raise TransferError("unwritable", path=path, reason=error.strerror or error) from error
        self.tell("placed", name=resource.id, path=self.root / resource.folder)

    def _unpack_or_fetch(self, resource: Resource) -> None:
        try:
            self._unpack_resource(resource)
        except FetchError:
            if not all(file.remotes for file in resource.files):
                raise
            self._fetch_files(resource)

    def _fetch_files(self, resource: Resource) -> None:
        for file in resource.files:
            self._fetch_file(resource, file)

    def _fetch_file(self, resource: Resource, file: File) -> None:
        target = self.root / resource.folder / file.name
        if compare(target, file)[0].good:
            return
        if self.offline is not None:
            self._copy(self.offline.file(resource, file), target, file)
        else:
            self._download(file, target)
        part_of(target).replace(target)

    def _unpack_resource(self, resource: Resource) -> None:
        if self.offline is not None:
            try:
                self._fetch_files(resource)
                return
            except NotAvailableError:
                self.tell("fetching", name=resource.id, origin=self.offline.folder)
        self._first_of(resource.id, resource.archives, lambda archive: self._from_archive(resource, archive))

    def _from_archive(self, resource: Resource, archive: Archive) -> None:
        folder = self.root / resource.folder
        packed = folder.with_name(archive.name)
        if self.offline is not None:
            self._copy(self.offline.archive(archive), packed, archive)
        else:
            self._download(archive, packed)
        try:
            parts = unpack(part_of(packed), [file.name for file in resource.files], folder)
            for file, part in zip(resource.files, parts, strict=True):
                self._verify(part, file, archive.name)
            for file, part in zip(resource.files, parts, strict=True):
                part.replace(folder / file.name)
        finally:
            for leftover in (packed, *(folder / file.name for file in resource.files)):
                part_of(leftover).unlink(missing_ok=True)

    def _copy(self, origin: Path, target: Path, expected: File | Archive) -> None:
        self.tell("fetching", name=expected.name, origin=origin)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, part_of(target))
        self._verify(part_of(target), expected, str(origin))

    def _download(self, wanted: File | Archive, target: Path) -> None:
        """Bring a file to `part_of(target)`, verified, from the first source and remote that gives it."""
        choices = [(source, remote) for source in self.sources for remote in wanted.remotes if source.serves(remote)]
        if not choices:
            raise NotAvailableError("no_source", source=", ".join(each.name for each in self.sources), name=wanted.name)
        self._first_of(wanted.name, choices, lambda choice: self._download_from(*choice, wanted, target))

    def _download_from(self, source: Source, remote: Remote, wanted: File | Archive, target: Path) -> None:
        host = source.host(remote)
        if host in self._silent:
            raise self._silent[host]
        try:
            found = source.find(remote)
            self.tell("fetching", name=wanted.name, origin=found.origin)
            self._receive(found, wanted, target)
        except UnreachableError as error:
            self._silent[host] = error
            raise

    def _receive(self, found: Found, wanted: File | Archive, target: Path) -> None:
        expected = replace(wanted, sha256=wanted.sha256 or found.sha256)
        if found.sha256 is not None and found.sha256 != expected.sha256:
            raise TransferError("wrong_checksum", origin=found.origin, found=found.sha256, expected=expected.sha256)
        if found.cached is not None:
            self._copy(found.cached, target, expected)
            return
        resumed = part_of(target).exists()
        try:
            self._transfer(found, expected, target)
        except TransferError as error:
            if not (resumed and error.key in ("wrong_checksum", "wrong_size")):
                raise
            # The bytes we went on from belonged to another file: once more, from the beginning.
            self._transfer(found, expected, target)

    def _transfer(self, found: Found, expected: File | Archive, target: Path) -> None:
        if found.request is None:
            raise NotAvailableError("not_available", url=found.origin, status="no address")
        request = replace(found.request, size=expected.size or found.request.size)
        progress = Progress(expected.name)
        try:
            part = transfer(request, target, progress, self.patience)
        finally:
            progress.close()
        self._verify(part, expected, found.origin)

    def _verify(self, part: Path, expected: File | Archive, origin: str) -> None:
        state, seen, wanted = compare(part, expected)
        if state.good:
            if state is State.PRESENT:
                self.tell("unverified", name=expected.name)
            return
        part.unlink()
        key = "wrong_checksum" if state is State.CHECKSUM else "wrong_size"
        raise TransferError(key, origin=origin, found=seen, expected=wanted)

    def _first_of(self, name: str, choices: Sequence[Choice], attempt: Callable[[Choice], None]) -> None:
        """Run `attempt` on the choices until one succeeds; raises FetchError with every reason when none does."""
        reasons = []
        for choice in choices:
            reason = _outcome(attempt, choice)
            if reason is None:
                return
            reasons.append(reason)
        raise FetchError(name, reasons)


def _outcome(attempt: Callable[[Choice], None], choice: Choice) -> ResourceError | None:
    try:
        attempt(choice)
    except ResourceError as error:
        return error
    return None

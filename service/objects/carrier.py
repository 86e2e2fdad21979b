"""Files carried by an S3-compatible store between processes that share no folder.

An object's name is that of the file with its mark behind it, so nothing is ever written over: what a commit names stays
what it was. A file is fetched when it is needed, counted and hashed before it appears, and dropped when room is needed.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import re
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service.errors import FileLostError, ServiceError, StorageAwayError
from service.files.carrier import FileCarrier, Mark
from service.files.whole import read_in_parts, write_whole
from service.objects.ledger import Ledger

logger = logging.getLogger(__name__)

_PIECE = 8 << 20
_YOUNG_SECONDS = 3600.0
_LOCKS = 64
_RETRY_SECONDS = 5
_MARK = re.compile(r"([0-9a-f]{1,12})-([0-9a-f]{64})-[0-9a-f]{8}")
# Without these a store that is cut off is waited for, for minutes.
_PATIENCE = {"connect_timeout": 3, "read_timeout": 20, "retries": {"max_attempts": 2}}


def _opened(url: str) -> tuple[Any, str]:
    """Return the store's files and the folder in it."""
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if url.startswith("s3://"):
        options["config_kwargs"] = _PATIENCE
    files, root = importlib.import_module("fsspec.core").url_to_fs(url, **options)
    return files, root.rstrip("/")


class StoreCarrier(FileCarrier):
    """Threads may share it. Every method blocks.

    Args:
        url: Where files are kept, as fsspec reads it: ``s3://bucket/prefix``.
        root: This process' own folder.
        space: Bytes that copies may take here.

    Raises:
        ImportError: the package for that kind of address is not installed; the message names it.
    """

    apart = True

    def __init__(self, url: str, root: Path, space: int) -> None:
        self._files, self._base = _opened(url)
        self._root, self.ledger = root, Ledger(root, space)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    # --- names ---

    def _below(self, path: Path) -> str:
        return f"{self._base}/{path.relative_to(self._root).as_posix()}"

    def _key(self, path: Path, mark: Mark) -> str:
        return f"{self._below(path)}/{mark}{path.suffix}"

    # --- keeping and bringing ---

    def publish(self, path: Path, content: Path | None = None) -> Mark:
        """See :class:`FileCarrier`; a long file goes in parts."""
        source = content or path
        status, hashed = source.stat(), hashlib.sha256()
        for part in read_in_parts(source):
            hashed.update(part)
        mark = f"{status.st_size:x}-{hashed.hexdigest()}-{secrets.token_hex(4)}"
        with self._asking():
            self._files.put_file(str(source), self._key(path, mark))
        self.ledger.note(path, mark, status)
        return mark

    def fetch(self, path: Path, mark: Mark | None) -> Path:
        """See :class:`FileCarrier`."""
        if mark is None or self.ledger.mark(path) == mark:
            return path
        # Many ask at once for parts of one long file: one brings it.
        with self._locks[zlib.crc32(str(path).encode("utf-8", "surrogateescape")) % _LOCKS]:
            if self.ledger.mark(path) != mark:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, self._verified(path, mark), durable=False)
                self.ledger.note(path, mark, path.stat())
        return path

    def _verified(self, path: Path, mark: Mark) -> Iterator[bytes]:
        """Yield the content of an object; raises at its end where it is not what the mark says."""
        found = _MARK.fullmatch(mark)
        if found is None:
            raise FileLostError("file_lost", name=path.name)
        size, digest, key = int(found[1], 16), found[2], self._key(path, mark)
        hashed = hashlib.sha256()
        with self._asking(path):
            kept = int(self._files.info(key)["size"])
        for start in range(0, size if kept == size else 0, _PIECE):
            with self._asking(path):
                part = self._files.cat_file(key, start=start, end=min(start + _PIECE, size))
            hashed.update(part)
            yield part
        if hashed.hexdigest() != digest:
            logger.error("%s in the store of files is not what was put there", key)
            raise FileLostError("file_lost", name=path.name)

    @contextmanager
    def _asking(self, path: Path | None = None) -> Iterator[None]:
        """Turn whatever the store or the way to it raises into one of two errors."""
        try:
            yield
        except FileNotFoundError as error:
            if path is not None and self._answers():
                raise FileLostError("file_lost", name=path.name) from error
            raise _away(error) from error
        except ServiceError:
            raise
        except Exception as error:
            raise _away(error) from error

    def _answers(self) -> bool:
        """Whether the store is there: a bucket that is gone says of every file that it is missing."""
        try:
            return bool(self._files.exists(self._base.partition("/")[0]))
        except Exception:
            return False

    def trusted(self, path: Path, mark: Mark | None) -> bool:
        """See :class:`FileCarrier`: what lies here without a mark may be of an older task of the same name."""
        if mark is None:
            return False
        try:
            self.fetch(path, mark)
        except FileLostError:
            return False
        return True

    def mark_of(self, path: Path) -> Mark | None:
        """See :class:`FileCarrier`."""
        return self.ledger.mark(path) or None

    def spare(self, path: Path) -> None:
        """See :class:`FileCarrier`."""
        self.ledger.note(path, "", path.stat())

    def is_spare(self, path: Path) -> bool:
        """See :class:`FileCarrier`."""
        return self.ledger.mark(path) is not None

    def confirm(self, path: Path, mark: Mark | None) -> bool:
        """See :class:`FileCarrier`."""
        with self._asking():
            return mark is None or bool(self._files.exists(self._key(path, mark)))

    # --- removing ---

    def withdraw(self, path: Path, mark: Mark | None) -> None:
        """See :class:`FileCarrier`."""
        if mark is None:
            return
        if self.ledger.mark(path) == mark:
            self.ledger.drop(path)
        with _quietly():
            self._remove([self._key(path, mark)])

    def forget_others(self, path: Path, mark: Mark | None) -> None:
        """See :class:`FileCarrier`."""
        if self.ledger.mark(path) not in (None, mark):
            self.ledger.drop(path)
        with _quietly(), self._asking():
            keep = None if mark is None else self._key(path, mark)
            self._remove([key for key in self._files.find(self._below(path)) if key != keep])

    def forget_below(self, folder: Path) -> None:
        """See :class:`FileCarrier`."""
        with self._asking():
            self._remove(self._files.find(self._below(folder)))

    def _remove(self, keys: Sequence[str]) -> None:
        with self._asking():
            if keys:
                self._files.rm(list(keys))

    def sweep(self, folder: Path, unnamed: Callable[[Sequence[str]], set[str]]) -> int:
        """See :class:`FileCarrier`; the store's times of change say what is young."""
        base, before = self._below(folder), time.time() - _YOUNG_SECONDS
        with self._asking():
            found = self._files.find(base, detail=True)
        old = {
            key.removeprefix(f"{base}/").removesuffix(Path(key).suffix): key
            for key, facts in found.items()
            if (changed := facts.get("LastModified")) is not None and changed.timestamp() < before
        }
        gone = unnamed(list(old))
        self._remove([old[name] for name in gone])
        return len(gone)


def _away(error: Exception) -> StorageAwayError:
    logger.warning("the store of files cannot be used: %s: %s", type(error).__name__, error)
    return StorageAwayError("store_away", retry_after=_RETRY_SECONDS)


@contextmanager
def _quietly() -> Iterator[None]:
    """What cannot be removed now is found by a sweep."""
    try:
        yield
    except StorageAwayError as error:
        logger.warning("what is not needed any more stays in the store for now: %s", error)

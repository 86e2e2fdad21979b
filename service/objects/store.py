"""An S3-compatible store behind the served folders. The folder decides what there is; the store only carries bytes."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

LEAST_BYTES = 256 << 10
"""Smaller files are sent at once: a redirection costs more."""
_KNOWN = 10_000
_AGAIN_SECONDS = 60.0
_UPLOADS = 2


class ObjectStore:
    """Threads may share it.

    Args:
        url: Where copies lie, as fsspec reads it: ``s3://bucket/prefix``.
        seconds: How long a signed address is valid.

    Raises:
        ImportError: the package for that kind of address is not installed; the message names it.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._seconds = int(seconds)
        self._files: Any
        self._files, root = importlib.import_module("fsspec.core").url_to_fs(url)
        self._root = root.rstrip("/")
        self._lock = threading.Lock()
        self._known: OrderedDict[str, bool] = OrderedDict()
        self._tried: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="objects")

    def address(self, folder: str, path: Path, status: os.stat_result) -> str | None:
        """Return a signed address of a file's copy; None while there is none, and then one is begun.

        A file that is replaced has another copy: size and time of change are part of the copy's name.

        Args:
            folder: Under which it is served.
            path: The file.
            status: Of the file.
        """
        if status.st_size < LEAST_BYTES:
            return None
        name = f"{self._root}/{folder}/{status.st_mtime_ns:x}-{status.st_size:x}/{path.name}"
        with self._lock:
            known = name in self._known
        if known:
            return str(self._files.sign(name, expiration=self._seconds))
        self._begin(name, path, status)
        return None

    def _begin(self, name: str, path: Path, status: os.stat_result) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._tried.get(name, float("-inf")) < _AGAIN_SECONDS:
                return
            if len(self._tried) > _KNOWN:
                self._tried.clear()
            self._tried[name] = now
        self._pool.submit(self._copy, name, path, status)

    def _copy(self, name: str, path: Path, status: os.stat_result) -> None:
        """Upload a file, in parts where it is long; whoever finds a copy of the same name takes it as it is."""
        try:
            if not self._files.exists(name):
                self._files.put_file(str(path), name)
            now = path.stat()
            if (now.st_mtime_ns, now.st_size) != (status.st_mtime_ns, status.st_size):
                self._files.rm_file(name)  # replaced meanwhile: nobody knows what was sent
                return
        except Exception as error:  # of the network, the store, the disk: the file is served from here
            logger.warning("a copy of %s could not be made: %s", path.name, error)
            return
        with self._lock:
            self._known[name] = True
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def close(self) -> None:
        """Begin no more copies."""
        self._pool.shutdown(wait=True, cancel_futures=True)

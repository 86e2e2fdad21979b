"""Logs: the program's on standard error, every request's in ``Logs/access.log``."""

from __future__ import annotations

import json
import logging
import logging.handlers
import queue
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROTATE_HOURS, KEPT = 6, 28
_POLLING = ("/voice-tasks", "/healthz", "/readyz", "/metrics")


@dataclass(frozen=True)
class AccessEntry:
    """A request that was answered. Queries are not part of it: they hold texts and signatures."""

    client: str
    key: str
    method: str
    path: str
    status: int
    sent: int
    seconds: float
    request_id: str

    @property
    def is_polling(self) -> bool:
        """Whether it is one of many requests that only ask how something is going."""
        return is_polling(self.method, self.path, self.status)


def is_polling(method: str, path: str, status: int) -> bool:
    """Whether a request asked how something is going; such are many and tell nothing, unless they fail."""
    asks = method in ("GET", "HEAD") or path == "/voice-tasks/query"
    return asks and path.startswith(_POLLING) and status != 500


class _RotatingFile(logging.handlers.TimedRotatingFileHandler):
    """Says once that a line could not be written, not for every request that a full disk sees."""

    _error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        before, self._error = self._error, None
        super().emit(record)
        if self._error is not None and before is None:
            logging.getLogger(__name__).warning("requests cannot be logged: %s", self._error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self._error = sys.exc_info()[1]


class AccessLog:
    """Writes requests to a file from a thread of its own; the file is changed every 6 hours, 28 are kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handler: logging.Handler | None = None
        self._queue: logging.handlers.QueueHandler | None = None
        self._listener: logging.handlers.QueueListener | None = None

    def open(self) -> None:
        """Begin to write; entries before that are dropped."""
        path = self._path
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _RotatingFile(
            path, when="H", interval=ROTATE_HOURS, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
        entries: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._handler = handler
        self._queue = logging.handlers.QueueHandler(entries)
        self._listener = logging.handlers.QueueListener(entries, handler)
        self._listener.start()

    def write(self, entry: AccessEntry) -> None:
        """Add a request, unless it is polling. Does not block."""
        if self._queue is None or entry.is_polling:
            return
        # Escaped, so that a path cannot begin a line or a column of its own.
        path = json.dumps(entry.path, ensure_ascii=False)[1:-1]
        columns = (
            time.strftime("%Y-%m-%d %H:%M:%S"),
            entry.client,
            f"{json.dumps(entry.method)[1:-1]} {path}",
            str(entry.status),
            f"{entry.seconds * 1e3:.1f}ms",
            str(entry.sent),
            entry.key,
            entry.request_id,
        )
        line = "\t".join(columns)
        self._queue.enqueue(logging.makeLogRecord({"msg": line, "levelno": logging.INFO, "levelname": "INFO"}))

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._listener is not None and self._handler is not None:
            self._queue = None
            self._listener.stop()
            self._handler.close()


class _JsonLines(logging.Formatter):
    """A line of JSON for each message."""

    def format(self, record: logging.LogRecord) -> str:
        content = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False)


def configure(level: str, form: str, request_id: Callable[[], str]) -> None:
    """Send all messages to standard error, each with the request that it is about."""

    def mark(record: logging.LogRecord) -> bool:
        record.request_id = request_id() or "-"
        return True

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(mark)
    text = logging.Formatter("%(asctime)s %(levelname)-7s [%(request_id)s] %(name)s: %(message)s")
    handler.setFormatter(_JsonLines() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "alembic", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel("WARNING" if name.startswith("alembic") else level.upper())

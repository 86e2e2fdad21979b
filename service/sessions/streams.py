"""Server-sent events: a session whenever something about it has changed, until all of it has ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from service.bus import Message
from service.http.server_sent import COMMENT, RETRY_MS, sse
from service.jobs.errors import JobMissingError
from service.sessions.service import TrainingSessions
from service.training.names import NOUN, JobName

_LOOK_SECONDS = 1.0
_LOOKS_PER_COMMENT = 15
_OVER = frozenset({"done", "error", "cancelled"})


class SessionStream:
    """Every change of one session.

    Args:
        sessions: Knows it.
        session_id: Its name.
    """

    def __init__(self, sessions: TrainingSessions, session_id: str) -> None:
        self._sessions, self._session_id = sessions, session_id

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield the session as it is, then after every change; ends with it.

        Progress comes from the database, since a worker of another process may write it: once a second at most.

        Raises:
            JobMissingError: there is no such session.
        """
        bus, number, quiet = self._sessions.bus, 1, 0
        subscription = bus.subscribe(wants=self._wants)
        try:
            entry = await self._sessions.entry(self._session_id)
            yield f"retry: {RETRY_MS}\n".encode() + sse("training", entry, number)
            while entry["state"] not in _OVER and not bus.closed:
                await subscription.wait(_LOOK_SECONDS)
                before = entry
                try:
                    entry = await self._sessions.entry(self._session_id)
                except JobMissingError:
                    yield sse("training", _gone(self._session_id), number + 1)
                    return
                quiet += 1
                if entry != before:
                    number, quiet = number + 1, 0
                    yield sse("training", entry, number)
                elif quiet >= _LOOKS_PER_COMMENT:
                    quiet = 0
                    yield COMMENT
        finally:
            bus.unsubscribe(subscription)

    def _wants(self, message: Message) -> bool:
        name = JobName.of(message.key) if message.topic == NOUN else None
        return name is not None and name.session_id == self._session_id


def _gone(session_id: str) -> dict[str, Any]:
    return {"session_id": session_id, "state": "cancelled", "removed": True}

"""Who is logged in: a session lasts as long as the key that began it is good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from webui.service import ServiceCallError

Opens = Callable[[str], Coroutine[Any, Any, bool]]
"""Says whether a key is good; raises ServiceCallError where that cannot be told."""
_AGAIN_S = 30.0  # a session's key is asked about so often at most
_MOST = 10_000


@dataclass
class _Login:
    key: str
    checked: float


class Logins(dict[str, str]):
    """Session -> user name, in the place of Gradio's own table, which never forgets.

    Args:
        opens: Judges keys.
        clock: Gives seconds.
    """

    def __init__(self, opens: Opens, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._opens, self._clock = opens, clock
        self._given: ContextVar[str] = ContextVar("given")
        self._logins: dict[str, _Login] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looks: set[Future[None]] = set()

    async def login(self, user: str, key: str) -> bool:
        """Judge what somebody logs in with. Gradio makes the session in the same task, right afterwards."""
        del user  # any name will do
        try:
            good = await self._opens(key)
        except ServiceCallError:
            return False
        self._loop = asyncio.get_running_loop()
        self._given.set(key)
        return good

    def __setitem__(self, session: str, user: str) -> None:
        """Begin a session; the oldest ends where there are too many."""
        while len(self) >= _MOST:
            del self[next(iter(self))]
        super().__setitem__(session, user)
        self._logins[session] = _Login(self._given.get(), self._clock())

    def __delitem__(self, session: str) -> None:
        """End a session."""
        super().__delitem__(session)
        del self._logins[session]

    def get(self, session: Any, default: Any = None) -> Any:
        """Return the user; now and then, ask whether the key is still good. A session whose key is not ends."""
        login, now = self._logins.get(session), self._clock()
        if login is not None and self._loop is not None and now > login.checked + _AGAIN_S:
            login.checked = now
            look = asyncio.run_coroutine_threadsafe(self._look(session, login.key), self._loop)
            self._looks.add(look)  # a task that nobody holds may vanish
            look.add_done_callback(self._looks.discard)
        return super().get(session, default)

    async def _look(self, session: str, key: str) -> None:
        try:
            good = await self._opens(key)
        except ServiceCallError:  # nobody is locked out because the service is away
            return
        if not good and session in self:
            del self[session]

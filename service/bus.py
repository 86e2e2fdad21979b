"""Announcing changes within one process: from any thread to the event loop's streams, latest first kept.

Only what is committed is announced. A subscriber that is too slow loses messages, is told so, and reads the database.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MOST_PENDING = 4096


@dataclass(frozen=True)
class Message:
    """One announcement.

    Attributes:
        topic: What kind of thing: ``task``, ``progress``, ``voice``, ``category``, ``weights``, ``engine``,
            ``loading`` ...
        key: Which one of them.
        payload: What a stream needs to tell about it.
    """

    topic: str
    key: str
    payload: Any = None


class Subscription:
    """What one stream has not sent yet. Made by :meth:`ChangeBus.subscribe`; used on its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wants: Callable[[Message], bool], most: int) -> None:
        self._loop = loop
        self._wants = wants
        self._most = most
        self._lock = threading.Lock()
        self._pending: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._woken = False
        self.lost = False
        """Whether messages were dropped; whoever reads it resets it."""

    def offer(self, message: Message) -> None:
        """Take a message; from any thread."""
        if not self._wants(message):
            return
        with self._lock:
            if len(self._pending) >= self._most:
                self._pending.clear()
                self.lost = True
            self._pending.append(message)
            if self._woken:
                return
            self._woken = True
        self._call(self._wake.set)

    def close(self) -> None:
        """Wake whoever waits."""
        self._call(self._wake.set)

    def _call(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    def take(self) -> list[Message]:
        """Return what has come since, without waiting."""
        with self._lock:
            found = list(self._pending)
            self._pending.clear()
            self._woken = False
            self._wake.clear()
        return found

    async def wait(self, timeout: float) -> list[Message]:
        """Return what has come, as soon as there is something, at the latest after ``timeout`` seconds."""
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except asyncio.TimeoutError:
            return []
        return self.take()


class ChangeBus:
    """Hands every message to every subscription that wants it. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[tuple[str, str], set[Subscription]] = {}
        self._general: set[Subscription] = set()
        self._listeners: list[Callable[[Message], None]] = []
        self.closed = False

    def listen(self, listener: Callable[[Message], None]) -> None:
        """Call a function with every message, on the publisher's thread."""
        self._listeners.append(listener)

    def publish(self, topic: str, key: str, payload: Any = None) -> None:
        """Announce something; returns at once, from any thread."""
        message = Message(topic, key, payload)
        for listener in self._listeners:
            listener(message)
        with self._lock:
            targets = [*self._by_key.get((topic, key), ()), *self._general]
        for target in targets:
            target.offer(message)

    def subscribe(
        self,
        *,
        keys: tuple[tuple[str, str], ...] = (),
        wants: Callable[[Message], bool] | None = None,
        most: int = _MOST_PENDING,
    ) -> Subscription:
        """Return a subscription of the running event loop.

        Args:
            keys: ``(topic, key)`` pairs; empty takes everything.
            wants: A further choice, called on the publisher's thread.
            most: Messages kept before they count as lost.
        """
        subscription = Subscription(asyncio.get_running_loop(), wants or _everything, most)
        with self._lock:
            if not keys:
                self._general.add(subscription)
            for key in keys:
                self._by_key.setdefault(key, set()).add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        with self._lock:
            self._general.discard(subscription)
            for key in [key for key, found in self._by_key.items() if subscription in found]:
                self._by_key[key].discard(subscription)
                if not self._by_key[key]:
                    del self._by_key[key]

    def followed(self, topic: str, key: str) -> bool:
        """Whether a subscription might want to hear of something."""
        with self._lock:
            return bool(self._general) or (topic, key) in self._by_key

    def close(self) -> None:
        """End all streams: the server is going down."""
        self.closed = True
        with self._lock:
            found = {*self._general, *(one for ones in self._by_key.values() for one in ones)}
        for subscription in found:
            subscription.close()


def _everything(_: Message) -> bool:
    return True

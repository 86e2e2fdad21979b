"""Server-sent events: one task's changes, or everybody's for a whole page; resumable, coalesced, with heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import lru_cache
from typing import Any

from GPT_SoVITS.engine.messages import Progress
from service.bus import Message, Subscription
from service.http.server_sent import COMMENT, RETRY_MS, sse
from service.jobs.errors import JobMissingError
from service.jobs.records import CANCELLED, Change, EventType, Job, Status
from service.tasks.service import TaskService, View

HEARTBEAT_SECONDS = 15.0
COALESCE_SECONDS = 0.2
_MOST_MISSED = 500

Entry = Callable[[View], bytes]
"""A task as JSON, as the client of this stream sees it (addresses depend on where it asked)."""


@lru_cache(256)  # one task's progress goes to all who follow it
def _told_progress(message: Message) -> bytes:
    found: Progress = message.payload
    told = {
        "task_id": message.key,
        "segment": found.segment,
        "tokens": found.tokens,
        "expected": found.expected,
        "attempt": found.attempt,
    }
    return sse("progress", told)


def _newest(messages: list[Message]) -> list[Message]:
    """Return messages without progress that newer progress has overtaken: a slow client need not hear of it."""
    following = [*(message.topic for message in messages[1:]), ""]
    return [
        message
        for message, next_topic in zip(messages, following, strict=True)
        if not message.topic == next_topic == "progress"
    ]


def _gone(task_id: str, before: Job | None) -> dict[str, Any]:
    error = CANCELLED if before is None or not before.ended else before.error
    return {"task_id": task_id, "status": Status.ERROR.value, "error": error, "removed": True}


class TaskStream:
    """Every change of one task, until it has ended.

    Args:
        service: The queue.
        task_id: Whose changes.
        entry: See :data:`Entry`.
    """

    def __init__(self, service: TaskService, task_id: str, entry: Entry) -> None:
        self._service, self._task_id, self._entry = service, task_id, entry

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield the task as it is, then every change; ends with the task.

        Raises:
            JobMissingError: there is no such task.
        """
        name, bus = self._task_id, self._service.bus
        subscription = bus.subscribe(keys=(("task", name), ("progress", name)))
        try:
            task, number = await self._service.snapshot(name)
            yield f"retry: {RETRY_MS}\n".encode() + sse("task", self._entry(await self._service.view(task)), number)
            while not task.ended and not bus.closed:
                messages = await subscription.wait(HEARTBEAT_SECONDS)
                if subscription.lost or not messages:
                    subscription.lost = False
                    yield COMMENT
                    # Another server may have changed it: nobody here would tell.
                    messages = [*messages, *await self._missed(number, task)]
                for message in _newest(messages):
                    if isinstance(message.payload, Progress):
                        yield _told_progress(message)
                        continue
                    change: Change = message.payload
                    if change.event.number <= number:
                        continue
                    number = change.event.number
                    if change.job is None:
                        yield sse("task", _gone(name, task), number)
                        return
                    task = change.job
                    yield sse("task", self._entry(await self._service.view(task)), number)
        finally:
            bus.unsubscribe(subscription)

    async def _missed(self, number: int, before: Job) -> list[Message]:
        """Return the latest change after a number, if there is one."""
        missed = await self._service.events_of(self._task_id, number)
        if not missed:
            return []
        try:
            task: Job | None = (await self._service.snapshot(self._task_id))[0]
        except JobMissingError:
            task = None
        return [Message("task", before.job_id, Change(missed[-1], task))]


class PageStream:
    """Everything that a page shows: the latest state of each thing that changed, five times a second at most.

    Args:
        service: The queue.
        user_id: Only this user's tasks; None takes everybody's.
        entry: See :data:`Entry`.
        after: Number of the last event that the client has; 0 for a new client.
    """

    def __init__(self, service: TaskService, user_id: str | None, entry: Entry, after: int) -> None:
        self._service, self._user_id, self._entry, self._after = service, user_id, entry, after
        self._number = after

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield changes until the client leaves or the server stops."""
        bus = self._service.bus
        subscription = bus.subscribe(wants=self._wants)
        try:
            latest = await self._service.last_number()
            yield f"retry: {RETRY_MS}\n".encode() + sse("hello", {"number": latest}, latest)
            async for part in self._replayed(latest):
                yield part
            while not bus.closed:
                if messages := await self._gathered(subscription):
                    for part in [part async for part in self._told(messages)]:
                        yield part
                elif subscription.lost:
                    subscription.lost = False
                    yield sse("resync", {})
                else:
                    yield COMMENT
        finally:
            bus.unsubscribe(subscription)

    def _wants(self, message: Message) -> bool:
        if self._user_id is None:
            return True
        if isinstance(message.payload, Change):  # of any kind of job
            return bool(message.payload.event.user_id == self._user_id)
        if message.topic != "progress":
            return True
        owner: str | None = self._service.owner_of(message.key)
        return owner == self._user_id

    async def _gathered(self, subscription: Subscription) -> list[Message]:
        """Return what came within a moment, the latest of each thing alone."""
        messages = await subscription.wait(HEARTBEAT_SECONDS)
        if not messages or self._service.bus.closed:
            return []
        await asyncio.sleep(COALESCE_SECONDS)
        messages += subscription.take()
        return list({(message.topic, message.key): message for message in messages}.values())

    async def _told(self, messages: list[Message]) -> AsyncGenerator[bytes, None]:
        changed = {message.key for message in messages if message.topic == "task"}
        for message in messages:
            if message.topic == "task":
                change: Change = message.payload
                number = change.event.number
                if number <= self._after:
                    continue
                self._number = max(self._number, number)
                if change.job is None:
                    yield sse("task", _gone(message.key, None), self._number)
                else:
                    yield sse("task", self._entry(await self._service.view(change.job)), self._number)
            elif message.topic == "progress":
                if message.key not in changed:
                    yield _told_progress(message)
            elif isinstance(message.payload, Change):  # of another kind, whose routes tell more
                yield sse(message.topic, {"id": message.key, "type": message.payload.event.type})
            else:
                yield sse(message.topic, {"id": message.key, **(message.payload or {})})

    async def _replayed(self, latest: int) -> AsyncGenerator[bytes, None]:
        """Yield what a client that comes back has missed, or the advice to read everything again."""
        self._number, after, self._after = latest, self._after, latest
        if not after or after >= latest:
            return
        missed = await self._service.events_after(after, _MOST_MISSED + 1, self._user_id)
        if len(missed) > _MOST_MISSED:
            yield sse("resync", {}, latest)
            return
        last = {event.job_id: event for event in missed}
        for event in last.values():
            if event.type == EventType.REMOVED.value:
                yield sse("task", _gone(event.job_id, None), latest)
                continue
            try:
                task, _ = await self._service.snapshot(event.job_id)
            except JobMissingError:
                yield sse("task", _gone(event.job_id, None), latest)
            else:
                yield sse("task", self._entry(await self._service.view(task)), latest)

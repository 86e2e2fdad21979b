"""Steps of a training as jobs of the service: start, follow to the end, cancel, and whether one is running.

Each step has a session of its own in the service, always by the same name. So the service alone knows what runs:
a page that was restarted finds its steps again, and nothing stays marked as running when it is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webui.service import Service, ServiceCallError

_ACTIVE = frozenset({"wait", "run", "paused"})
_AWAY_S = 600.0  # how long a service may be away while a step is followed
_LOST_ANSWER_S = 60.0  # how long one that did not answer is asked whether it has begun
OWNER = "webui"


@dataclass(frozen=True)
class Step:
    """A button of the page.

    Attributes:
        name: As in :data:`webui.words.NAMES`.
        route: That starts it.
    """

    name: str
    route: str

    @property
    def session(self) -> str:
        """Its session in the service."""
        return f"{OWNER}-{self.name}"


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("slice", "open_slice"),
        Step("denoise", "open_denoise"),
        Step("asr", "open_asr"),
        Step("1a", "open1abc"),
        Step("1b", "open1abc"),
        Step("1c", "open1abc"),
        Step("1abc", "open1abc"),
        Step("1Ba", "sovits_train"),
        Step("1Bb", "gpt_train"),
        Step("uvr5", "open_uvr5"),
    )
}


@dataclass(frozen=True)
class JobView:
    """The newest job of a session.

    Attributes:
        state: wait, run, paused, done, cancelled or error; empty where there is none.
        progress: 0 to 100.
        share: How much of the work is done, 0 to 1; None before it has begun.
        error: Why it ended badly.
        artefacts: Paths of what it made, by kind, relative to the service's folder or absolute.
        log: The last lines of its log.
    """

    state: str = ""
    progress: float = 0.0
    share: float | None = None
    error: str = ""
    artefacts: Mapping[str, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in _ACTIVE


class Jobs:
    """The steps in the service.

    Args:
        service: Where they run.
        poll_s: Seconds between two looks.
    """

    def __init__(self, service: Service, poll_s: float = 1.0) -> None:
        self.service = service
        self._poll_s = poll_s

    async def view(self, step: Step) -> JobView:
        """Return the newest job of a step.

        Raises:
            ServiceCallError: the service does not say.
        """
        try:
            return newest((await self.service.get(f"/gpt_sovits/jobs/{step.session}"))["data"])
        except ServiceCallError as failure:
            if failure.status == 404:  # no job was ever started
                return JobView()
            raise

    async def start(self, step: Step, fields: Mapping[str, Any]) -> None:
        """Start a step of which no job runs; the newest job is this one from then on.

        Raises:
            ServiceCallError: the service refused, or cannot be reached and has not begun.
        """
        body = {**fields, "session_id": step.session, "user_id": OWNER}
        try:
            await self.service.post(f"/gpt_sovits/{step.route}", body)
        except ServiceCallError as failure:
            # The answer of a service that is killed is lost, and what it accepted is not.
            if failure.status or not await self._began(step):
                raise

    async def _began(self, step: Step) -> bool:
        until = time.monotonic() + _LOST_ANSWER_S
        while True:
            try:
                return (await self.view(step)).active
            except ServiceCallError as failure:
                if not failure.passing or time.monotonic() > until:
                    return False
            await asyncio.sleep(self._poll_s)

    async def cancel(self, step: Step) -> None:
        """Cancel what runs; nothing running is no error.

        Raises:
            ServiceCallError: the service does not answer.
        """
        try:
            await self.service.post(f"/gpt_sovits/jobs/{step.session}/cancel", {})
        except ServiceCallError as failure:
            if failure.status not in (404, 409):
                raise

    async def follow(self, step: Step) -> AsyncIterator[JobView]:
        """Give every look at the newest job; the last one is of its end.

        Raises:
            ServiceCallError: the service was away for ten minutes, or refuses.
        """
        seen = time.monotonic()
        while True:
            try:
                job = await self.view(step)
            except ServiceCallError as failure:
                if not failure.passing or time.monotonic() > seen + _AWAY_S:
                    raise
            else:
                seen = time.monotonic()
                yield job
                if not job.active:
                    return
            await asyncio.sleep(self._poll_s)


def newest(session: Mapping[str, Any]) -> JobView:
    """Return the newest job of a session, as the service describes it."""
    step: Mapping[str, Any] = next((each for each in session["steps"] if each["kind"] == session["kind"]), {})
    total = step.get("total") or 0
    return JobView(
        state=str(session["state"]),
        progress=float(session["progress"]),
        share=(step.get("done") or 0) / total if total else None,
        error=str(session["error"] or ""),
        artefacts={str(each["kind"]): str(each["path"]) for each in session["artefacts"]},
        log=tuple(session["log"]),
    )

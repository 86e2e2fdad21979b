"""One run of a step, from the button to its end, in the words that clients compare."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from webui.jobs import STEPS, Jobs, JobView, Step
from webui.service import ServiceCallError
from webui.words import Words

_ENDS = {"done": "finished", "cancelled": "closed", "error": "failed"}  # a job that was removed has no state
_DEVICES = re.compile(r"[0-9,\-]*")


@dataclass(frozen=True)
class Stage:
    """Where a run is.

    Attributes:
        state: busy, running, finished, closed or failed.
        job: As the service last said.
        refusal: Why the service did not start it.
    """

    state: str
    job: JobView = field(default_factory=JobView)
    refusal: ServiceCallError | None = None

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state in ("busy", "running")


class Runner:
    """Runs steps.

    Args:
        jobs: The steps in the service.
        words: Of status texts.
    """

    def __init__(self, jobs: Jobs, words: Words) -> None:
        self.jobs, self.words = jobs, words

    async def run(self, name: str, fields: Mapping[str, Any]) -> AsyncIterator[Stage]:
        """Give the stages of a run: running as often as the service is asked, then one end; or busy alone."""
        step = STEPS[name]
        try:
            if (job := await self.jobs.view(step)).active:
                yield Stage("busy", job)
                return
            await self.jobs.start(step, fields)
        except ServiceCallError as failure:
            gr.Warning(str(failure))
            yield Stage("failed", refusal=failure)
            return
        yield Stage("running")
        async for stage in self._followed(step):
            yield stage

    async def again(self, name: str) -> AsyncIterator[Stage]:
        """Give the stages of a step that runs already, whoever started it; nothing where none does."""
        step = STEPS[name]
        try:
            runs = (await self.jobs.view(step)).active
        except ServiceCallError:  # who starts a step is told
            return
        if runs:
            async for stage in self._followed(step):
                yield stage

    async def _followed(self, step: Step) -> AsyncIterator[Stage]:
        try:
            async for job in self.jobs.follow(step):
                if job.state == "error":
                    gr.Warning(job.error)
                yield Stage("running" if job.active else _ENDS.get(job.state, "closed"), job)
        except ServiceCallError as failure:
            gr.Warning(str(failure))
            yield Stage("failed")

    async def ends(self, name: str, fields: Mapping[str, Any]) -> AsyncIterator[Stage]:
        """Give the first stage and the last one."""
        told = False
        async for stage in self.run(name, fields):
            if stage.state != "running" or not told:
                yield stage
            told = True

    async def close(self, name: str) -> str:
        """Cancel a step and return the status text, which is the same when nothing runs."""
        try:
            await self.jobs.cancel(STEPS[name])
        except ServiceCallError as failure:
            gr.Warning(str(failure))
            return self.words.state(name, "failed")
        return self.words.state(name, "closed")


def clean(path: str) -> str:
    """Return a path without what comes along when it is copied: quotes, spaces, marks of direction."""
    return str(path or "").strip(" \t\r\n\"'\u202a\u202c")


def devices(numbers: Any) -> str:
    """Return numbers of devices; what is none becomes the first device."""
    text = str(numbers).strip()
    return text if _DEVICES.fullmatch(text) else "0"


def number(value: Any) -> Any:
    """Return a number that came as text as a number; what is none stays, and the service says so."""
    if not isinstance(value, str):
        return value
    try:
        found = float(value)
    except ValueError:
        return value
    return int(found) if found.is_integer() else found

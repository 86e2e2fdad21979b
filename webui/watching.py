"""What runs at this moment, in words for the page."""

from __future__ import annotations

import asyncio

from webui.jobs import STEPS, Jobs, JobView
from webui.service import ServiceCallError
from webui.words import Words


async def running_work(jobs: Jobs, words: Words) -> str:
    """Return a line of Markdown for each step that runs, with its progress and the end of its log."""
    try:
        views = await asyncio.gather(*(jobs.view(step) for step in STEPS.values()))
    except ServiceCallError as failure:
        return words.text("unreachable", reason=failure)
    lines = [_line(words.name(name), view) for name, view in zip(STEPS, views, strict=True) if view.active]
    return "\n".join(lines) or words.text("idle")


def _line(name: str, view: JobView) -> str:
    last = view.log[-1].replace("`", "'") if view.log else ""
    return f"- **{name}** {view.progress:.0f} % {f'`{last}`' if last else ''}".rstrip()

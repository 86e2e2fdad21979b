"""A page that is opened shows what runs already: steps that somebody has started, and further pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import gradio as gr

from webui.actions.opening import Opening
from webui.actions.running import Runner
from webui.actions.updates import buttons, update
from webui.pages.parts import PageBox, StepBox

UNSEEN: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
"""Of events that are the page's own: no part of the client API."""
AT_ONCE: Mapping[str, Any] = {**UNSEEN, "queue": False}
"""Of those that take no time. In the queue, the end of one could close the stream that a button has just asked for."""


def resume_steps(page: gr.Blocks, runner: Runner, boxes: Mapping[str, StepBox]) -> None:
    """Let each step's box follow a job that runs when the page is opened.

    Args:
        page: The page; this is called within it.
        runner: Knows what runs.
        boxes: Step -> its box.
    """
    for name, box in boxes.items():
        _resume(page, runner, name, box)


def _resume(page: gr.Blocks, runner: Runner, name: str, box: StepBox) -> None:
    async def follow() -> AsyncIterator[tuple[Any, ...]]:
        yield update(), update(), update()  # whoever gives nothing at all empties the box
        async for stage in runner.again(name):
            share = f" {stage.job.progress:.0f} %" if stage.running else ""
            yield runner.words.state(name, stage.state) + share, *buttons(stage.running)

    page.load(follow, [], box.all, **UNSEEN)


def resume_pages(page: gr.Blocks, opening: Opening, boxes: Mapping[str, PageBox]) -> None:
    """Let each further page's box say whether that page is open when this one is opened, and link to it.

    Args:
        page: The page; this is called within it.
        opening: Knows which pages are open.
        boxes: Name -> box.
    """

    def look() -> tuple[Any, ...]:
        return tuple(part for name in boxes for part in opening.told(name) or (update(), update(), update()))

    page.load(look, [], [part for box in boxes.values() for part in box.all], **AT_ONCE)
    for name, box in boxes.items():
        box.status.change(opening.link_to(name), [], [box.link], **AT_ONCE)

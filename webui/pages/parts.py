"""Components that several pages have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.words import Words

Action = Callable[..., Any]


@dataclass(frozen=True)
class StepBox:
    """A step's status text and buttons.

    Attributes:
        status: Text.
        open: Button.
        close: Button; hidden while the step does not run.
    """

    status: Any
    open: Any
    close: Any

    @property
    def all(self) -> list[Any]:
        """Outputs of every endpoint of the step, in order; clients of the API do not see the buttons."""
        return [self.status, self.open, self.close]

    def when_opened(self, action: Action, inputs: Sequence[Any], api_name: str, more: Sequence[Any] = ()) -> None:
        """Make the first button's endpoint, whose outputs are those of every endpoint and ``more``."""
        self._connect(self.open, action, inputs, api_name, more)

    def when_closed(self, action: Action, api_name: str, inputs: Sequence[Any] = ()) -> None:
        """Make the second button's endpoint."""
        self._connect(self.close, action, inputs, api_name, ())

    def _connect(self, button: Any, action: Action, inputs: Sequence[Any], api_name: str, more: Sequence[Any]) -> None:
        outputs = [*self.all, *more]
        # What shows progress cannot be clicked meanwhile, and the second button ends what the first one began.
        button.click(action, list(inputs), outputs, api_name=api_name, show_progress_on=[self.status])


WIDE = 240
"""Least width in pixels of what has long words beside others in a row: on a phone it gets a row of its own."""


def checkbox(label: str, value: bool, **more: Any) -> Any:
    """Return a box to check."""
    return gr.Checkbox(label=label, value=value, min_width=WIDE, **more)


def sound(label: str, **more: Any) -> Any:
    """Return a player. Gradio's own has a button that sends what it plays to a site of Gradio's makers."""
    return gr.Audio(label=label, buttons=["download"], **more)


RECORDINGS, LIST = "data/anna/raw", "output/asr_opt/slicer_opt.list"
"""Examples of paths in the service's folder."""


def path_box(label: str, value: str | None = None, example: str = "") -> Any:
    """Return a box for a path; one without a value has to be filled in by clients of the API."""
    return gr.Textbox(label=label, value=value, placeholder=example, min_width=WIDE)


@dataclass(frozen=True)
class PageBox(StepBox):
    """The box of a further page.

    Attributes:
        link: Leads to the page while it is open.
    """

    link: Any


def page_box(words: Words, name: str) -> PageBox:
    """Lay out a further page's status, buttons and link."""
    box = step_box(words, name)
    return PageBox(box.status, box.open, box.close, gr.Markdown(""))


def step_box(words: Words, name: str) -> StepBox:
    """Lay out a step's status and buttons."""
    with gr.Row():
        status = gr.Textbox(label=words.text("status"), interactive=False, scale=3)
        opening = gr.Button(words.action(name, "open"), variant="primary")
        closing = gr.Button(words.action(name, "close"), variant="stop", visible=False)
    return StepBox(status, opening, closing)

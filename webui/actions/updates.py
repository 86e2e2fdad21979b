"""Update dictionaries, as clients of the page receive them."""

from __future__ import annotations

from typing import Any

import gradio as gr

Update = dict[str, Any]


def update(**values: Any) -> Update:
    """Return an update of a component; without values one that leaves it as it is."""
    return {"__type__": "update", **values}


def buttons(running: bool) -> tuple[Update, Update]:
    """Return the updates of a step's two buttons, open and close."""
    return update(visible=not running), update(visible=running)


def refusal(message: object) -> gr.Error:
    """Return an error that clients read and that is no fault of ours, so that the log shows no traceback."""
    return gr.Error(str(message), print_exception=False)

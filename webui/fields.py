"""Components that pass on what scripts send: a script may name weights made a moment ago, or write a number as text.

Gradio refuses a value that is not among a component's choices or not within its bounds, and remembers choices by
client. The official page ran on a Gradio that did not. Values are checked by the service, which knows what exists.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Sequence
from typing import Any

import gradio as gr


def _as_it_came(self: Any, payload: Any) -> Any:
    del self
    return payload


def _lenient(component: type) -> Any:
    """Return a component's class that checks nothing.

    It is made past Gradio's metaclass, which writes an interface file beside the module of each new class. The
    browser knows it by its parent's name (``is_template``).
    """
    members = {"preprocess": _as_it_came, "is_template": True, "__module__": __name__, "__doc__": component.__doc__}
    return ABCMeta.__new__(type(component), component.__name__, (component,), members)


Slider = _lenient(gr.Slider)
Dropdown = _lenient(gr.Dropdown)
Radio = _lenient(gr.Radio)


def suggestions(choices: Sequence[str], **named: Any) -> Any:
    """Return a list into which anything else may be written."""
    return Dropdown(list(choices), allow_custom_value=True, **named)

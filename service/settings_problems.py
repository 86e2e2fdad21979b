"""Wrong settings in plain words: which setting, where its value came from, the value, and what is allowed."""

from __future__ import annotations

import difflib
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from service.settings_sources import SettingsError

_LONGEST = 100
_PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple: "a list, or a text with commas between its entries",
    dict: "names and values, such as alloy=narrator,nova=anna",
}
"""Types of settings -> what they hold; all others are written as a text."""


def report(error: SettingsError) -> int:
    """Print one line for each wrong setting; returns the exit status of a command."""
    for line in str(error).splitlines():
        print(f"error: {line}", file=sys.stderr)
    return 2


def in_words(error: ValidationError, fields: Mapping[str, FieldInfo], origin: Callable[[str], str]) -> SettingsError:
    """Return what a validator found as an error with a line for each setting.

    Args:
        error: What it found.
        fields: All settings by name.
        origin: Name of a setting -> where its value came from.
    """
    lines = dict.fromkeys(_line(each, fields, origin) for each in error.errors(include_url=False))
    return SettingsError("\n".join(lines))


def _line(problem: Mapping[str, Any], fields: Mapping[str, FieldInfo], origin: Callable[[str], str]) -> str:
    where = problem["loc"]
    said = str(problem["msg"]).removeprefix("Value error, ")
    if not where:  # several settings do not fit together
        return said
    name = str(where[0])
    if name not in fields:
        near = difflib.get_close_matches(name, fields)
        hint = f"did you mean {' or '.join(near)}?" if near else "docs/SETTINGS.md lists those that there are"
        return f"{_shown(name)}: there is no such setting ({origin(name)}); {hint}"
    field = fields[name]
    if problem["type"] == "value_error":
        return f"{name} ({origin(name)}): {said}"
    value = "" if _is_secret(field) else f" is {_shown(problem['input'])}"
    return f"{'.'.join(map(str, where))}{value} ({origin(name)}); allowed: {allowed(field)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in _alternatives(field)


def _alternatives(field: FieldInfo) -> list[Any]:
    """Return the types that a setting may have, beside none at all."""
    union = get_origin(field.annotation) in (Union, types.UnionType)
    found = get_args(field.annotation) if union else (field.annotation,)
    return [each for each in found if each is not type(None)]


def allowed(field: FieldInfo) -> str:
    """Return in words what a setting may be."""
    kind = _alternatives(field)[0]
    if get_origin(kind) is Literal:
        return f"one of {', '.join(str(value) for value in get_args(kind))}"
    return " ".join([_PLAIN.get(get_origin(kind) or kind, "a text"), *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    named = {name: getattr(each, name) for each in field.metadata for name in ("ge", "gt", "le") if hasattr(each, name)}
    if "ge" in named and "le" in named:
        yield f"from {named['ge']} to {named['le']}"
    elif "ge" in named:
        yield f"of at least {named['ge']}"
    elif "gt" in named:
        yield f"above {named['gt']}"

"""What a validator found wrong with the fields of a request, in the language of the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException

from service.words import Said, said

INTERFACES = ("interface-api2", "interface-tts")
"""Tags of a body that several interfaces share; they are no fields."""
_PARTS_OF_REQUEST = ("body", "query", "path", "header", *INTERFACES)
_PLAIN = {
    "missing": "field_missing",
    "int_type": "field_integer",
    "int_parsing": "field_integer",
    "int_parsing_size": "field_integer",
    "int_from_float": "field_integer",
    "float_type": "field_number",
    "float_parsing": "field_number",
    "string_type": "field_text",
    "bool_type": "field_boolean",
    "bool_parsing": "field_boolean",
    "list_type": "field_list",
    "tuple_type": "field_list",
    "dict_type": "field_object",
    "model_type": "field_object",
    "model_attributes_type": "field_object",
    "finite_number": "field_finite",
    "extra_forbidden": "field_extra",
}
"""The validator's types of error that have no parameters."""
_WITH = {
    "string_too_long": ("field_too_long", {"limit": "max_length"}),
    "string_too_short": ("field_too_short", {"limit": "min_length"}),
    "too_long": ("field_too_many", {"limit": "max_length", "found": "actual_length"}),
    "too_short": ("field_too_few", {"limit": "min_length", "found": "actual_length"}),
    "less_than_equal": ("field_too_large", {"limit": "le"}),
    "greater_than_equal": ("field_too_small", {"limit": "ge"}),
    "less_than": ("field_not_below", {"limit": "lt"}),
    "greater_than": ("field_not_above", {"limit": "gt"}),
    "literal_error": ("field_choice", {"expected": "expected"}),
    "enum": ("field_choice", {"expected": "expected"}),
    "string_pattern_mismatch": ("field_form", {"expected": "pattern"}),
}
"""Those that have: our parameter -> the validator's."""


def problems(errors: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """Return each wrong field with what is wrong with it, as answers have it: in words and by code."""
    return [_problem(error, language) for error in errors]


def _problem(error: Mapping[str, Any], language: str) -> dict[str, Any]:
    where = [str(part) for part in error["loc"] if part not in _PARTS_OF_REQUEST]
    context = error.get("ctx") or {}
    if error["type"] == "json_invalid":
        # Its place is a character's, not a field's; what the validator itself read has none.
        what = said("field_other", detail=error["msg"])
        if where and context.get("error"):
            what = said("field_json", detail=context["error"], place=".".join(where))
        where = []
    else:
        what = _said(str(error["type"]), context, str(error["msg"]))
    return told(".".join(where) or "body", what, language)


def unreadable(error: HTTPException) -> Said | None:
    """Return what is wrong with a body that the framework could not read; ``None`` if the error is about another thing.

    The framework tells malformed JSON as fields, but anything else that it cannot decode as a bare 400.
    """
    cause = error.__cause__
    if error.status_code != 400:
        return None
    if isinstance(cause, UnicodeDecodeError):
        return said("field_encoding", place=cause.start)
    if isinstance(cause, ValueError | RecursionError):  # a number without an end, a nest without a bottom
        return said("field_unreadable", detail=cause)
    return None


def told(field: str, what: Said, language: str) -> dict[str, Any]:
    """Return a wrong field with what is wrong with it, as answers have it."""
    return {"field": field, "message": what.text(language), "code": what.code, "params": dict(what.params)}


def _said(kind: str, context: Mapping[str, Any], message: str) -> Said:
    if kind in _PLAIN:
        return said(_PLAIN[kind])
    if kind in _WITH:
        code, names = _WITH[kind]
        if all(name in context for name in names.values()):
            return said(code, **{ours: context[theirs] for ours, theirs in names.items()})
    return said("field_other", detail=message.removeprefix("Value error, "))

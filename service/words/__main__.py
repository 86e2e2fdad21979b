"""Prints `web/i18n/errors.js`, the table as the page has it: `python -m service.words > web/i18n/errors.js`."""

from __future__ import annotations

import json
import re

from service.words import LANGUAGES, TABLE
from service.words.terms import TERMS

_HEAD = """// Errors of the service in the words of the page, by their code; `{name}` is filled in.
// Made from the service's own table, which a test holds it against: python -m service.words > web/i18n/errors.js
"""


def sentence(text: str) -> str:
    """Return English words as a sentence of their own; names of fields and parameters stay as they are."""
    first = re.match(r"[a-z]+\b(?![_.])", text)
    text = text[0].upper() + text[1:] if first else text
    return text if text.endswith((".", "}")) else f"{text}."


def _pair(pair: tuple[str, str]) -> str:
    return "{ " + ", ".join(f"{name}: {_quoted(text)}" for name, text in zip(LANGUAGES, pair, strict=True)) + " }"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def page_module() -> str:
    """Return the text of the page's module."""
    words = [f"  {code}: {_pair((sentence(english), chinese))},\n" for code, (english, chinese) in TABLE.items()]
    terms = [
        f"  {name}: {{ " + ", ".join(f"{value}: {_pair(pair)}" for value, pair in values.items()) + " },\n"
        for name, values in TERMS.items()
    ]
    return (
        f"{_HEAD}export default {{\n{''.join(words)}}};\n\n"
        f"// Values that are words themselves.\nexport const terms = {{\n{''.join(terms)}}};\n"
    )


if __name__ == "__main__":
    print(page_module(), end="")

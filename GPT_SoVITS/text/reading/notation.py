"""Notation in plain text (:mod:`GPT_SoVITS.text.reading.inline`), and SSML (:mod:`GPT_SoVITS.text.reading.ssml`).

SSML is told by its beginning: ``<speak``, or what XML allows before that. The notation of plain text holds in it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from GPT_SoVITS.text.reading import inline, ssml
from GPT_SoVITS.text.reading.marks import Marks, Script
from GPT_SoVITS.text.reading.readings import MarkupError
from GPT_SoVITS.text.reading.typography import without_private_use

# A comment, and a document type of HTML, begin other texts too.
_SSML = re.compile(r"<speak|<\?xml\b|<!doctype\s(?!\s*html\b)", re.IGNORECASE)
# Nobody writes both ends of the element without meaning SSML, unless it is quoted as code.
_LATE = re.compile(r"(?<!`)<speak(?:\s[^<>]{0,500})?>")


def _is_ssml(document: str) -> bool:
    return _SSML.match(document) is not None or (document.startswith("<!--") and "<speak" in document)


def parse(text: str, prepare: Callable[[str], str]) -> Script:
    """Return a text with its marks.

    Args:
        text: Plain text with the notation, or SSML.
        prepare: Brings the text without marks into its final form; private-use characters are left alone by it.

    Raises:
        MarkupError: the SSML cannot be read, or a mark is wrong.
    """
    text = without_private_use(text)
    document = text.lstrip("\ufeff \t\r\n")
    marks = Marks()
    if _is_ssml(document):
        ssml.read(document, marks)
    elif "</speak>" in text and _LATE.search(text):
        raise MarkupError("a text stands before <speak>; SSML begins with it")
    else:
        inline.put(text, marks)
    return marks.script(prepare)

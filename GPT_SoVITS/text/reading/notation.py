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
# Elements that only SSML has, in the form in which it has them; quoted as code they are text.
_ELEMENT = re.compile(
    r"<(?:break(?:\s+(?:time|strength)\s*=[^<>]{0,200}|\s*)/?"
    r"|(?:prosody\s+(?:rate|pitch|volume|contour|range|duration)|say-as\s+interpret-as|phoneme\s+(?:alphabet|ph)"
    r"|emphasis\s+level|sub\s+alias|voice\s+(?:name|gender|xml:lang))\s*=[^<>]{0,300}|emphasis)>",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(`{1,3})[^`]{0,5000}\1")


def _is_ssml(document: str) -> bool:
    return _SSML.match(document) is not None or (document.startswith("<!--") and "<speak" in document)


def _refuse_elements(text: str) -> None:
    """Refuse an element of SSML in a text that is none, whose tag would be spoken."""
    element = _ELEMENT.search(text) if "<" in text and ">" in text else None
    if element is not None and "`" in text:
        element = _ELEMENT.search(_QUOTED.sub("", text))
    if element is not None:
        raise MarkupError(f"{element[0]:.60} belongs to SSML, which begins with <speak> and ends with </speak>")


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
        _refuse_elements(text)
        inline.put(text, marks)
    return marks.script(prepare)

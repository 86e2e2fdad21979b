"""Notation in plain text: ``[重庆]{chong2 qing4}`` and ``[pause 0.5s]``.

What stands in braces is one syllable for each Han character (pinyin or jyutping, by the language that reads it),
phonemes of the models (with at least one stressed vowel), or else words that are said instead: ``[GPT]{G P T}``,
``[初音]{はつね}``. ``\\[``, ``\\]``, ``\\{``, ``\\}`` and ``\\\\`` are the signs themselves. Full-width brackets do as
well. A slip is named, and never spoken; what has another form stays as it is.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.marks import Marks
from GPT_SoVITS.text.reading.readings import MarkupError, is_meant
from GPT_SoVITS.text.userdict import LONGEST_WORD

_LONGEST_READING = 300
_OPEN, _CLOSE, _NONE = r"[\[［【]", r"[\]］】]", r"\[\]［］【】{}｛｝\n"
_INLINE = re.compile(
    r"\\(?P<escaped>[\[\]{}\\])"
    rf"|{_OPEN}(?i:pause)(?:\s*[\s=:：]\s*(?P<pause>\d{{1,5}}(?:\.\d{{1,3}})?)\s?(?P<unit>(?i:ms|s))\s?"
    rf"|\s*(?P<slip>(?:[\d.=:：][^{_NONE}]{{0,20}})?)){_CLOSE}(?![({{｛])"
    rf"|{_OPEN}(?P<word>[^{_NONE}\\]{{1,{LONGEST_WORD}}}){_CLOSE}(?P<blank>[ \u3000]?)"
    rf"[{{｛](?P<reading>[^{_NONE}]{{1,{_LONGEST_READING}}})(?P<closed>[}}｝])?"
)


def put(text: str, marks: Marks) -> None:
    """Put a text into marks, with what its notation says.

    Raises:
        MarkupError: a reading or a pause has a slip.
    """
    if not any(sign in text for sign in "[［【\\"):
        marks.text(text)
        return
    done = 0
    for match in _INLINE.finditer(text):
        marks.text(text[done : match.start()])
        done = match.end()
        if match["escaped"]:
            marks.text(match["escaped"])
        elif match["pause"]:
            marks.pause(float(match["pause"]) / (1000 if match["unit"].lower() == "ms" else 1))
        elif match["word"]:
            _read(match, marks)
        else:
            raise MarkupError(f"{match[0]} is no pause; write [pause 0.5s] or [pause 500ms]")
    marks.text(text[done:])


def _read(match: re.Match[str], marks: Marks) -> None:
    """Put in a word with its reading; code such as ``a[i] {x`` is text."""
    word, reading = match["word"], match["reading"]
    if match["closed"] and not match["blank"]:
        marks.reading(word, reading)
    elif not is_meant(word, reading):
        marks.text(match[0])
    elif match["closed"]:
        marks.reading(word, reading)
    else:
        raise MarkupError(f"{match[0]:.60} has no closing brace; write [{word}]{{{reading.strip():.20}}}")

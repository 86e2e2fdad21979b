"""Notation in plain text: ``[重庆]{chong2 qing4}`` and ``[pause 0.5s]``.

What stands in braces is one syllable for each Han character (pinyin or jyutping, by the language that reads it),
phonemes of the models (with at least one stressed vowel), or else words that are said instead: ``[GPT]{G P T}``,
``[初音]{はつね}``. ``\\[``, ``\\]``, ``\\{``, ``\\}`` and ``\\\\`` are the signs themselves. Full-width brackets do as
well. A slip is named, and never spoken; what has another form stays as it is: ``[pause button]``, ``a[i]{ }``.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.marks import Marks
from GPT_SoVITS.text.reading.readings import MarkupError, is_meant, is_pronunciation
from GPT_SoVITS.text.userdict import LONGEST_WORD

_LONGEST_READING = 300
_OPEN, _CLOSE, _NONE = r"[\[［【]", r"[\]］】]", r"\[\]［］【】{}｛｝\n"
_UNIT = "(?i:ms|s|ｍｓ|ｓ)"
_LENGTH = (
    rf"\s*[\s=:：]\s*(?P<pause>[-+\u2212]?(?:\d{{1,300}}(?:[.．]\d{{1,300}})?|[.．]\d{{1,300}}))\s?(?P<unit>{_UNIT})\s?"
)
# What is meant as a length and is none; other words stay as they are: [pause button].
_LENGTH_WORDS = (
    r"(?i:∞\s?s|infinite|forever|s|ms|secs?|msecs?|(?:milli)?seconds?|minutes?|nans?|inf(?:inity)?s?|an?|one|two|three|four|five|ten|half|few|"
    r"short|long|brief|none|(?:x-)?weak|medium|(?:x-)?strong)"
)
_SLIP = rf"(?:\s*[-+\u2212~]?[\d.=:：][^{_NONE}]{{0,300}}|(?:[\s-]+{_LENGTH_WORDS})*\s*)"
_INLINE = re.compile(
    r"\\(?P<escaped>[\[\]{}\\])"
    rf"|(?P<mark>{_OPEN}\s?(?i:pause)(?:{_LENGTH}|(?P<slip>{_SLIP}))){_CLOSE}(?![({{｛])"
    rf"|(?P<open>{_OPEN}\s?(?i:pause)\s*[\s=:：]\s*\d{{1,5}}(?:[.．]\d{{1,3}})?\s?{_UNIT}(?![A-Za-z]))"
    rf"|(?:{_OPEN}[ \u3000]{{0,9}}{_CLOSE}|{_OPEN}{_OPEN}(?P<inner>[^{_NONE}\\]{{1,{LONGEST_WORD}}}){_CLOSE}{_CLOSE})"
    rf"[{{｛](?P<stray>[^{_NONE}]{{1,{_LONGEST_READING}}})[}}｝]"
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
            amount = float(match["pause"].replace("\u2212", "-").replace("．", "."))
            marks.pause(amount / (1 if match["unit"].lower() in ("s", "ｓ") else 1000), match[0])
        elif match["stray"]:
            _refuse_stray(match)
            marks.text(match[0])
        elif match["word"]:
            _read(match, marks)
        else:
            fault = "has no closing bracket" if match["open"] else "is no pause"
            raise MarkupError(f"{match[0]:.60} {fault}; write [pause 0.5s] or [pause 500ms]")
    marks.text(text[done:])


def _refuse_stray(match: re.Match[str]) -> None:
    """[]{chong2} and [[重庆]]{chong2 qing4}: what is meant as a reading stands behind other brackets than a word's."""
    inner, reading = match["inner"] or "", match["stray"]
    if is_pronunciation(reading):
        written = f"[{inner}]{{{reading.strip():.20}}}" if inner else "[重庆]{chong2 qing4}"
        fault = "has two pairs of brackets" if inner else "has no word in its brackets"
        raise MarkupError(f"{match[0]:.60} {fault}; write {written}")


def _read(match: re.Match[str], marks: Marks) -> None:
    """Put in a word with its reading; code such as ``a[i] {x`` is text."""
    word, reading = match["word"], match["reading"]
    if not reading.strip():
        marks.text(match[0])
    elif match["closed"] and not match["blank"]:
        marks.reading(word, reading)
    elif not is_meant(word, reading):
        marks.text(match[0])
    elif match["closed"]:
        marks.reading(word, reading)
    else:
        raise MarkupError(f"{match[0]:.60} has no closing brace; write [{word}]{{{reading.strip():.20}}}")

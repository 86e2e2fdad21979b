"""Normalised English text to words and signs, as NLTK's ``TweetTokenizer`` cuts it.

Of that tokenizer only the rules that letters and ``' . , ? ! -`` can reach are here: what looks like a host name
(``openai.com``) stays whole, as do words with inner apostrophes and hyphens and dots with blanks between them.
"""

from __future__ import annotations

import re

_LONG_RUN = re.compile(r"([^A-Za-z])\1{3,}")
_TOKEN = re.compile(
    r"""
    [A-Za-z]+ (?: [.\-] [A-Za-z]+ ){0,126} [.] [A-Za-z]{2,13} \b
    | [A-Za-z] (?: [A-Za-z] | ['\-] )+ [A-Za-z]
    | [A-Za-z]+
    | [.] (?: [ ]* [.] )+
    | [^ ]
    """,
    re.VERBOSE,
)


def tokenise(text: str) -> list[str]:
    """Return the words and signs of a text that consists of ASCII letters, spaces and ``' . , ? ! -``."""
    return _TOKEN.findall(_LONG_RUN.sub(r"\1\1\1", text))

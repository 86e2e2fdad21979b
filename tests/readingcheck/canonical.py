"""One form for readings that sound the same, so that a case need not list them."""

from __future__ import annotations

import re

_STOPS = str.maketrans({**dict.fromkeys("。．…", "."), **dict.fromkeys("，、；：;:—-", ","), "！": "!", "？": "?"})
_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")
_LETTER_DOTS = re.compile(r"\b([A-Za-z])\.([A-Za-z])\.?(?![A-Za-z])")
_RUN = re.compile(r"[,.!?](?:\s*[,.!?])+")
_AROUND = re.compile(r"\s*([,.!?])\s*")
_HAN_SPACE = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
# Both are said; which one is a matter of taste.
_EQUAL = (
    (re.compile(r"\bminus\b"), "negative"),
    (re.compile(r"两(?=[千万亿百])"), "二"),
    (re.compile(r"(?<=thousand|.million|.billion),"), " "),
    (re.compile("零下|负"), "负"),
    (re.compile("至"), "到"),
    (re.compile(r"\band (?=(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty)\b)"), ""),
)


def canonical(text: str) -> str:
    """Return a normalised text in the form that is compared.

    Full stops and commas of every script are ``.`` and ``,``, runs of signs are their first sign, a stop ends the text,
    ``a.m.`` is ``a m``, a hyphen within a word is a space, letters are small, and 二千 and 两千 are the same.
    """
    text = _LETTER_DOTS.sub(r"\1 \2", text)
    text = _HYPHEN.sub(" ", text).translate(_STOPS).casefold()
    text = _RUN.sub(lambda match: match[0][0], text)
    text = _AROUND.sub(r"\1", " ".join(text.split()))
    text = _HAN_SPACE.sub("", text)
    for pattern, form in _EQUAL:
        text = pattern.sub(form, text)
    text = text.strip(" ,.")
    return text if text[-1:] in ("!", "?") else f"{text}."

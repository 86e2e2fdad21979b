"""Addresses of the net, file names and the like: read before languages are told apart, because they are one word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from GPT_SoVITS.text.reading.draft import Edit
from GPT_SoVITS.text.reading.spoken.commands import options, paths

_ENDS = "com|org|net|io|cn|edu|gov|co|uk|jp|kr|hk|tw|de|fr|ai|app|dev|info|me|tv|cc|eu|us|ru|ca|au|nz|sg|in|xyz|top"
_FILES = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|py|js|ts|cpp|hpp|java|sh|md|ya?ml|toml|zip|gz|tar|rar|7z|exe|dmg|apk|"
    "png|jpe?g|gif|svg|webp|bmp|mp3|mp4|wav|flac|ogg|m4a|avi|mkv|mov|ckpt|pth|onnx|log|ini|cfg|srt|epub|sql|db"
)
_IN_URL = r"[\w\-.~:/?#@!$&'()*+,;=%\[\]]"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})"
ADDRESS = re.compile(
    rf"(?P<mail>(?<![\w.])[A-Za-z0-9][\w.+\-]{{0,63}}@{_WORD}(?:\.{_WORD}){{1,8}})"
    rf"|(?P<url>(?<![\w.])(?:(?:https?|ftp)://|www\.)(?:(?![\u0080-\uffff]){_IN_URL}){{1,2000}})"
    rf"|(?P<host>(?<![\w.@/\-]){_WORD}(?:\.{_WORD}){{0,6}}\.(?:{_ENDS})(?![\w\-])(?!\.\w)(?:/(?:(?![\u0080-\uffff]){_IN_URL}){{0,2000}})?)"
    rf"|(?P<file>(?<![\w.@/\-])(?:\.{{0,2}}/)?(?:[A-Za-z0-9_][\w\-]{{0,60}}/){{0,8}}[A-Za-z0-9_][\w\-]{{0,100}}(?:\.[\w\-]{{1,40}}){{0,4}}\.(?:{_FILES})(?![\w\-])(?!\.\w))",
    re.ASCII,
)
# The end of a file name or a host in another script: 报告.docx, 例子.com.
_EXTENSION = re.compile(
    rf"(?<=[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af])\.(?:{_FILES}|hwp|com|net|org|cn|jp|kr|hk|tw)(?![A-Za-z0-9_-])(?!\.\w)"
)
_SIGNED_NAME = re.compile(
    r"(?<![A-Za-z0-9])([A-Z])(\+\+(?![A-Za-z+#])|#(?![A-Za-z0-9+#]))|(?<!\.)\.(?=NET(?![A-Za-z]))"
)
_ACCOUNT = re.compile(r"(?<![\w.@])@[A-Za-z][\w.]{0,40}\w", re.ASCII)
_SCHEME = re.compile("[a-z]+://")
_TRAILING = ".,;:!?'\")]*_~"
_PART = re.compile(r"[A-Za-z]+|\d+|.")
_NAMES = {
    **{".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "+": "plus", ":": "colon", "~": "tilde"},
    **{"?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent", ",": "comma", ";": "semicolon"},
    **{"!": "exclamation mark", "$": "dollar", "*": "star", "\\": "backslash"},
}
_LONGEST_STRETCH = 100
"""Characters of an address that are one edit, so that a piece may be cut between two."""
_LETTERS = frozenset(
    {
        "www",
        "http",
        "https",
        "html",
        "pdf",
        "txt",
        "csv",
        "xml",
        "mp",
        "wav",
        "png",
        "jpg",
        "svg",
        "py",
        "js",
        "ts",
        "md",
    }
    | {
        "cn",
        "uk",
        "jp",
        "kr",
        "hk",
        "tw",
        "io",
        "ai",
        "tv",
        "cc",
        "us",
        "srt",
        "pth",
        "htm",
        "xls",
        "ppt",
        "sh",
        "usr",
        "etc",
        "cpp",
        "gz",
        "hwp",
    }
)


def _part(part: str) -> str:
    if part.isdigit():
        from GPT_SoVITS.text.reading.spoken.english_numbers import quantity, spelled  # only where there is English

        return quantity(part) if len(part) < 3 and not part.startswith("0") else spelled(part)
    if part.isalpha():
        small = part.lower()
        return " ".join(part.upper()) if small in _LETTERS else part
    return _NAMES.get(part, "")


def said(address: str) -> str:
    """Return an address as it is spelled out in English: ``www.a.com/b?c=1`` is "W W W dot a dot com slash b question
    mark c equals one".

    The scheme is not said.
    """
    return " ".join(edit.spoken for edit in _spelled(address, 0))


def _spelled(address: str, start: int) -> Iterator[Edit]:
    """Yield what is said for an address that begins at a place, in stretches."""
    end = len(address.rstrip("/")) or len(address)
    place = match.end() if (match := _SCHEME.match(address)) else 0
    written = 0
    words: list[str] = []
    for match in _PART.finditer(address, place, end):
        if match.end() - written > _LONGEST_STRETCH and words:
            yield Edit(start + written, start + match.start(), " ".join(words))
            written, words = match.start(), []
        words += filter(None, [_part(match[0])])
    yield Edit(start + written, start + len(address), " ".join(words))


def _trimmed(text: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    while text and text[-1] in _TRAILING and not (text[-1] == ")" and text.count("(") >= text.count(")")):
        text = text[:-1]
    return text


def edits(text: str) -> list[Edit]:
    """Return what is said for the addresses of a text, and for names that end in signs (C++, C#)."""
    found = []
    if "." in text or "@" in text:
        addresses = ((match.start(), _trimmed(match[0])) for match in ADDRESS.finditer(text))
        found = [edit for start, address in addresses for edit in _spelled(address, start)]
    if "." in text and not text.isascii():
        found += [edit for match in _EXTENSION.finditer(text) for edit in _spelled(match[0], match.start())]
    if "@" in text and not text.isascii():  # beside other scripts an account is one English word
        found += [edit for match in _ACCOUNT.finditer(text) for edit in _spelled(match[0], match.start())]
    found += [edit for start, path in paths(text) for edit in _spelled(_trimmed(path), start)]
    found += [Edit(*option) for option in options(text)]
    if "#" in text or "++" in text or ".NET" in text:
        found += [Edit(match.start(), match.end(), _named(match)) for match in _SIGNED_NAME.finditer(text)]
    return found


def _named(match: re.Match[str]) -> str:
    if not match[1]:
        return "dot "
    return f"{match[1]} {'sharp' if match[2] == '#' else 'plus plus'}"

"""What a text shows but nobody says: HTML, Markdown, bullets, addresses of links. Lines become phrases.

Works on the forms of ``typography``; every line that is left ends in a sign, and there are no empty ones.
"""

from __future__ import annotations

import html
import re

from GPT_SoVITS.text.reading.tags import without_angles, without_tags

_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)[^\n]*$", re.MULTILINE)
_RULE = re.compile(
    r"^ {0,3}(?:(?:- ?){3,}|(?:\* ?){3,}|(?:_ ?){3,}|={3,}|\|?(?: ?:?-+:? ?\|)+ ?:?-*:? ?)$", re.MULTILINE
)
_HEADING = re.compile(r"^#{1,6} +|(?<=\S) +#{1,6}$", re.MULTILINE)
_QUOTE = re.compile(r"^(?:>(?![\d$€£¥=]) ?){1,8}", re.MULTILINE)
_BULLET = re.compile(r"^ {0,12}(?:[-*+·▪◦‣●○■□◆◇▶►»]|—)\s+(?:\[[ xX]\] )?", re.MULTILINE)
_GLUED_BULLET = re.compile(r"^ {0,12}[*·▪◦‣●○■□◆◇▶►](?=[^\s*])(?![^\n*]*\*)", re.MULTILINE)
_NUMBERED = re.compile(
    r"^ {0,12}(?!0)(\d{1,3})(?:[.)](?= )|[、)．](?!\d{3,4}-|[2-9](?:[日人個本枚回]|時間|か月)[ぁ-ん]))\s*(?=\S)",
    re.MULTILINE,
)
_IMAGE_OR_LINK = re.compile(
    r"(?:(?<!\w)!)?\[([^\[\]\n]{0,300})\](?:\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?\))"
)
_RST_LINK = re.compile(r"`([^`<>\n]{1,300}?)\s?<[^<>\n]{1,1000}>`__?")
# With its address elsewhere; arr[i][j] and [news][sport] are none.
_REFERENCE = re.compile(r"(?<![\w\]])!?\[([^\[\]\n]{2,300})\]\[([^\[\]\n]{0,100})\]")
_SIGNS = re.compile(r"[\W_]")
_LABEL = re.compile(r"[A-Za-z0-9]+(?:[-_/.:][A-Za-z0-9]+)+")
"""A name that nobody gives to a thing: [the docs][project-docs]."""
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,40}\]:?")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:|www\.)[^<>\s]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,255})>")
_STRONG = re.compile(r"(\*{2,3}|_{2,3}|~~)(?=\S)([^\n]{1,500}?)(?<=\S)\1")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=[^\s*])([^\n*]{1,500}?)(?<=[^\s*])\*(?![\w*])|(?<!\w)_(?=[^\s_])([^\n_]{1,500}?)(?<=[^\s_])_(?!\w)"
)
_CODE = re.compile(r"(`{1,2})([^`\n]{1,500})\1")
_TABLE_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)

_ENDS = frozenset("。！？!?.…，,、；;：:~—–")
_CLOSING = "\"'」』）)]】》〉"
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def unescape_html(text: str) -> str:
    """Return the text with entities as characters and without the tags of running text."""
    return without_tags(_ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text)


def _row(match: re.Match[str]) -> str:
    return ", ".join(cell.strip() for cell in match[1].split("|") if cell.strip())


def _linked(match: re.Match[str]) -> str:
    """Return the words of a link, apart from a word or a link right before it."""
    before = match.string[match.start() - 1 : match.start()]
    return f"{' ' if before == ')' or (before.isascii() and before.isalnum()) else ''}{match[1]}"


def _referring(match: re.Match[str]) -> str:
    """Return the words of a link whose address is in a list, told by its name or by its definition."""
    words, name = match[1], match[2] or match[1]
    same = _SIGNS.sub("", words).casefold() == _SIGNS.sub("", name).casefold()
    defined = same or name.isdigit() or _LABEL.fullmatch(name) or f"[{name}]:" in match.string
    return words if defined else match[0]


def plain(text: str) -> str:
    """Return the text without Markdown: what stands in links and emphasis stays, the marks and addresses go."""
    if "|" in text or "---" in text or "***" in text or "===" in text or "___" in text:
        text = _TABLE_ROW.sub(_row, _RULE.sub("", text))
    text = _HEADING.sub("", _QUOTE.sub("", _FENCE.sub("", text)))
    text = _GLUED_BULLET.sub("", _BULLET.sub("", text))
    text = _NUMBERED.sub(r"\1, ", text)
    text = _RST_LINK.sub(r"\1", text) if ">`_" in text else text
    text = without_angles(_AUTOLINK.sub(r"\1", text))
    if "[" in text:
        text = _IMAGE_OR_LINK.sub(_linked, _FOOTNOTE.sub("", text))
    if "][" in text:
        text = _REFERENCE.sub(_referring, text)
    for sign, pattern in (("*", _STRONG), ("_", _STRONG), ("~~", _STRONG)):
        if sign in text:
            text = pattern.sub(r"\2", text)
            break
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(lambda match: match[1] or match[2], text)
    return _CODE.sub(r"\2", text) if "`" in text else text


def phrases(text: str) -> str:
    """Return the text with a sign at the end of every line, and no empty lines."""
    if "\n" not in text:
        return text.strip()
    lines = [line.strip() for line in text.split("\n")]
    ended = [line for line in lines if line]
    for index, line in enumerate(ended[:-1]):
        if line.rstrip(_CLOSING)[-1:] not in _ENDS and line[-1] not in _ENDS:
            ended[index] = line + ("。" if _EAST_ASIAN.search(line) else ".")
    return "\n".join(ended)

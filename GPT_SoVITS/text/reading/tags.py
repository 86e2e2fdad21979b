"""Tags of HTML among running text: they vanish, and what stands between them stays.

Other angle brackets are text of which no word is lost: ``if a<b then c>d`` compares, ``<your name>`` is a place to fill
in, ``List<String>`` is a type, ``<Esc>`` a key.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.spoken.keys import IN_BRACKETS

_SURE = (
    "br|hr|img|input|wbr|p|li|td|tr|th|dd|dt|html|div|ul|ol|dl|h[1-6]|thead|tbody|tfoot|em|strong|span|sub|sup|pre|del|ins|tt|"
    "rt|rp|abbr|dfn|kbd|samp|bdi|bdo|blockquote|nav|figcaption|fieldset|optgroup|textarea|iframe|noscript|colgroup|svg"
)
"""Elements that are never meant as words, or whose end may be left out."""
_WORDS = (
    "head|body|table|caption|b|i|a|u|s|q|font|code|small|big|mark|strike|center|ruby|acronym|cite|samp|var|address|article|"
    "aside|section|header|footer|main|figure|details|summary|form|legend|label|button|select|option|output|progress|meter|"
    "time|data|title|object|video|audio|canvas|picture|map|template|dialog"
)
"""Elements whose name may be a word, where nothing ends them: the <title> of a page."""
_WITH_ATTRIBUTES = "link|meta|base|source|track|param|embed|area|col"
_VALUE = r"(?:\"[^\"<]{0,1000}\"|'[^'<]{0,1000}'|[^\s\"'<>=][^\s<>=]{0,500})"
_SWITCHES = (
    "disabled|checked|selected|required|readonly|multiple|autofocus|hidden|open|async|defer|controls|loop|muted|autoplay|"
    "nowrap|noshade|compact|reversed|novalidate|allowfullscreen|download|inert"
)
_ATTRIBUTE = rf"\s{{1,20}}(?:[A-Za-z_:@][\w:.@-]{{0,60}}\s?=\s?{_VALUE}|(?:{_SWITCHES})(?![\w=-]))"
_TAG = re.compile(
    rf"<(?P<end>/)?(?P<name>{_SURE}|{_WORDS}|{_WITH_ATTRIBUTES})(?P<attributes>(?:{_ATTRIBUTE}){{0,20}})\s?(?P<slash>/)?>",
    re.IGNORECASE,
)
_NO_WORD = re.compile(_SURE, re.IGNORECASE)
_END = re.compile(r"</([A-Za-z][A-Za-z0-9]{0,20})\s?>")
_BEGINNING = re.compile(r"<([A-Za-z][A-Za-z0-9]{0,20})(?![A-Za-z0-9])")
_BREAKING = re.compile(
    r"(?:br|p|div|li|ul|ol|dl|dt|dd|h[1-6]|tr|table|pre|hr|blockquote|article|aside|section|header|footer|main|nav|figure|"
    r"figcaption|summary|details|title|option|form|address|caption)",
    re.IGNORECASE,
)
_DOCTYPE = re.compile(r"\s*<!doctype\s[^<>]{0,500}>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]{0,500}>.{0,20000}?</\1\s*>", re.IGNORECASE | re.DOTALL)

# <notes.txt>, <your name>, <注意>; keys are left to ``keys``.
_PLACEHOLDER = re.compile(
    rf"(?<![A-Za-z0-9)\]<])(?!{IN_BRACKETS})<{{1,2}}/?(?P<words>[^\W\d_][^<>=\n]{{0,100}}?)\s?/?>{{1,2}}"
    r"(?![A-Za-rt-z0-9_(=]|s[A-Za-z])"
)
# Elements of another language, quoted: <emphasis level="strong">.
_WITH_VALUES = re.compile(
    r"<(?P<words>[A-Za-z][\w:-]{0,30}(?:\s[\w:-]{1,40}=(?:\"[^\"<>]{0,100}\"|'[^'<>]{0,100}')){1,10})\s?/?>"
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z][\w-]{0,30})>(?P<content>[^<>\n]{0,300})</(?P=name)>")
_PART = r"[A-Za-z][\w.:\[\]?]{0,40}"
# C<new()>, L<perlsub>: the letters of Perl's documentation.
_POD = re.compile(r"(?<![A-Za-z0-9])(?P<letter>[BCEFILSX])<(?P<words>[^<>\n]{1,100})>(?![A-Za-rt-z0-9(=])")
_TYPE = re.compile(rf"(?<=[A-Za-z0-9])<(?P<of>{_PART}(?:, ?{_PART}){{0,4}})>(?![A-Za-z0-9(=])")


def _without_comments(text: str) -> str:
    """Return the text without comments of HTML; a comment that nothing closes is text."""
    parts, done = [], 0
    while (start := text.find("<!--", done)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts += [text[done:start], " "]
        done = end + 3
    return "".join([*parts, text[done:]])


def without_tags(text: str) -> str:
    """Return the text without tags, comments, scripts and styles of HTML; elements that begin a line break it."""
    if "<" not in text:
        return text
    text = _without_comments(_DOCTYPE.sub("", text, count=1)) if "<!" in text else text
    text = _UNSEEN.sub("", text) if "</s" in text.lower() else text
    ended = {match[1].casefold() for match in _END.finditer(text)}

    def replaced(match: re.Match[str]) -> str:
        name = match["name"]
        is_tag = match["end"] or match["slash"] or match["attributes"] or name.casefold() in ended
        if not is_tag and not _NO_WORD.fullmatch(name) and not _is_open(match):
            return match[0]
        return "\n" if _BREAKING.fullmatch(name) else ""

    return _TAG.sub(replaced, text)


def _is_open(match: re.Match[str]) -> bool:
    """Whether a tag without its end touches what it is about, as in a part of a page: <code>x, and not a<b>c."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    return (after.isalnum() or after == "<") and not before.isalnum()


def without_angles(text: str) -> str:
    """Return the text without the brackets around what is no tag, whose words are all kept."""
    if "<" not in text or ">" not in text:
        return text
    begun = {match[1] for match in _BEGINNING.finditer(text)} if "</" in text else set()
    if "=" in text:
        text = _WITH_VALUES.sub(r" \g<words> ", text)
    if begun:
        text = _ELEMENT.sub(r" \g<name> \g<content> ", text)
        text = _END.sub(lambda match: " " if match[1] in begun else match[0], text)
    text = _POD.sub(r"\g<letter> \g<words>", text)
    return _TYPE.sub(r" \g<of> ", _PLACEHOLDER.sub(r"\g<words>", text))

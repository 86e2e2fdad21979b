"""Paths and options of programs: /usr/local/bin, ~/.bashrc, rm -rf /. Their slashes and dashes are said, in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from GPT_SoVITS.text.reading.spoken.patterns import either

_ROOTS = either(
    "etc usr tmp var home opt bin sbin dev proc root mnt media srv lib lib64 sys boot run Users Applications Library "
    "System Volumes data app workspace"
)
_PATH = re.compile(
    r"(?:(?P<home>~|\.\.?)|(?<![A-Za-z0-9_.)\]/:*%-]))(?P<parts>(?:/(?!\.(?![A-Za-z_]))[A-Za-z_.@][A-Za-z0-9_.+@-]{0,100}){1,30})/?"
)
_FREE = re.compile(r"(?:^|[\s(\[\"'“「：:，、=`])$")
"""What stands before a path that does not begin with a folder everybody knows."""
_ROOTED = re.compile(rf"/{_ROOTS}(?![A-Za-z0-9_])")
_RELATIVE = re.compile(r"(?<=\s)[A-Za-z_.][A-Za-z0-9_.-]{0,60}/(?:[A-Za-z0-9_.-]{1,60}/?){0,10}(?=[\s`]|$)")
_DRIVE = re.compile(r"(?<![A-Za-z0-9])[A-Z]:(?:\\[A-Za-z0-9_.+-]{1,100}){1,30}\\?")
_COMMANDS = (
    r"(?:rm|ls|cp|mv|ln|cd|ps|df|du|cat|git|pip3?|npm|npx|pnpm|yarn|uv|docker|podman|sudo|apt(?:-get)?|brew|grep|rg|find|tar|"
    r"curl|wget|ssh|scp|rsync|chmod|chown|mkdir|rmdir|touch|echo|python3?|node|make|cmake|cargo|go|kubectl|helm|conda|ffmpeg|"
    r"systemctl|kill|head|tail|less|sed|awk|uvicorn|pytest|java|gcc|bash|sh|vim|nano|tmux|unzip|zip)"
)
_ALSO_WORDS = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<word>cat|find|touch|echo|node|make|go|helm|kill|head|tail|less|bash|zip)\s[^`]*$"
)
_IS_CODE = re.compile(r"[/~$|{}=]|\s\.\s|\w\.\w")
"""Commands that are words of sentences too: I can go -or not."""
_TYPED = re.compile(
    r"(?:^|[`$>：:]\s?|\b(?:[Rr]un|[Rr]unning|[Tt]ype|[Ee]xecute|[Uu]se|[Uu]sing|[Tt]ry|[Cc]ommand)\s|sudo\s|&&\s|\|\s|[\u4e00-\u9fff]\s?)$"
)
_OPTION = re.compile(
    r"(?<=[\s`])(?P<dashes>--?)(?P<name>[A-Za-z][A-Za-z0-9]{0,30}(?:-[A-Za-z0-9]{1,30}){0,6})(?![\w-])"
)
_COMMAND_BEFORE = re.compile(rf"(?<![A-Za-z0-9_-]){_COMMANDS}(?:\s+[^\s，。；]{{1,40}}){{0,8}}\s$")
_ASKED_FOR = re.compile(
    r"\b(?:[Uu]se|[Uu]sing|[Ww]ith|[Pp]ass|[Pp]assing|[Aa]dd|[Ss]et|via|flags?|options?|switch)\s(?:the\s)?$"
)
_CALLED = re.compile(r"\s(?:options?|flags?|switch|argument|parameter)\b")
_BARE_ROOT = re.compile(
    rf"(?<![A-Za-z0-9_-]){_COMMANDS}(?:\s+[^\s，。；]{{1,40}}){{0,8}}\s(?P<root>/)(?=$|[\s`，。,.;!?])"
)
_ENDED = re.compile(r"[\n`，。；;|&]|[.:,!?]\s")
_SEEN = 80  # characters before an option in which its command stands
_BEFORE_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d)")
_SPELT = 3  # letters of an option behind one dash: -la
_SHORT_NAMES = re.compile(r"(?<![A-Za-z0-9_./-])(?:rm|ls|cp|mv|ln|cd|ps|df|du|sh|npm|ssh|scp|gcc)(?=\s+(?:-|[~./]))")

Find = tuple[int, int, str]


def _is_behind_command(text: str, start: int, option: re.Match[str] | None = None) -> bool:
    line = text[max(start - _SEEN, text.rfind("\n", 0, start) + 1, 0) : start]
    command = _COMMAND_BEFORE.search(line)
    if command is None:
        return False
    word = _ALSO_WORDS.match(line, command.start())
    return word is None or _IS_CODE.search(line, word.end("word")) is not None or _is_typed(line, command, option)


def _is_typed(line: str, command: re.Match[str], option: re.Match[str] | None) -> bool:
    """Whether a command that is a word of sentences too is one by its option or by what stands before it."""
    if option is not None and (len(option["dashes"]) > 1 or (len(option["name"]) == 1 and option["name"] != "a")):
        return True
    return _TYPED.search(line[: command.start()]) is not None


def _goes_on(text: str, last: int, start: int) -> bool:
    """Whether an option follows another one of the same command."""
    return 0 <= last < start <= last + _SEEN and _ENDED.search(text, last, start) is None


def paths(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paths of a text: where they begin, and as they are written."""
    if "/" in text:
        for match in _PATH.finditer(text):
            if match["home"]:
                before = text[max(match.start() - 1, 0) : match.start()]
                meant = not (before.isascii() and before.isalnum()) and before not in (".", "~", "/")
            else:
                parts = match["parts"].count("/")
                rooted = _ROOTED.match(match["parts"])
                meant = bool(rooted or (parts > 1 and _FREE.search(text[max(match.start() - 1, 0) : match.start()])))
            if meant:
                yield match.start(), match[0]
        for match in _RELATIVE.finditer(text):
            if _is_behind_command(text, match.start()):
                yield match.start(), match[0]
    if ":\\" in text:
        for match in _DRIVE.finditer(text):
            yield match.start(), match[0]


def options(text: str) -> Iterator[Find]:
    """Yield what is said of commands, with its place: options, short names that are spelled out, and a bare /."""
    if "-" not in text and " /" not in text:
        return
    last = -1
    for match in _OPTION.finditer(text):
        start = match.start()
        asked_for = _ASKED_FOR.search(text[max(start - _SEEN, 0) : start]) or _CALLED.match(text, match.end())
        if asked_for or _is_behind_command(text, start, match) or _goes_on(text, last, start):
            last = -1 if asked_for else match.end()
            yield match.start(), match.end(), _option(match)
    for match in _BARE_ROOT.finditer(text):
        yield match.start("root"), match.end("root"), " slash"
    for match in _SHORT_NAMES.finditer(text):
        yield match.start(), match.end(), " ".join(match[0].upper())


def _option(match: re.Match[str]) -> str:
    dashes, name = match["dashes"], match["name"]
    if len(dashes) == 1 and len(name) <= _SPELT:
        return f"dash {' '.join(name.upper())}"
    words = _BEFORE_DIGITS.sub(" ", name.replace("-", " "))
    return f"{' '.join(['dash'] * len(dashes))} {words}"

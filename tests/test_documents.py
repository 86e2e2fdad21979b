"""The documents hold together: links lead somewhere, named files exist, lines are short, both READMEs agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "GPT_SoVITS" / "text" / "NOTICE.md"])
READMES = ("README.md", "README.zh-CN.md")
LONGEST_LINE = 100
LONGEST_README = 130
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|cpp|h|js|md|sh|json|jsonl|txt|html|css))`")
# Documents name files by their path from the root, or from one of the folders that they describe.
_FOLDERS = ("", "GPT_SoVITS", "GPT_SoVITS/native", "GPT_SoVITS/native/src", "GPT_SoVITS/text", "GPT_SoVITS/scheduler")
_MORE_FOLDERS = ("service", "docs", "tests", "tests/native", "tests/service/security")
_TEST = re.compile(r"\b(test_\w+)`")
# Entries that the running service makes, in the folders of the project.
_MADE_AT_RUN_TIME = {"task/", "done/", "error/", "output/"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _prose(path: Path) -> str:
    """Return a document without its code, line for line."""
    return _FENCE.sub(lambda code: "\n" * code[0].count("\n"), path.read_text("utf-8"))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_prose(path).splitlines(), 1):
        if not line.startswith("|"):
            yield number, line


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    return {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", _prose(path), re.MULTILINE)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_relative_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    lost = []
    for link in _LINK.findall(_prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_lines_of_prose_are_short(path: Path) -> None:
    long = [f"{_name(path)}:{number}: {len(line)}" for number, line in _lines(path) if len(line) > LONGEST_LINE]
    assert long == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_file_that_is_named_exists(path: Path) -> None:
    named = {name for name in _FILE.findall(_prose(path)) if not name.startswith(tuple(_MADE_AT_RUN_TIME))}
    missing = {
        name for name in named if not any((ROOT / folder / name).is_file() for folder in (*_FOLDERS, *_MORE_FOLDERS))
    }
    assert missing == set()


def test_every_test_that_a_document_names_exists() -> None:
    named = {name for path in DOCUMENTS for name in _TEST.findall(_prose(path))}
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named and named <= written


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_short(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= LONGEST_README


def test_both_readmes_have_the_same_headings_in_number_and_level() -> None:
    levels = [re.findall(r"^(#+) ", _prose(ROOT / name), re.MULTILINE) for name in READMES]
    assert levels[0] == levels[1]

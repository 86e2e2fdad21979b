"""The words of the Gradio page: both languages say the same, and nothing stands there that nobody says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from webui.words import _TEXTS, NAMES

_SOURCES = [path.read_text("utf-8") for path in (Path(__file__).parents[2] / "webui").rglob("*.py")]


def test_both_languages_have_the_same_places_for_values() -> None:
    for pair in (*_TEXTS.values(), *NAMES.values()):
        assert len(pair) == 2 and all(pair)
        assert sorted(re.findall(r"{\w+}", pair[0])) == sorted(re.findall(r"{\w+}", pair[1])), pair


def test_every_text_is_said_somewhere() -> None:
    counts = Counter(word for source in _SOURCES for word in re.findall(r"""["'](\w+)["']""", source))
    assert [name for name in _TEXTS if counts[name] < 2] == [], "once is where it is defined"

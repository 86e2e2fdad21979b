"""Chinese text as it is typed on a keyboard without Chinese, for searching."""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import lru_cache
from pathlib import Path

_MOST = 2000
"""Characters that are looked at; a search need not see the end of a book."""


@lru_cache(1)
def _table() -> dict[int, str]:
    """Return the readings of every character, the usual one first: pypinyin's data without its phrases (25 MB)."""
    spec = importlib.util.find_spec("pypinyin")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        data = importlib.util.spec_from_file_location("pinyin_characters", Path(folder) / "pinyin_dict.py")
        if data is not None and data.loader is not None:
            module = importlib.util.module_from_spec(data)
            data.loader.exec_module(module)
            found: dict[int, str] = module.pinyin_dict
            return found
    return {}


@lru_cache(4096)
def _syllable(character: str) -> str:
    readings = _table().get(ord(character), "")
    plain = unicodedata.normalize("NFD", readings.partition(",")[0])
    return "".join(mark for mark in plain if mark.isascii() and mark.isalpha()).lower()


@lru_cache(4096)
def spellings(text: str) -> tuple[str, ...]:
    """Return a text in pinyin without tones and spaces (``xiaoyu``) and its initials (``xy``); () without Chinese."""
    if not any("\u3400" <= character <= "\u9fff" for character in text[:_MOST]):
        return ()
    full, initials = [], []
    for character in text[:_MOST]:
        syllable = _syllable(character) if "\u3400" <= character <= "\u9fff" else ""
        letter = character.lower() if character.isascii() and character.isalnum() else ""
        full.append(syllable or letter)
        initials.append((syllable or letter)[:1])
    return "".join(full), "".join(initials)

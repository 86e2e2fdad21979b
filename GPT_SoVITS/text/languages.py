"""The text languages and cutting methods that a request may name, by code or by their Chinese names.

A text language is a way of reading, not a language: ``zh`` reads Chinese with English in it, ``all_zh`` takes
everything that is not English for Chinese, ``auto`` decides for every piece of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from GPT_SoVITS.text.errors import UnknownCuttingError, UnknownReadingError, UnsupportedLanguageError
from GPT_SoVITS.versions import version_of

READINGS = ("natural", "official")
NATURAL, OFFICIAL = READINGS

# Code -> name in the interfaces; the order is that of the official menu.
TEXT_LANGUAGES: dict[str, str] = {
    "all_zh": "中文",
    "en": "英文",
    "all_ja": "日文",
    "all_yue": "粤语",
    "all_ko": "韩文",
    "zh": "中英混合",
    "ja": "日英混合",
    "yue": "粤英混合",
    "ko": "韩英混合",
    "auto": "多语种混合",
    "auto_yue": "多语种混合(粤语)",
}
_NEEDS_V2 = frozenset({"yue", "all_yue", "ko", "all_ko", "auto_yue"})

CUTTING_METHODS: dict[str, str] = {
    "cut0": "不切",
    "cut1": "凑四句一切",
    "cut2": "凑50字一切",
    "cut3": "按中文句号。切",
    "cut4": "按英文句号.切",
    "cut5": "按标点符号切",
}

_CODES_BY_NAME = {name: code for code, name in TEXT_LANGUAGES.items()}
_METHODS_BY_NAME = {name: code for code, name in CUTTING_METHODS.items()}
_ALONE = {"all_zh": "zh", "en": "en", "all_ja": "ja", "all_yue": "yue", "all_ko": "ko"}
_WITH_CHARACTERS = ("zh", "ja", "yue")
_HAN, _KANA = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"), re.compile("[\u3040-\u30ff]")
_HANGUL, _LATIN = re.compile("[\uac00-\ud7af]"), re.compile("[A-Za-z]")


def _listed(names: dict[str, str], codes: tuple[str, ...]) -> str:
    return ", ".join(f"{code} ({names[code]})" for code in codes)


def languages_of(version: str) -> tuple[str, ...]:
    """Return the codes of the text languages that a model version reads (v1 knows neither Cantonese nor Korean)."""
    return tuple(code for code in TEXT_LANGUAGES if version_of(version).symbols != "v1" or code not in _NEEDS_V2)


def resolve_language(name: str, version: str) -> str:
    """Return the code of a text language.

    Args:
        name: A code (any case) or the Chinese name.
        version: Model version: v1, v2, v2Pro, v2ProPlus, v3 or v4.

    Raises:
        UnsupportedLanguageError: it is no text language, or this version does not speak it; the message lists those
            that it does.
    """
    stripped = name.strip()
    code = _CODES_BY_NAME.get(stripped.replace("（", "(").replace("）", ")"), stripped.lower())
    accepted = languages_of(version)
    if code in accepted:
        return code
    problem = (
        "is no text language" if code not in TEXT_LANGUAGES else f"is not spoken by {version} models, only from v2"
    )
    raise UnsupportedLanguageError(f"{name!r:.80} {problem}; choose one of: {_listed(TEXT_LANGUAGES, accepted)}")


def resolve_cutting(name: str) -> str:
    """Return the code ``cut0`` .. ``cut5`` of a cutting method given by code (any case) or by its Chinese name.

    Raises:
        UnknownCuttingError: there is no such method; the message lists them.
    """
    stripped = name.strip()
    code = _METHODS_BY_NAME.get(stripped, stripped.lower())
    if code in CUTTING_METHODS:
        return code
    raise UnknownCuttingError(
        f"{name!r:.80} is no cutting method; choose one of: {_listed(CUTTING_METHODS, tuple(CUTTING_METHODS))}"
    )


def resolve_reading(name: str) -> str:
    """Return the name of a reading (any case).

    Raises:
        UnknownReadingError: there is no such reading; the message lists them.
    """
    found = name.strip().lower()
    if found in READINGS:
        return found
    raise UnknownReadingError(f"{name!r:.80} is no reading; choose one of: {', '.join(READINGS)}")


def languages_in(code: str, text: str) -> tuple[str, ...]:
    """Return the languages that speaking a text takes; the page's `spokenIn` decides by the same rule.

    Args:
        code: A text language as :func:`resolve_language` returns it.
        text: The text; mixed languages need what its letters belong to.
    """
    if code in _ALONE:
        return (_ALONE[code],)
    han = "yue" if code.endswith("yue") else "zh"
    found = []
    if not code.startswith("auto"):
        found.append(code)
    elif _KANA.search(text):
        found.append("ja")
    elif _HAN.search(text):
        found.append(han)
    if code.startswith("auto") and _HANGUL.search(text):
        found.append("ko")
    if _LATIN.search(text) and "en" not in found:
        found.append("en")
    return tuple(found)


def languages_asked(name: str, text: str) -> tuple[str, ...]:
    """Return the languages that a text takes, by the name of its text language; none where that name is unknown.

    Of characters alone, which Chinese and Japanese share, Japanese is the second guess.
    """
    try:
        code = resolve_language(name, "v2")
    except UnsupportedLanguageError:
        return ()
    found = languages_in(code, text)
    return (*found, "ja") if code.startswith("auto") and "zh" in found else found


def narrowed(code: str, text: str, spoken: Sequence[str]) -> str:
    """Return the text language that is meant by ``auto`` where weights speak one language alone.

    Digits and signs belong to every language, and characters to several: they are read in the one that is spoken. A
    text with letters of another language stays what it is, so that it is refused.

    Args:
        code: A text language as :func:`resolve_language` returns it.
        text: The text.
        spoken: Languages of the weights; empty for all.
    """
    if not code.startswith("auto") or len(spoken) != 1:
        return code
    found = set(languages_in(code, text)) - set(spoken)
    if spoken[0] in _WITH_CHARACTERS:
        found -= {"zh", "yue"}
    return code if found else next(alone for alone, language in _ALONE.items() if language == spoken[0])

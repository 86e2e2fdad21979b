"""The language front ends of the natural reading: the official ones, each with what it lacks."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from GPT_SoVITS.text.frontend import FrontEnd, Pronunciation, front_end

_NUMBER_WORDS = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-(?=(?:one|two|three|four|five|six|seven|eight|nine|"
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)(?:s|ths|rds)?\b)",
    re.IGNORECASE,
)


class NaturalEnglish:
    """English with capitals read as words or letters, and number words that a hyphen joins read apart."""

    def __init__(self, inner: FrontEnd, is_word: Callable[[str], bool]) -> None:
        self._inner, self._is_word = inner, is_word

    def normalise(self, text: str) -> str:
        """Return the text as it will be read; see the official front end."""
        from GPT_SoVITS.text.reading.capitals import read_capitals

        return self._inner.normalise(read_capitals(text, self._is_word))

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return the phonemes of a normalised text."""
        spoken = self._inner.pronounce(_NUMBER_WORDS.sub(r"\1 ", norm_text))
        return Pronunciation(norm_text, spoken.phones, spoken.word2ph)


def _english(symbols: str) -> FrontEnd:
    from GPT_SoVITS.text.english.reading import EnglishFrontEnd
    from GPT_SoVITS.text.reading.vocabulary import vocabulary

    inner = front_end("en", symbols)
    if not isinstance(inner, EnglishFrontEnd):
        return inner
    return NaturalEnglish(inner.with_words(vocabulary()), inner.has_word)


def _mandarin(symbols: str) -> FrontEnd:
    from GPT_SoVITS.text.chinese.g2p import Mandarin
    from GPT_SoVITS.text.reading.polyphones import readings

    inner = front_end("zh", symbols)
    return inner.with_phrases(readings) if isinstance(inner, Mandarin) else inner


def _cantonese(symbols: str) -> FrontEnd:
    from GPT_SoVITS.text.cantonese.g2p import Cantonese

    inner = front_end("yue", symbols)
    return inner.keeping("隻\u3400-\u4dbf\U00020000-\U0003134f") if isinstance(inner, Cantonese) else inner


_MAKERS: dict[str, Callable[[str], FrontEnd]] = {"en": _english, "zh": _mandarin, "yue": _cantonese}
_made: dict[tuple[str, str], FrontEnd] = {}
_lock = threading.Lock()


def natural_front_end(language: str, symbols: str) -> FrontEnd:
    """Return the front end of a language for the natural reading; see ``frontend.front_end``.

    Raises:
        UnsupportedLanguageError: the version does not speak the language.
        MissingResourceError: a package of that language is not installed.
    """
    maker = _MAKERS.get(language)
    if maker is None:
        return front_end(language, symbols)
    with _lock:
        key = (language, symbols)
        if key not in _made:
            _made[key] = maker(symbols)
        return _made[key]
